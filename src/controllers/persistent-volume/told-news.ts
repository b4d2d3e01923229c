// What a claim or volume was told last, so that looking again repeats nothing: most looks find what they found before.
import { type KubeObject, keyOf } from '../../api/objects.ts';
import type { EventSink } from '../../client/event-recorder.ts';
import type { Said } from './claim-decision.ts';

const COMPONENT = 'persistentvolume-controller';

export class ToldNews {
  readonly #recorder: EventSink;
  readonly #last = new Map<string, string>();

  constructor(recorder: EventSink) {
    this.#recorder = recorder;
  }

  /** Records an Event, unless the same object was told the same the last time. */
  say(object: KubeObject, said: Said): void {
    const id = object.kind === 'PersistentVolume' ? object.metadata.name : keyOf(object);
    const text = `${object.metadata.uid} ${said.reason} ${said.message}`;
    if (this.#last.get(id) === text) return;
    this.#last.set(id, text);
    this.#recorder.record({ object, ...said, component: COMPONENT });
  }

  /** What is said next is news again. */
  forget(key: string): void {
    this.#last.delete(key);
  }
}
