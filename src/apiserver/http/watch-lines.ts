// What watchers share: an event that many see alike is made into bytes once, and when many are to be told at the same
// moment they are told in groups, with whatever else came in between: a thousand watchers hold up no request.
import type { KubeObject } from '../../api/objects.ts';

/** So many events are remembered: those of a moment, not the store a second time. */
const MAX_KEPT = 16;
const MAX_KEPT_BYTES = 256 * 1024;
/** About a millisecond's work. */
const GROUP_SIZE = 32;

/** How objects are shown. */
export interface ShownForm {
  /** The same for all watchers to whom an object looks the same. */
  readonly name: string;
  present(object: KubeObject): unknown;
}

export const asStored: ShownForm = { name: '', present: (object) => object };

/** One watch event as its watchers read it. */
export const lineOf = (type: string, object: unknown): Buffer =>
  Buffer.from(`${JSON.stringify({ type, object })}\n`);

export class WatchLines {
  /** By object, then by type and form: objects that are stored are never changed. Oldest first. */
  readonly #kept = new Map<KubeObject, Map<string, Buffer>>();
  readonly #waiting: (() => void)[] = [];
  #keptBytes = 0;
  /** In this turn of the loop. */
  #toldNow = 0;
  #isTurnAwaited = false;

  /** The line of an object in a form; as it is, unless said. */
  line(type: string, object: KubeObject, form = asStored): Buffer {
    const name = `${type} ${form.name}`;
    const known = this.#kept.get(object)?.get(name);
    if (known) return known;
    const line = lineOf(type, form.present(object));
    this.#keep(object, name, line);
    return line;
  }

  /** To be awaited before events are written, when it gives something: others go first. */
  turn(): Promise<void> | undefined {
    this.#awaitNextTurn();
    if (this.#waiting.length > 0 || this.#toldNow === GROUP_SIZE) {
      return new Promise((resolve) => this.#waiting.push(resolve));
    }
    this.#toldNow++;
    return undefined;
  }

  #keep(object: KubeObject, name: string, line: Buffer): void {
    if (line.length > MAX_KEPT_BYTES) return;
    const ofObject = this.#kept.get(object) ?? new Map<string, Buffer>();
    this.#kept.set(object, ofObject.set(name, line));
    this.#keptBytes += line.length;
    for (const [oldest, lines] of this.#kept) {
      if (this.#kept.size <= MAX_KEPT && this.#keptBytes <= MAX_KEPT_BYTES) return;
      this.#kept.delete(oldest);
      for (const { length } of lines.values()) this.#keptBytes -= length;
    }
  }

  /** What came in meanwhile is read before the next group. */
  #awaitNextTurn(): void {
    if (this.#isTurnAwaited) return;
    this.#isTurnAwaited = true;
    setImmediate(() => {
      this.#isTurnAwaited = false;
      const group = this.#waiting.splice(0, GROUP_SIZE);
      this.#toldNow = group.length;
      if (group.length > 0) this.#awaitNextTurn();
      for (const go of group) go();
    });
  }
}
