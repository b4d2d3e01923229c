// How much a Service carries on this board: its counters, and the limits that keep one Service from taking all.
import { ConnectionRoom } from './connection-room.ts';

export interface ServiceCounters {
  /** TCP connections and UDP flows that live. */
  active: number;
  accepted: number;
  /** Turned away at the limit of the Service, or, for UDP, of the board. */
  overLimit: number;
  /** Turned away because their source is not among `loadBalancerSourceRanges`. */
  forbidden: number;
  /** No endpoint took them. */
  failed: number;
  /** From clients, and to them. */
  receivedBytes: number;
  sentBytes: number;
}

/** What `counters()` tells of a Service. */
export interface ServiceFigures extends ServiceCounters {
  endpoints: readonly EndpointCount[];
}

export interface EndpointCount {
  protocol: 'tcp' | 'udp';
  /** Of the Service. */
  port: number;
  /** `ip:port` */
  endpoint: string;
  /** Connections and UDP flows so far. */
  total: number;
}

/** What somebody was turned away for: the Service's own limit, the board's, or that of the flows of a UDP port. */
export type Limit = 'service' | 'board' | 'flows';

export class ServiceLoad {
  readonly #room: ConnectionRoom;
  readonly #onRefused: (limit: Limit) => void;
  readonly counters: ServiceCounters = {
    active: 0,
    accepted: 0,
    overLimit: 0,
    forbidden: 0,
    failed: 0,
    receivedBytes: 0,
    sentBytes: 0,
  };
  #maxConnections = Number.POSITIVE_INFINITY;

  /** `onRefused` is called for each. */
  constructor(room = new ConnectionRoom(), onRefused: (limit: Limit) => void = () => undefined) {
    this.#room = room;
    this.#onRefused = onRefused;
  }

  /** `undefined` = none of its own. */
  get maxConnections(): number | undefined {
    return Number.isFinite(this.#maxConnections) ? this.#maxConnections : undefined;
  }

  /** Those that exist live on when there are more than a new limit allows. */
  limit(maxConnections: number | undefined): void {
    this.#maxConnections = maxConnections ?? Number.POSITIVE_INFINITY;
  }

  /** False: no more at present. */
  enter(): boolean {
    const { counters } = this;
    if (counters.active >= this.#maxConnections) return this.refuse('service');
    if (!this.#room.take(counters.active)) return this.refuse('board');
    counters.active += 1;
    counters.accepted += 1;
    return true;
  }

  /** Counts who was turned away. Returns false. */
  refuse(limit: Limit): false {
    this.counters.overLimit += 1;
    this.#onRefused(limit);
    return false;
  }

  leave(receivedBytes: number, sentBytes: number): void {
    const { counters } = this;
    this.#room.giveBack();
    counters.active -= 1;
    counters.receivedBytes += receivedBytes;
    counters.sentBytes += sentBytes;
  }
}
