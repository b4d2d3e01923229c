// Writers interleaved in generated ways, compared with a model that does one write after the other.
import fc from 'fast-check';
import t from 'tap';
import { LevelStore } from '../../../src/store/level-store.ts';
import type { Entry, StoreEvent } from '../../../src/store/store.ts';
import { MemoryEngine } from '../../support/memory-engine.ts';
import { configMap, configMapKey } from '../../support/store-contract.ts';

interface Step {
  name: string;
  action: 'put' | 'remove' | 'nothing' | 'throw';
  volatile: boolean;
  /** Turns to wait before the next step, so that commits of every size happen. */
  pause: number;
}

const steps = fc.array(
  fc.record({
    name: fc.constantFrom('a', 'b', 'c'),
    action: fc.constantFrom(
      'put' as const,
      'put' as const,
      'remove' as const,
      'nothing' as const,
      'throw' as const,
    ),
    volatile: fc.boolean(),
    pause: fc.integer({ min: 0, max: 3 }),
  }),
  { maxLength: 40 },
);

async function runStep(store: LevelStore, step: Step, model: Map<string, number>): Promise<void> {
  const key = configMapKey(step.name);
  const promise = store.write(
    key,
    (current: Entry | undefined, revision) => {
      if (current?.revision !== model.get(key)) throw new Error(`${key} is not as the model has it`);
      if (step.action === 'throw') throw new Error('refused');
      if (step.action === 'nothing') return undefined;
      if (step.action === 'put') {
        model.set(key, revision);
        return { put: configMap(step.name, {}, revision) };
      }
      model.delete(key);
      return current && { remove: current.value };
    },
    { volatile: step.volatile },
  );
  const checked =
    step.action === 'throw'
      ? promise.catch((e) => (e.message === 'refused' ? undefined : Promise.reject(e)))
      : promise;
  await checked;
}

function replay(events: readonly StoreEvent[]): Map<string, number> {
  const state = new Map<string, number>();
  for (const { type, key, revision } of events) {
    if ((type === 'ADDED') === state.has(key)) throw new Error(`${type} of ${key} does not fit`);
    if (type === 'DELETED') state.delete(key);
    else state.set(key, revision);
  }
  return state;
}

t.test(
  'interleaved writes end as one after the other would, and a watch sees each once, in order',
  async (t) => {
    await fc.assert(
      fc.asyncProperty(steps, async (plan) => {
        const store = new LevelStore({
          engine: new MemoryEngine(),
          onFatal: (error) => {
            throw error;
          },
          revisionBlock: 5,
        });
        await store.start();
        const start = store.revision;
        const events: StoreEvent[] = [];
        store.watch('', start, (e) => events.push(...e));
        const model = new Map<string, number>();
        const running: Promise<void>[] = [];
        for (const step of plan) {
          running.push(runStep(store, step, model));
          for (let turn = 0; turn < step.pause; turn++) await new Promise((resolve) => setImmediate(resolve));
        }
        await Promise.all(running);
        const stored = new Map(store.list('').map((e) => [e.key, e.revision]));
        t.strictSame([...stored].sort(), [...model].sort());
        t.strictSame([...replay(events)].sort(), [...model].sort());
        t.strictSame(
          events.map((e) => e.revision),
          Array.from({ length: events.length }, (_, i) => start + 1 + i),
        );
        t.equal(store.revision, start + events.length);
        await store.stop();
      }),
      { numRuns: 150 },
    );
  },
);
