// The cluster's DNS on one board, whole: names of the cluster from the Services that the board knows, all others from
// the board's own servers. It needs nobody else to answer, so it goes on when master and uplink are gone.
import type { BoardService } from '../api/board-service.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { Component } from '../base/component.ts';
import type { Logger } from '../base/logger.ts';
import { AnswerCache } from './answer-cache.ts';
import { ClusterZone } from './cluster-zone.ts';
import { DnsServer } from './dns-server.ts';
import { Forwarder } from './forwarder.ts';
import { Responder } from './responder.ts';
import { exchange, type Upstream } from './upstream-exchange.ts';

export interface ClusterDnsOptions {
  host: string;
  /** 0 = any free one. */
  port: number;
  /** Tried before that, so that clients that keep talking find it again. */
  preferredPorts?: readonly number[];
  domain: string;
  ownsAddress(ip: string): boolean;
  /** Called whenever it has begun to listen, with the port of UDP and TCP alike. */
  onListening(port: number): void;
  upstreams(): Promise<readonly Upstream[]>;
  clock: Clock;
  logger: Logger;
}

/** Some 300 bytes each. */
const REMEMBERED_ANSWERS = 1000;
const RETRY_MS = 10_000;

export class ClusterDns implements Component {
  readonly #options: ClusterDnsOptions;
  readonly #zone: ClusterZone;
  readonly #server: DnsServer;
  #opening: Promise<void> = Promise.resolve();
  #retry: Timer | undefined;

  constructor(options: ClusterDnsOptions) {
    this.#options = options;
    const { host, port, preferredPorts = [], domain, ownsAddress, upstreams, clock, logger } = options;
    this.#zone = new ClusterZone({ domain, ownsAddress });
    const cache = new AnswerCache(clock, REMEMBERED_ANSWERS);
    const forwarder = new Forwarder({ upstreams, exchange, cache, clock });
    const responder = new Responder({ zone: this.#zone, forwarder, domain, clock });
    const answer: Responder['answer'] = (query, transport) => responder.answer(query, transport);
    this.#server = new DnsServer({ host, port, preferredPorts, answer, logger });
  }

  /** Resolves also when the board's address is not there yet: then it is tried again. */
  start(): Promise<void> {
    this.#opening = this.#open();
    return this.#opening;
  }

  async stop(): Promise<void> {
    this.#retry?.cancel();
    await this.#opening;
    this.#retry?.cancel();
    await this.#server.stop();
  }

  async #open(): Promise<void> {
    const { clock, logger, onListening } = this.#options;
    try {
      await this.#server.start();
      onListening(this.#server.port);
    } catch (error) {
      logger.warn({ err: error }, 'the cluster DNS cannot listen, tried again');
      this.#retry = clock.after(RETRY_MS, () => void this.start());
    }
  }

  /** The complete set, by `namespace/name`. */
  update(services: ReadonlyMap<string, BoardService>): void {
    this.#zone.update(services);
  }
}
