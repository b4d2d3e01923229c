import t from 'tap';
import { pods } from '../../../src/api/kinds/pod.ts';
import type { Pod } from '../../../src/api/objects.ts';
import { expired, unavailable } from '../../../src/api/status-error.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import type { Client, WatchEvent, WatchOptions } from '../../../src/client/client.ts';
import { Informer } from '../../../src/client/informer.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { makePod } from '../../support/make-pod.ts';
import { quiet } from '../../support/settles.ts';

const at = (name: string, revision: number, uid = `uid-${name}`): Pod => {
  const pod = makePod({ name, uid });
  return { ...pod, metadata: { ...pod.metadata, resourceVersion: String(revision) } };
};

/** A server whose answers the test gives: each list and each watch in turn. */
class ScriptedServer {
  readonly lists: (() => { resourceVersion: string; items: Pod[] })[] = [];
  readonly watchedFrom: (string | undefined)[] = [];
  #waiting: ((step: WatchEvent<Pod> | Error | 'end') => void) | undefined;

  readonly client = {
    list: async () => {
      const next = this.lists.shift();
      if (!next) throw unavailable('no server');
      return next();
    },
    watch: (_kind: unknown, options: WatchOptions) => this.#watch(options),
  } as unknown as Client;

  async send(step: WatchEvent<Pod> | Error | 'end'): Promise<void> {
    this.#waiting?.(step);
    await quiet();
  }

  async *#watch({ resourceVersion, signal }: WatchOptions): AsyncGenerator<WatchEvent<Pod>> {
    this.watchedFrom.push(resourceVersion);
    while (!signal.aborted) {
      const step = await new Promise<WatchEvent<Pod> | Error | 'end'>((resolve) => {
        this.#waiting = resolve;
        signal.addEventListener('abort', () => resolve('end'), { once: true });
      });
      if (step === 'end') return;
      if (step instanceof Error) throw step;
      yield step;
    }
  }
}

async function setUp(items: Pod[]) {
  const server = new ScriptedServer();
  server.lists.push(() => ({ resourceVersion: '10', items }));
  const clock = new FakeClock();
  const informer = new Informer<Pod>({ client: server.client, kind: pods, clock, logger: silentLogger });
  const log: string[] = [];
  const say = (what: string) => (pod: Pod) =>
    void log.push(`${what} ${pod.metadata.name}@${pod.metadata.resourceVersion}`);
  informer.subscribe({ onAdd: say('add'), onUpdate: say('update'), onDelete: say('delete') });
  await informer.start();
  await quiet();
  return { server, clock, informer, log };
}

t.test('handlers hear of what is there, then of every change', async (t) => {
  const { server, informer, log } = await setUp([at('a', 3)]);
  t.teardown(() => informer.stop());
  await server.send({ type: 'ADDED', object: at('b', 11) });
  await server.send({ type: 'MODIFIED', object: at('a', 12) });
  await server.send({ type: 'DELETED', object: at('b', 13) });
  t.same(log, ['add a@3', 'add b@11', 'update a@12', 'delete b@13']);
  t.same(
    informer.lister.list().map(({ metadata }) => metadata.name),
    ['a'],
  );
  t.equal(informer.revision, 13);
});

t.test('a handler that comes late is told of what is known as added', async (t) => {
  const { informer } = await setUp([at('a', 3)]);
  t.teardown(() => informer.stop());
  const late: string[] = [];
  informer.subscribe({ onAdd: ({ metadata }) => void late.push(metadata.name) });
  t.same(late, ['a']);
});

t.test('a handler that fails does not keep others from hearing', async (t) => {
  const { server, informer, log } = await setUp([]);
  t.teardown(() => informer.stop());
  informer.subscribe({
    onAdd: () => {
      throw new Error('mine');
    },
  });
  await server.send({ type: 'ADDED', object: at('a', 11) });
  await server.send({ type: 'ADDED', object: at('b', 12) });
  t.same(log, ['add a@11', 'add b@12']);
});

t.test('a connection that breaks is taken up where it was, after a wait', async (t) => {
  const { server, clock, informer, log } = await setUp([]);
  t.teardown(() => informer.stop());
  await server.send({ type: 'BOOKMARK', object: at('', 20) });
  await server.send(unavailable('gone'));
  t.equal(server.watchedFrom.length, 1);
  await clock.advance(300);
  await quiet();
  t.same(server.watchedFrom, ['10', '20']);
  t.same(log, []);
});

t.test('when history is gone it lists again and what changed meanwhile arrives as changes', async (t) => {
  const { server, clock, informer, log } = await setUp([
    at('same', 3),
    at('changed', 4),
    at('gone', 5),
    at('reborn', 6),
  ]);
  t.teardown(() => informer.stop());
  log.length = 0;
  server.lists.push(() => ({
    resourceVersion: '50',
    items: [at('same', 3), at('changed', 40), at('reborn', 41, 'another'), at('new', 42)],
  }));
  await server.send(expired('too old'));
  await clock.advance(300);
  await quiet();
  t.same(log.sort(), [
    'add new@42',
    'add reborn@41',
    'delete gone@5',
    'delete reborn@6',
    'update changed@40',
  ]);
  t.same(server.watchedFrom, ['10', '50']);
});

t.test('a server that ends every watch at once is not asked in a busy loop', async (t) => {
  const { server, clock, informer } = await setUp([]);
  t.teardown(() => informer.stop());
  for (let i = 0; i < 5; i++) {
    await server.send('end');
    await clock.advance(20);
  }
  t.equal(server.watchedFrom.length, 1);
  await clock.advance(20_000);
  await quiet();
  t.equal(server.watchedFrom.length, 2);
});

t.test('start() waits for a server that is not there yet, and stop() ends that', async (t) => {
  const server = new ScriptedServer();
  const clock = new FakeClock();
  const informer = new Informer<Pod>({ client: server.client, kind: pods, clock, logger: silentLogger });
  const started = informer.start();
  await quiet();
  t.equal(informer.isSynced, false);
  server.lists.push(() => ({ resourceVersion: '1', items: [] }));
  await clock.advance(300);
  await started;
  t.equal(informer.isSynced, true);
  await informer.stop();

  const never = new Informer<Pod>({
    client: new ScriptedServer().client,
    kind: pods,
    clock,
    logger: silentLogger,
  });
  const starting = never.start();
  await quiet();
  await never.stop();
  await starting;
  t.equal(never.isSynced, false);
});
