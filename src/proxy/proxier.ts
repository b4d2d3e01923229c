// Keeps one listening socket for each NodePort and each ClusterIP port, and tells the network which local
// port stands for which ClusterIP. A port that is taken harms no other Service and is tried again.
import type { Clock, Timer } from '../base/clock.ts';
import type { Component } from '../base/component.ts';
import type { Logger } from '../base/logger.ts';
import { DataPath } from './data-path.ts';
import { type Forwarder, planForwarders, type Refusal } from './forwarder-plan.ts';
import { Listener } from './listener.ts';
import { countsByService } from './service-counts.ts';
import type { ServiceView } from './service-view.ts';
import type { ServiceCounts } from './thread-messages.ts';

/** Address and port of a Service, and the local port that forwards it. */
export interface VirtualPort {
  ip: string;
  protocol: 'tcp' | 'udp';
  port: number;
  localPort: number;
}

export interface ProxierOptions {
  /** The board's own address for ClusterIP listeners. */
  listenAddress: string;
  /** Called with all of them whenever they change. */
  onVirtualPorts(ports: readonly VirtualPort[]): void;
  /** Called once for each Service port that cannot be forwarded, and again when the reason changes. */
  onRefusal(refusal: Refusal): void;
  clock: Clock;
  logger: Logger;
}

const RETRY_TAKEN_PORT_MS = 10_000;

export class Proxier implements Component {
  readonly #options: ProxierOptions;
  readonly #dataPath: DataPath;
  readonly #listeners = new Map<string, Listener>();
  /** Closed ones whose connections still live. */
  readonly #retired = new Set<Listener>();
  readonly #refused = new Set<string>();
  #services: readonly ServiceView[] = [];
  #announced = '[]';
  #work: Promise<void> = Promise.resolve();
  #retry: Timer | undefined;
  #stopped = false;

  constructor(options: ProxierOptions) {
    this.#options = options;
    this.#dataPath = new DataPath(options.clock);
  }

  async start(): Promise<void> {
    this.#stopped = false;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#retry?.cancel();
    await this.#work;
    for (const listener of this.#listeners.values()) listener.close();
    for (const listener of [...this.#listeners.values(), ...this.#retired]) listener.destroyConnections();
    this.#listeners.clear();
    this.#retired.clear();
    this.#dataPath.stop();
  }

  /** Makes the sockets match the complete set of Services; resolves when they do. */
  update(services: readonly ServiceView[]): Promise<void> {
    this.#services = services;
    this.#work = this.#work.then(() => this.#reconcile());
    return this.#work;
  }

  /** Of every Service that has ports open, since they were opened. */
  counts(): ServiceCounts[] {
    return countsByService(this.#listeners.values());
  }

  async #reconcile(): Promise<void> {
    if (this.#stopped) return;
    const { forwarders, refusals } = planForwarders(this.#services, this.#options.listenAddress);
    this.#closeGone(forwarders);
    const failures = this.#openMissing(forwarders);
    this.#tell([...refusals, ...failures]);
    this.#announce(this.#virtualPorts(forwarders));
    this.#retry?.cancel();
    if (failures.length > 0) {
      this.#retry = this.#options.clock.after(RETRY_TAKEN_PORT_MS, () => void this.update(this.#services));
    }
  }

  #closeGone(forwarders: ReadonlyMap<string, Forwarder>): void {
    for (const listener of this.#retired) if (listener.isIdle) this.#retired.delete(listener);
    for (const [id, listener] of this.#listeners) {
      if (forwarders.has(id)) continue;
      listener.close();
      this.#listeners.delete(id);
      this.#retired.add(listener);
    }
  }

  #openMissing(forwarders: ReadonlyMap<string, Forwarder>): Refusal[] {
    const failures: Refusal[] = [];
    for (const forwarder of forwarders.values()) {
      const existing = this.#listeners.get(forwarder.id);
      if (existing) existing.replaceEndpoints(forwarder);
      else failures.push(...this.#open(forwarder));
    }
    return failures;
  }

  #open(forwarder: Forwarder): Refusal[] {
    const listener = new Listener(forwarder, this.#dataPath);
    try {
      listener.open();
      this.#listeners.set(forwarder.id, listener);
      return [];
    } catch (error) {
      return [toRefusal(forwarder, error as NodeJS.ErrnoException)];
    }
  }

  #virtualPorts(forwarders: ReadonlyMap<string, Forwarder>): VirtualPort[] {
    return [...forwarders.values()].flatMap(({ id, virtual }) => {
      const listener = this.#listeners.get(id);
      return virtual && listener ? [{ ...virtual, protocol: 'tcp', localPort: listener.port }] : [];
    });
  }

  #announce(ports: readonly VirtualPort[]): void {
    const text = JSON.stringify(ports);
    if (text === this.#announced) return;
    this.#announced = text;
    this.#options.onVirtualPorts(ports);
  }

  #tell(refusals: readonly Refusal[]): void {
    const current = new Map(refusals.map((refusal) => [`${refusal.serviceKey} ${refusal.message}`, refusal]));
    for (const id of this.#refused) if (!current.has(id)) this.#refused.delete(id);
    for (const [id, refusal] of current) {
      if (this.#refused.has(id)) continue;
      this.#refused.add(id);
      this.#options.logger.warn({ service: refusal.serviceKey, reason: refusal.reason }, refusal.message);
      this.#options.onRefusal(refusal);
    }
  }
}

function toRefusal({ serviceKey, port, host }: Forwarder, error: NodeJS.ErrnoException): Refusal {
  return error.code === 'EADDRINUSE'
    ? { serviceKey, reason: 'PortInUse', message: `port ${port} of this board is in use by another program` }
    : { serviceKey, reason: 'ListenFailed', message: `cannot listen on ${host}:${port}: ${error.message}` };
}
