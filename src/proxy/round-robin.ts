// Takes endpoints in turn; a connection that is refused goes on with the next in line.
import type { Endpoint } from './endpoint-choice.ts';

export class RoundRobin {
  #endpoints: readonly Endpoint[] = [];
  #next = 0;

  /** The turn goes on where it was, so that a change of one endpoint does not favour the first. */
  replace(endpoints: readonly Endpoint[]): void {
    this.#endpoints = endpoints;
  }

  /** All endpoints, each once, beginning with the one whose turn it is. */
  turn(): Endpoint[] {
    const count = this.#endpoints.length;
    if (count === 0) return [];
    const first = this.#next % count;
    this.#next = first + 1;
    return [...this.#endpoints.slice(first), ...this.#endpoints.slice(0, first)];
  }
}
