// Which ports of the board its pods have at present, learnt on the way of the kubelet's reports to the master: a
// pod has them from the moment it has an address until it ends. Holds only pods that ask for host ports.
import { isDeepStrictEqual } from 'node:util';
import type { Pod } from '../../api/objects.ts';
import type { ObservedPod, StatusSink } from '../../kubelet/ports.ts';
import { type HostPort, hostPortsOf } from '../../proxy/host-ports.ts';

export interface HostPortWatchOptions {
  sink: StatusSink;
  /** The pod as it is wanted, by `namespace/name`. */
  podOf(key: string): Pod | undefined;
  onChange(): void;
}

const ENDED = new Set(['Succeeded', 'Failed']);

export class HostPortWatch implements StatusSink {
  readonly #options: HostPortWatchOptions;
  readonly #byPod = new Map<string, HostPort[]>();

  constructor(options: HostPortWatchOptions) {
    this.#options = options;
  }

  current(): HostPort[] {
    return [...this.#byPod.values()].flat();
  }

  report(observed: ObservedPod): void {
    this.#options.sink.report(observed);
    this.#set(observed.key, this.#portsOf(observed));
  }

  forget(key: string): void {
    this.#options.sink.forget(key);
    this.#set(key, []);
  }

  event(event: Parameters<StatusSink['event']>[0]): void {
    this.#options.sink.event(event);
  }

  #portsOf({ key, uid, status, terminated }: ObservedPod): HostPort[] {
    const pod = this.#options.podOf(key);
    const isOver = terminated || ENDED.has(status.phase ?? '');
    if (isOver || !status.podIP || pod?.metadata.uid !== uid) return [];
    return hostPortsOf(pod, status.podIP);
  }

  #set(key: string, ports: HostPort[]): void {
    if (isDeepStrictEqual(this.#byPod.get(key) ?? [], ports)) return;
    if (ports.length > 0) this.#byPod.set(key, ports);
    else this.#byPod.delete(key);
    this.#options.onChange();
  }
}
