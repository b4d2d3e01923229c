// Keeps one listening socket for each way into each Service port, and tells the network which local port stands
// for which address. A port that is taken harms no other Service and is tried again.
import { isIPv6 } from 'node:net';
import type { Clock, Timer } from '../base/clock.ts';
import type { Component } from '../base/component.ts';
import type { Logger } from '../base/logger.ts';
import { type IsInside, insideOf } from './admission.ts';
import { Backends } from './backends.ts';
import { ConnectionRoom } from './connection-room.ts';
import { DataPath } from './data-path.ts';
import { type Forwarder, type ForwarderPlan, planForwarders, type Refusal } from './forwarder-plan.ts';
import type { Front } from './front.ts';
import { GoneEndpoints } from './gone-endpoints.ts';
import { HealthChecks } from './health-checks.ts';
import type { HostPort } from './host-ports.ts';
import { type KernelForwarding, type KernelMode, type KernelPort, planKernelPorts } from './kernel-ports.ts';
import { LimitReports } from './limit-reports.ts';
import { Listener } from './listener.ts';
import { LocalPorts } from './local-ports.ts';
import { RefusalLedger } from './refusal-ledger.ts';
import type { ServiceFigures } from './service-load.ts';
import type { ServiceView, TrafficPolicy } from './service-view.ts';
import { UdpListener } from './udp-listener.ts';

/** Address and port of a Service, and the local port that forwards it. */
export interface VirtualPort {
  /** 0.0.0.0 = every address of the board, and :: every one of IPv6. */
  ip: string;
  protocol: 'tcp' | 'udp';
  port: number;
  localPort: number;
  /** For the LAN too, not only for pods and the board. */
  isOpen?: boolean;
  /** Leads nowhere: nobody serves those who come. Pods and the board itself are no outsiders. */
  refuses?: 'everybody' | 'outsiders';
}

export interface ProxierOptions {
  /** The board's own address for ClusterIP listeners. */
  listenAddress: string;
  /** Called with all of them whenever they change; `kernel` only where the kernel is to forward. */
  onVirtualPorts(ports: readonly VirtualPort[], kernel?: KernelForwarding): void;
  /**
   * Called for each port that cannot be forwarded, and for clients that are turned away because there are too many: again
   * when the reason changes, and while it lasts.
   */
  onRefusal(refusal: Refusal): void;
  /** What an earlier agent's rules lead to local ports still, asked at the start; absent = nothing. */
  formerPorts?(): Promise<readonly VirtualPort[]>;
  /** How many the process may have; absent = any number. */
  openFiles?: number;
  clock: Clock;
  logger: Logger;
}

/** All that is to be forwarded. */
export interface ProxyInput {
  services: readonly ServiceView[];
  hostPorts: readonly HostPort[];
  /** The board's addresses on the LAN. */
  boardAddresses: readonly string[];
  /** Those of the cluster's other boards. */
  otherBoards?: readonly string[];
  /** CIDRs or addresses of pods and of the board itself, as of now, besides `boardAddresses`. */
  insideRanges: readonly string[];
  /** The board's own for the Services' IPv6 addresses, where it has such. */
  listenAddressV6?: string | undefined;
  /** What the kernel forwards by itself, as far as it can; absent = nothing. */
  inKernel?: KernelMode;
}

const RETRY_TAKEN_PORT_MS = 10_000;

export class Proxier implements Component {
  readonly #options: ProxierOptions;
  readonly #fronts = new Map<string, { front: Front; backendId: string }>();
  readonly #backends: Backends;
  /** Closed ones whose connections still live, with what they lead to. */
  readonly #retired = new Set<{ front: Front; backendId: string }>();
  readonly #refusals = new RefusalLedger();
  readonly #gone = new GoneEndpoints();
  readonly #healthChecks = new HealthChecks();
  readonly #localPorts = { tcp: new LocalPorts('tcp'), udp: new LocalPorts('udp') };
  readonly #dataPath: DataPath;
  #input: ProxyInput = { services: [], hostPorts: [], boardAddresses: [], insideRanges: [] };
  #isInside: IsInside = () => false;
  #announced = '[]';
  #work: Promise<void> = Promise.resolve();
  #retry: Timer | undefined;
  #stopped = false;

  constructor(options: ProxierOptions) {
    this.#options = options;
    this.#dataPath = new DataPath(options.clock);
    const room = new ConnectionRoom(options.openFiles);
    const reports = new LimitReports(room, options.clock, (refusal) => this.#tellOne(refusal));
    this.#backends = new Backends(room, (...crowd) => reports.turnedAway(...crowd));
  }

  async start(): Promise<void> {
    this.#stopped = false;
    const former = (await this.#options.formerPorts?.()) ?? [];
    for (const localPorts of Object.values(this.#localPorts)) localPorts.adopt(former);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#retry?.cancel();
    await this.#work;
    this.#healthChecks.stop();
    for (const { front } of this.#fronts.values()) front.close();
    for (const { front } of [...this.#fronts.values(), ...this.#retired]) front.destroyConnections();
    this.#fronts.clear();
    this.#retired.clear();
    this.#backends.clear();
    this.#dataPath.stop();
  }

  /** Of Services alone, by `namespace/name`: since the proxy forwards them on this board. */
  counters(): Map<string, ServiceFigures> {
    return this.#backends.figures();
  }

  /** Makes the sockets match the complete set; resolves when they do. */
  update(input: ProxyInput): Promise<void> {
    this.#input = input;
    this.#isInside = insideOf([...input.insideRanges, ...input.boardAddresses]);
    this.#work = this.#work.then(() => this.#reconcile());
    return this.#work;
  }

  async #reconcile(): Promise<void> {
    if (this.#stopped) return;
    const plan = planForwarders({ ...this.#input, listenAddress: this.#options.listenAddress });
    const gone = this.#backends.replace(plan.backends);
    this.#closeGone(plan.forwarders);
    const failures = await this.#openMissing(plan.forwarders);
    for (const [backendId, endpoints] of gone) this.#endConnections(backendId, endpoints);
    this.#backends.forgetIdle(plan.backends, this.#busyBackends());
    failures.push(...(await this.#healthChecks.update(this.#input.services)));
    this.#tell([...plan.refusals, ...failures]);
    this.#announce(this.#virtualPorts(plan.forwarders), this.#kernelForwarding(plan, gone));
    this.#retry?.cancel();
    if (failures.length > 0) {
      this.#retry = this.#options.clock.after(RETRY_TAKEN_PORT_MS, () => void this.update(this.#input));
    }
  }

  #endConnections(backendId: string, endpoints: readonly string[]): void {
    for (const entry of [...this.#fronts.values(), ...this.#retired]) {
      if (entry.backendId === backendId) for (const id of endpoints) entry.front.endConnectionsTo(id);
    }
  }

  #closeGone(forwarders: ReadonlyMap<string, Forwarder>): void {
    for (const entry of this.#retired) if (entry.front.isIdle) this.#retired.delete(entry);
    for (const [id, entry] of this.#fronts) {
      if (forwarders.get(id)?.backendId === entry.backendId) continue;
      entry.front.close();
      this.#fronts.delete(id);
      this.#retired.add(entry);
    }
  }

  #busyBackends(): Set<string> {
    return new Set([...this.#retired].map(({ backendId }) => backendId));
  }

  async #openMissing(forwarders: ReadonlyMap<string, Forwarder>): Promise<Refusal[]> {
    const failures: Refusal[] = [];
    for (const forwarder of forwarders.values()) {
      const existing = this.#fronts.get(forwarder.id);
      if (existing) existing.front.replace(forwarder);
      else failures.push(...(await this.#open(forwarder)));
    }
    return failures;
  }

  async #open(forwarder: Forwarder): Promise<Refusal[]> {
    const backend = this.#backends.get(forwarder.backendId);
    if (!backend) throw new Error(`no backend ${forwarder.backendId}`);
    const { clock } = this.#options;
    const listenAddress = this.#listenAddressFor(forwarder);
    const isInside: IsInside = (address) => this.#isInside(address);
    const { protocol } = forwarder;
    const localPorts = this.#localPorts[protocol];
    const options = { forwarder, backend, listenAddress, localPorts, isInside, clock };
    const front =
      protocol === 'udp' ? new UdpListener(options) : new Listener({ ...options, dataPath: this.#dataPath });
    try {
      await front.open();
      this.#fronts.set(forwarder.id, { front, backendId: forwarder.backendId });
      return [];
    } catch (error) {
      return [toRefusal(forwarder, error as NodeJS.ErrnoException)];
    }
  }

  #listenAddressFor({ host }: Forwarder): string {
    const second = isIPv6(host) ? this.#input.listenAddressV6 : undefined;
    return second ?? this.#options.listenAddress;
  }

  /**
   * A Service's own address without an endpoint is left out: the network refuses its connections, as a closed port does.
   * Of ways that the LAN has as well it must be told.
   */
  #virtualPorts(forwarders: ReadonlyMap<string, Forwarder>): VirtualPort[] {
    return [...forwarders.values()].flatMap((forwarder) => {
      const front = this.#fronts.get(forwarder.id)?.front;
      const backend = this.#backends.get(forwarder.backendId);
      if (!front || !backend) return [];
      const { protocol, virtual, insiders } = forwarder;
      const isLed = virtual && backend.takesTraffic(insiders);
      const led = isLed ? [{ ...virtual, protocol, localPort: front.port }] : [];
      return [...led, ...refusedPorts(forwarder, (policy) => backend.takesTraffic(policy))];
    });
  }

  #kernelForwarding(plan: ForwarderPlan, gone: readonly [string, string[]][]): KernelForwarding | undefined {
    const { inKernel, listenAddressV6 } = this.#input;
    if (!inKernel) return undefined;
    for (const [, endpoints] of gone) this.#gone.add(endpoints);
    const planned = planKernelPorts(plan, inKernel);
    const families = ['IPv4', ...(listenAddressV6 ? (['IPv6'] as const) : [])] as const;
    return { families, ports: this.#openPorts(planned), gone: this.#gone.current(plan.backends.values()) };
  }

  /** Each has its socket too: it keeps the port, which may be another program's, and serves whom the kernel leaves. */
  #openPorts(planned: ReadonlyMap<string, readonly KernelPort[]>): KernelPort[] {
    return [...planned].flatMap(([id, ports]) => (this.#fronts.has(id) ? ports : []));
  }

  #announce(ports: readonly VirtualPort[], kernel: KernelForwarding | undefined): void {
    const text = JSON.stringify(kernel ? [ports, kernel] : ports);
    if (text === this.#announced) return;
    this.#announced = text;
    this.#options.onVirtualPorts(ports, kernel);
  }

  #tell(refusals: readonly Refusal[]): void {
    const news = this.#refusals.news(refusals, this.#options.clock.monotonicMs());
    for (const refusal of news) this.#tellOne(refusal);
  }

  #tellOne(refusal: Refusal): void {
    const { subject, reason, message } = refusal;
    this.#options.logger.warn({ of: `${subject.kind} ${subject.key}`, reason }, message);
    this.#options.onRefusal(refusal);
  }
}

function refusedPorts(
  { protocol, host, port, virtual, insiders, outsiders }: Forwarder,
  isServed: (policy: TrafficPolicy) => boolean,
): VirtualPort[] {
  if ((virtual && !virtual.isOpen) || isServed(outsiders)) return [];
  const refuses = isServed(insiders) ? 'outsiders' : 'everybody';
  const at = virtual ? { ip: virtual.ip, port: virtual.port } : { ip: host, port };
  return [{ ...at, protocol, localPort: 0, isOpen: true, refuses }];
}

function toRefusal({ subject, port, host, protocol }: Forwarder, error: NodeJS.ErrnoException): Refusal {
  const name = `port ${port}/${protocol.toUpperCase()}`;
  return error.code === 'EADDRINUSE'
    ? { subject, reason: 'PortInUse', message: `${name} of this board is in use by another program` }
    : { subject, reason: 'ListenFailed', message: `cannot listen on ${host}, ${name}: ${error.message}` };
}
