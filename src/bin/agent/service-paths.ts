// The ways of this board's traffic, joined: pod network, names, Services, host ports and Ingress. Kept as the master
// last told them, and brought up to date whenever one of them changes.
import { type BoardService, clusterIPsOf } from '../../api/board-service.ts';
import type { Secret } from '../../api/objects.ts';
import { dnsAddressOf } from '../../base/cluster-network.ts';
import type { Component } from '../../base/component.ts';
import { isInRange } from '../../base/ip.ts';
import { ownAddresses } from '../../base/lan-addresses.ts';
import type { Metric } from '../../base/metrics/metric.ts';
import { openFileLimit } from '../../base/open-files.ts';
import { ClusterDns } from '../../dns/cluster-dns.ts';
import { HostUpstreams } from '../../dns/host-upstreams.ts';
import type { AgentLink } from '../../mqtt/agent-link.ts';
import { boardHasIpv6 } from '../../network/board-ipv6.ts';
import {
  type DesiredIpv6,
  type DesiredNetwork,
  SERVICE_LISTEN_ADDRESS,
} from '../../network/board-network.ts';
import { systemCommands } from '../../network/command-runner.ts';
import { NodeNetwork } from '../../network/node-network.ts';
import type { HostPort } from '../../proxy/host-ports.ts';
import type { KernelForwarding } from '../../proxy/kernel-ports.ts';
import { lastingPorts } from '../../proxy/lasting-ports.ts';
import { Proxier, type ProxierOptions, type VirtualPort } from '../../proxy/proxier.ts';
import { ProxyThread } from '../../proxy/proxy-thread.ts';
import { serviceView } from '../../proxy/service-view.ts';
import { AgentIngress } from './agent-ingress.ts';
import { type AgentOptions, BRIDGE, CLUSTER_DOMAIN } from './agent-options.ts';
import { boardForwarding, boardIpv6, boardPortReuse, boardTracking } from './agent-runtime.ts';
import { BoardKernel } from './board-kernel.ts';
import { NetworkReport } from './network-report.ts';

type Settings = Pick<
  AgentOptions,
  'nodeName' | 'dataDir' | 'ingress' | 'proxy' | 'cleanOnStop' | 'clock' | 'logger'
>;

export interface ServicePathsOptions extends Settings {
  link: AgentLink;
  /** Those of pods that run here. */
  hostPorts(): readonly HostPort[];
  /** The board's own addresses. */
  addresses(): readonly string[];
  /** A Secret that is for this board, by `namespace/name`. */
  secret(key: string): Secret | undefined;
  /** podCIDR has changed. */
  onPodCIDR(): void;
  /** Interfaces of the board may have gone. */
  onRoutesChanged(): Promise<void>;
  /** Whether this board answers for Ingress. */
  onIngressListening(isListening: boolean): void;
}

const DNS_PORT = 53;

export class ServicePaths implements Component {
  readonly #options: ServicePathsOptions;
  readonly #kernel: BoardKernel;
  readonly #network: NodeNetwork;
  readonly #dns: ClusterDns;
  readonly #proxier: Proxier | ProxyThread;
  readonly #ingress: AgentIngress | undefined;
  #servicePorts: readonly VirtualPort[] = [];
  #forwarded: KernelForwarding | undefined;
  #hasIpv6 = false;
  #listenAddressV6: string | undefined;
  /** 0 = it does not listen yet. */
  #dnsLocalPort = 0;
  #running: Component[] = [];

  constructor(options: ServicePathsOptions) {
    this.#options = options;
    this.#kernel = this.#makeKernel();
    this.#network = this.#makeNetwork();
    this.#dns = this.#makeDns();
    this.#proxier = this.#makeProxier();
    this.#ingress = this.#makeIngress();
  }

  async start(): Promise<void> {
    this.#hasIpv6 = boardHasIpv6();
    const { services, peers } = this.#options.link;
    services.onChange(() => this.#servicesChanged());
    peers.onChange(() => this.#peersChanged());
    await this.#kernel.ask();
    for (const component of [this.#network, this.#dns, this.#proxier, this.#ingress]) {
      if (!component) continue;
      this.#running.push(component);
      await component.start();
    }
  }

  async stop(): Promise<void> {
    for (const component of this.#running.splice(0).reverse()) await component.stop();
  }

  /** This board's share of the pod range, once the board is ready for its pods. */
  get podCIDR(): string | undefined {
    return this.#network.podCIDR;
  }

  /** Of the second family. */
  get podCIDRv6(): string | undefined {
    return this.#network.podCIDRv6;
  }

  /** Call it when addresses or host ports change. */
  updateProxy(): Promise<void> {
    const { link, nodeName, hostPorts, addresses } = this.#options;
    const { podRange, ipv6, peers = {} } = link.peers.current() ?? {};
    const podRanges = [podRange, ipv6?.podRange].filter((range) => range !== undefined);
    const { mode } = this.#kernel;
    const known = [...(link.services.current()?.values() ?? [])];
    const forwarded = known.filter((service) => !this.#isDns(service));
    return this.#proxier.update({
      services: forwarded.map((service) => serviceView(service, { nodeName, zone: peers[nodeName]?.zone })),
      hostPorts: [...hostPorts()],
      boardAddresses: addresses(),
      otherBoards: Object.values(peers).flatMap(({ address }) => address ?? []),
      insideRanges: [...podRanges, '127.0.0.0/8', SERVICE_LISTEN_ADDRESS, ...ownAddresses()],
      listenAddressV6: this.#listenAddressV6,
      ...(mode ? { inKernel: mode } : {}),
    });
  }

  /** What this board carries of each Service, read now. */
  async metrics(): Promise<Metric[]> {
    const { serviceMetrics } = await import('./service-figures.ts');
    const bySockets = await this.#proxier.counters();
    if (!this.#kernel.mode) return serviceMetrics(bySockets, []);
    const { kernelConnections } = await import('../../network/kernel-connections.ts');
    return serviceMetrics(bySockets, await kernelConnections(systemCommands));
  }

  /** What keeps the cluster's DNS from answering this board, in words; `undefined` = it answers. */
  async dnsProblem(): Promise<string | undefined> {
    const address = this.dnsAddress;
    if (address === undefined) return 'nobody has told of the ranges of the cluster yet';
    const { dnsProblem } = await import('../../dns/dns-check.ts');
    return dnsProblem({ address, port: DNS_PORT }, CLUSTER_DOMAIN, this.#options.clock);
  }

  /** Call it when the kubelet knows the Secrets that it kept: nobody else tells of those. */
  secretsKnown(): void {
    this.#ingress?.refresh();
  }

  /** Call it when routes may have gone. Nothing is set up before somebody has told of the cluster's ranges. */
  async updateNetwork(): Promise<void> {
    const { link, nodeName } = this.#options;
    const known = link.peers.current();
    if (!known) return;
    const { podRange, serviceRange, peers } = known;
    const ipv6 = this.#ipv6();
    const others = Object.entries(peers).filter(([name]) => name !== nodeName);
    await this.#network.update({
      podRange,
      serviceRange,
      podCIDR: peers[nodeName]?.podCIDR,
      ...(ipv6 ? { ipv6 } : {}),
      address: peers[nodeName]?.address,
      peers: others.map(([, peer]) => peer),
      virtualPorts: [...this.#dnsPorts(dnsAddressOf(serviceRange)), ...this.#servicePorts],
      ...(this.#dnsLocalPort === 0 ? {} : { probe: { ip: dnsAddressOf(serviceRange), port: DNS_PORT } }),
      ...(this.#kernel.mode ? toForward(this.#forwarded) : {}),
    });
    const { ipv6Address } = this.#network;
    if (ipv6Address === this.#listenAddressV6) return;
    if (ipv6Address !== undefined) await this.#kernel.askSecond();
    this.#listenAddressV6 = ipv6Address;
    await this.updateProxy();
  }

  #dnsPorts(ip: string): VirtualPort[] {
    const port = { ip, port: DNS_PORT, localPort: this.#dnsLocalPort };
    if (this.#dnsLocalPort === 0) return [];
    return [
      { ...port, protocol: 'udp' },
      { ...port, protocol: 'tcp' },
    ];
  }

  /** Which Services are the board's own depends on the ranges. Before these are known, what was left goes on. */
  #peersChanged(): void {
    if (this.#options.link.services.current()) void this.updateProxy();
    void this.updateNetwork();
  }

  /** The second family, where the cluster and this board have it. */
  #ipv6(): DesiredIpv6 | undefined {
    const { link, nodeName } = this.#options;
    const { ipv6, peers } = link.peers.current() ?? {};
    const podCIDR = peers?.[nodeName]?.podCIDRv6;
    return ipv6 && podCIDR && this.#hasIpv6 ? { ...ipv6, podCIDR } : undefined;
  }

  /** Of pods and Services. */
  #ranges(): string[] {
    const { podRange, serviceRange, ipv6 } = this.#options.link.peers.current() ?? {};
    return [podRange, serviceRange, ipv6?.podRange, ipv6?.serviceRange].filter(
      (range) => range !== undefined,
    );
  }

  #servicesChanged(): void {
    this.#dns.update(this.#options.link.services.current() ?? new Map<string, BoardService>());
    void this.updateProxy();
  }

  /** The Service that stands for this board's own DNS server has no endpoints to forward to. */
  #isDns(service: BoardService): boolean {
    const address = this.dnsAddress;
    return address !== undefined && clusterIPsOf(service).includes(address);
  }

  /** Where pods ask for names; `undefined` = nobody has told of the cluster's ranges yet. */
  get dnsAddress(): string | undefined {
    const peers = this.#options.link.peers.current();
    return peers && dnsAddressOf(peers.serviceRange);
  }

  #makeKernel(): BoardKernel {
    const { proxy, link, logger } = this.#options;
    const tell = (reason: string, message: string) => link.boardEvent({ type: 'Warning', reason, message });
    return new BoardKernel({ proxy, logger, commands: systemCommands, tell });
  }

  #makeNetwork(): NodeNetwork {
    const { link, cleanOnStop, onPodCIDR, onRoutesChanged, logger } = this.#options;
    const report = new NetworkReport(link);
    return new NodeNetwork({
      commands: systemCommands,
      forwarding: boardForwarding(),
      tracking: boardTracking(),
      portReuse: boardPortReuse(),
      ipv6: boardIpv6,
      bridge: BRIDGE,
      removeOnStop: cleanOnStop,
      onPodCIDR,
      onRoutesChanged,
      onProblems: (problems) => report.update(problems),
      onRestored: (parts) => report.restored(parts),
      logger,
    });
  }

  #makeDns(): ClusterDns {
    const { clock, logger } = this.#options;
    const ownAddresses = () => [this.dnsAddress ?? '', SERVICE_LISTEN_ADDRESS];
    const upstreams = new HostUpstreams({ ownAddresses, clock });
    return new ClusterDns({
      host: SERVICE_LISTEN_ADDRESS,
      port: 0,
      preferredPorts: lastingPorts({ ip: SERVICE_LISTEN_ADDRESS, port: DNS_PORT }),
      domain: CLUSTER_DOMAIN,
      ownsAddress: (ip) => this.#ranges().some((range) => isInRange(ip, range)),
      upstreams: () => upstreams.current(),
      onListening: (localPort) => {
        this.#dnsLocalPort = localPort;
        void this.updateNetwork();
      },
      clock,
      logger,
    });
  }

  #makeProxier(): Proxier | ProxyThread {
    const { link, clock, logger, proxy } = this.#options;
    const options: ProxierOptions = {
      listenAddress: SERVICE_LISTEN_ADDRESS,
      onVirtualPorts: (ports, kernel) => {
        this.#servicePorts = ports;
        this.#forwarded = kernel;
        void this.updateNetwork();
      },
      formerPorts: () => this.#formerPorts(),
      openFiles: openFileLimit(),
      onRefusal: ({ subject, reason, message }) =>
        link.event({ ...subject, type: 'Warning', reason, message }),
      clock,
      logger,
    };
    return proxy?.hasThread ? new ProxyThread(options) : new Proxier(options);
  }

  /** Without them clients of UDP that keep talking may have to be told where to go anew, and nothing else. */
  async #formerPorts(): Promise<readonly VirtualPort[]> {
    try {
      const { mappedPorts } = await import('../../network/mapped-ports.ts');
      return await mappedPorts(systemCommands);
    } catch (error) {
      this.#options.logger.warn({ err: error }, 'what an earlier agent has left of rules cannot be read');
      return [];
    }
  }

  #makeIngress(): AgentIngress | undefined {
    const { ingress, link, secret, dataDir, onIngressListening: onListening, clock, logger } = this.#options;
    if (!ingress) return undefined;
    const host = this.#proxier instanceof ProxyThread ? this.#proxier : undefined;
    return new AgentIngress({ ...ingress, link, secret, host, dataDir, onListening, clock, logger });
  }
}

/** What the kernel is to forward, as far as the proxy has told. */
function toForward(told: KernelForwarding | undefined): Partial<DesiredNetwork> {
  const { families = [], ports = [], gone = [] } = told ?? {};
  const untold = [
    ...(families.includes('IPv4') ? [] : (['ip'] as const)),
    ...(families.includes('IPv6') ? [] : (['ip6'] as const)),
  ];
  return { kernelPorts: ports, goneEndpoints: gone, untold };
}
