// Values under topics, kept as a tree of levels, so that a filter walks only the branches it can match.

interface Branch<T> {
  children: Map<string, Branch<T>>;
  value: T | undefined;
}

const newBranch = <T>(): Branch<T> => ({ children: new Map(), value: undefined });

/** One value per topic, found again by topic or by MQTT filter (MQTT 3.1.1, 4.7). */
export class TopicTree<T> {
  readonly #root: Branch<T> = newBranch();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(topic: string): T | undefined {
    let branch: Branch<T> | undefined = this.#root;
    for (const level of topic.split('/')) branch = branch?.children.get(level);
    return branch?.value;
  }

  set(topic: string, value: T): void {
    let branch = this.#root;
    for (const level of topic.split('/')) {
      const child = branch.children.get(level) ?? newBranch<T>();
      branch.children.set(level, child);
      branch = child;
    }
    if (branch.value === undefined) this.#size += 1;
    branch.value = value;
  }

  delete(topic: string): void {
    const levels = topic.split('/');
    const path = [this.#root];
    for (const level of levels) {
      const child = path.at(-1)?.children.get(level);
      if (!child) return;
      path.push(child);
    }
    const last = path.at(-1);
    if (last?.value === undefined) return;
    last.value = undefined;
    this.#size -= 1;
    prune(path, levels);
  }

  /** Values whose topic the filter matches. Reads the tree as it is when each value is taken. */
  *match(filter: string): Generator<T> {
    const levels = filter.split('/');
    yield* walk(this.#root, levels, 0);
  }
}

/** Branches that hold nothing go, or a cluster that lives for years would keep every name it ever had. */
function prune<T>(path: Branch<T>[], levels: string[]): void {
  for (let depth = path.length - 1; depth > 0; depth -= 1) {
    const branch = path[depth];
    const level = levels[depth - 1];
    if (!branch || level === undefined || branch.value !== undefined || branch.children.size > 0) return;
    path[depth - 1]?.children.delete(level);
  }
}

function* walk<T>(branch: Branch<T>, filter: string[], depth: number): Generator<T> {
  if (depth === filter.length) {
    if (branch.value !== undefined) yield branch.value;
    return;
  }
  const level = filter[depth];
  if (level === '#') yield* below(branch, depth === 0);
  else if (level === '+') yield* eachChild(branch, filter, depth);
  else {
    const child = branch.children.get(level ?? '');
    if (child) yield* walk(child, filter, depth + 1);
  }
}

function* eachChild<T>(branch: Branch<T>, filter: string[], depth: number): Generator<T> {
  for (const [level, child] of branch.children) {
    if (depth === 0 && isReserved(level)) continue;
    yield* walk(child, filter, depth + 1);
  }
}

/** `a/#` matches `a` itself too (MQTT 3.1.1, 4.7.1.2). */
function* below<T>(branch: Branch<T>, isRoot: boolean): Generator<T> {
  if (branch.value !== undefined) yield branch.value;
  for (const [level, child] of branch.children) {
    if (isRoot && isReserved(level)) continue;
    yield* below(child, false);
  }
}

/** A wildcard in the first level does not match `$SYS` and its like (MQTT 3.1.1, 4.7.2). */
function isReserved(level: string): boolean {
  return level.startsWith('$');
}
