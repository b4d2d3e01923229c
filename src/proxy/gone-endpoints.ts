// Endpoints whose pods are no more, for boards whose kernel forwards: it knows nothing of pods, and would send to them
// on for as long as their clients talk. Bounded; one that is there again is forgotten.
import { type Endpoint, endpointId } from './endpoint-choice.ts';
import type { BackendPlan } from './forwarder-plan.ts';

/** Clients have spoken, or given up, long before so many pods have gone. */
const MAX_GONE = 512;

export class GoneEndpoints {
  /** By their ids, the longest gone first. */
  readonly #gone = new Map<string, Endpoint>();

  /** `ids` are of the form `ip:port`, or `[ip]:port`. */
  add(ids: readonly string[]): void {
    for (const id of ids) {
      const [, ip = '', port] = /^\[?(.*?)\]?:(\d+)$/.exec(id) ?? [];
      this.#gone.delete(id);
      this.#gone.set(id, { ip, port: Number(port) });
    }
    for (const id of this.#gone.keys()) if (this.#gone.size > MAX_GONE) this.#gone.delete(id);
  }

  /** Those that are gone now, given all backends that there are. */
  current(backends: Iterable<BackendPlan>): Endpoint[] {
    for (const { endpoints } of backends) {
      for (const id of endpoints.present) this.#gone.delete(id);
      for (const endpoint of endpoints.cluster) this.#gone.delete(endpointId(endpoint));
    }
    return [...this.#gone.values()];
  }
}
