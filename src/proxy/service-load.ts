// How much a Service carries on this board: its counters, and the limit that keeps one Service from taking all.

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

export class ServiceLoad {
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

  /** Those that exist live on when there are more than a new limit allows. */
  limit(maxConnections: number | undefined): void {
    this.#maxConnections = maxConnections ?? Number.POSITIVE_INFINITY;
  }

  /** False: no more at present. */
  enter(): boolean {
    const { counters } = this;
    if (counters.active >= this.#maxConnections) {
      counters.overLimit += 1;
      return false;
    }
    counters.active += 1;
    counters.accepted += 1;
    return true;
  }

  leave(receivedBytes: number, sentBytes: number): void {
    const { counters } = this;
    counters.active -= 1;
    counters.receivedBytes += receivedBytes;
    counters.sentBytes += sentBytes;
  }
}
