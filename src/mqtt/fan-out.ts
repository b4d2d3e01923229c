// Hands every message to all whose filter matches, in the order of publishing. A publisher never waits for a
// subscriber: a slow one is the backlog limit's business, so one frozen client cannot stall the others.
import type { AedesPublishPacket } from 'aedes';

export type Deliver = (packet: AedesPublishPacket, done: () => void) => void;

interface Branch {
  children: Map<string, Branch>;
  listeners: Set<Deliver>;
}

const newBranch = (): Branch => ({ children: new Map(), listeners: new Set() });
const ignore = () => {};

/** What aedes takes as its `mq`: the four calls it makes of mqemitter. */
export class FanOut {
  readonly #root = newBranch();
  #order = 0;

  /** Messages handed out since the start. */
  get count(): number {
    return this.#order;
  }

  on(filter: string, deliver: Deliver, done?: () => void): this {
    let branch = this.#root;
    for (const level of filter.split('/')) {
      const child = branch.children.get(level) ?? newBranch();
      branch.children.set(level, child);
      branch = child;
    }
    branch.listeners.add(deliver);
    if (done) setImmediate(done);
    return this;
  }

  removeListener(filter: string, deliver: Deliver, done?: () => void): this {
    const path = [this.#root];
    const levels = filter.split('/');
    for (const level of levels) {
      const child = path.at(-1)?.children.get(level);
      if (!child) break;
      path.push(child);
    }
    if (path.length === levels.length + 1) {
      path.at(-1)?.listeners.delete(deliver);
      prune(path, levels);
    }
    if (done) setImmediate(done);
    return this;
  }

  emit(packet: AedesPublishPacket, done?: () => void): this {
    // aedes numbers a packet before it is stored and drops what arrives below the last number it forwarded
    // to a client. Storing takes a turn, so a retained message could be overtaken and lost: number it here.
    this.#order += 1;
    packet.brokerCounter = this.#order;
    const found: Deliver[] = [];
    collect(this.#root, packet.topic.split('/'), 0, found);
    for (const deliver of found) deliver(packet, ignore);
    if (done) setImmediate(done);
    return this;
  }

  close(done?: () => void): this {
    this.#root.children.clear();
    if (done) setImmediate(done);
    return this;
  }
}

function prune(path: Branch[], levels: string[]): void {
  for (let depth = path.length - 1; depth > 0; depth -= 1) {
    const branch = path[depth];
    if (!branch || branch.listeners.size > 0 || branch.children.size > 0) return;
    path[depth - 1]?.children.delete(levels[depth - 1] ?? '');
  }
}

function collect(branch: Branch, levels: string[], depth: number, into: Deliver[]): void {
  const rest = branch.children.get('#');
  if (rest) into.push(...rest.listeners);
  if (depth === levels.length) {
    into.push(...branch.listeners);
    return;
  }
  for (const level of [levels[depth] ?? '', '+']) {
    const child = branch.children.get(level);
    if (child) collect(child, levels, depth + 1, into);
  }
}
