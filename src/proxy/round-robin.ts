// Takes endpoints in turn; a connection that is refused goes on with the next in line.
export class RoundRobin<E> {
  #endpoints: readonly E[] = [];
  #next = 0;

  /** The turn goes on where it was, so that a change of one endpoint does not favour the first. */
  replace(endpoints: readonly E[]): void {
    this.#endpoints = endpoints;
  }

  /** All endpoints, each once, beginning with the one whose turn it is. */
  turn(): readonly E[] {
    const all = this.#endpoints;
    if (all.length < 2) return all;
    const first = this.#next % all.length;
    this.#next = first + 1;
    return first === 0 ? all : [...all.slice(first), ...all.slice(0, first)];
  }
}
