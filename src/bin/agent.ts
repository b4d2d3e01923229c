// A board's agent, joined from its rooms: MQTT session, kubelet on podman, network, proxy, heartbeat.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type BoardService, clusterIPsOf } from '../api/board-service.ts';
import { INGRESS_BOARD_LABEL } from '../api/ingress/board-ingress.ts';
import { KUBERNETES_VERSION } from '../api/kubernetes-version.ts';
import type { Clock } from '../base/clock.ts';
import type { ClusterNetwork } from '../base/cluster-network.ts';
import type { Component } from '../base/component.ts';
import { parseIpv4, parseIpv4Range } from '../base/ipv4.ts';
import type { Logger } from '../base/logger.ts';
import { ProcessLock } from '../base/process-lock.ts';
import { SealedFile } from '../base/sealed-file.ts';
import { ClusterDns } from '../dns/cluster-dns.ts';
import { HostUpstreams } from '../dns/host-upstreams.ts';
import { BoardLoadMeter } from '../kubelet/board/board-load.ts';
import { Heartbeat } from '../kubelet/board/heartbeat.ts';
import { hostAddresses } from '../kubelet/board/local-address.ts';
import { MAX_PODS, nodeFacts } from '../kubelet/board/node-facts.ts';
import { boardDocuments } from '../kubelet/board-documents.ts';
import { BoardDevices } from '../kubelet/devices/board-devices.ts';
import { Evictor } from '../kubelet/eviction/evictor.ts';
import { BoardHealth } from '../kubelet/health/board-health.ts';
import type { Resource } from '../kubelet/health/thresholds.ts';
import type { ImageSettings } from '../kubelet/images/board-images.ts';
import { Kubelet } from '../kubelet/kubelet.ts';
import { LogKeeper } from '../kubelet/logs/log-keeper.ts';
import { defaultLogLimits, type LogLimits } from '../kubelet/logs/log-limits.ts';
import { ContainerMeter } from '../kubelet/metrics/container-meter.ts';
import { MetricsReporter } from '../kubelet/metrics/metrics-reporter.ts';
import { PodmanRuntime } from '../kubelet/runtime/podman/podman-runtime.ts';
import type { Runtime } from '../kubelet/runtime/runtime.ts';
import { serviceVariables } from '../kubelet/service-environment.ts';
import { Sessions } from '../kubelet/sessions.ts';
import { ManifestFolder } from '../kubelet/static-pods/manifest-folder.ts';
import { removeFolder } from '../kubelet/volumes/pod-volumes.ts';
import { AgentLink } from '../mqtt/agent-link.ts';
import { KeptCluster } from '../mqtt/kept-cluster.ts';
import { Session } from '../mqtt/session.ts';
import { SERVICE_LISTEN_ADDRESS } from '../network/board-network.ts';
import { systemCommands } from '../network/command-runner.ts';
import { NodeNetwork } from '../network/node-network.ts';
import { loadSecretKey } from '../pki/secret-key.ts';
import { Proxier, type ProxierOptions, type VirtualPort } from '../proxy/proxier.ts';
import { ProxyThread } from '../proxy/proxy-thread.ts';
import { serviceView } from '../proxy/service-view.ts';
import { AgentIngress, type IngressSettings } from './agent-ingress.ts';
import { HostPortWatch } from './host-port-watch.ts';
import { type AgentImages, DEFAULT_IMAGE_PORT } from './image-flags.ts';
import type { NodeIdentity } from './node-identity.ts';

export interface AgentOptions {
  nodeName: string;
  /** Of the API server, such as `https://192.168.1.10:6443`. */
  master: URL;
  identity: NodeIdentity;
  mqttPort: number;
  dataDir: string;
  /** Folder of static pods; `manifests` in the data directory unless given. */
  podManifestPath?: string | undefined;
  network: ClusterNetwork;
  /** Serve Ingress on ports 80 and 443; not unless given. */
  ingress?: IngressSettings | undefined;
  images?: AgentImages;
  /** stop() takes pods and network off the board (the trial's Ctrl-C) instead of leaving them running. */
  cleanOnStop: boolean;
  /** Relays Services on a thread of their own, for more memory. */
  proxyThread?: boolean;
  clock: Clock;
  logger: Logger;
  logLimits?: LogLimits;
  /** Instead of podman, in tests. */
  runtime?: Runtime;
}

/** Names of what the agent makes in podman and on the board. */
const PODMAN_NETWORK = 'edge';
const BRIDGE = 'edge0';
/** One agent to a board: it owns every container with this label. */
const OWNER = 'edge-cluster';
const RUN_DIR = '/run/edge-cluster';
const CLUSTER_DOMAIN = 'cluster.local';
const DNS_PORT = 53;
/** An apply or a reconnect changes many pods together. */
const SETTLE_PODS_MS = 2_000;
/** Endpoints come and go with every restart of a container: cards wear, and the last 5 s of them may be lost. */
const SETTLE_CLUSTER_MS = 5_000;
/** What removing images gives back. */
const IMAGE_RESOURCES: ReadonlySet<Resource> = new Set(['ephemeral-storage', 'inodes']);

export class Agent implements Component {
  readonly #options: AgentOptions;
  readonly #lock = new ProcessLock('edge-cluster-agent');
  readonly #session: Session;
  readonly #link: AgentLink;
  readonly #kept: KeptCluster;
  readonly #manifests: ManifestFolder;
  readonly #runtime: Runtime;
  readonly #devices: BoardDevices;
  readonly #kubelet: Kubelet;
  readonly #hostPorts: HostPortWatch;
  readonly #network: NodeNetwork;
  readonly #proxier: Proxier | ProxyThread;
  readonly #sessions: Sessions;
  readonly #evictor: Evictor;
  readonly #health: BoardHealth;
  readonly #heartbeat: Heartbeat;
  readonly #dns: ClusterDns;
  readonly #metrics: MetricsReporter;
  readonly #meter = new ContainerMeter();
  readonly #ingress: AgentIngress | undefined;
  #isIngressListening = false;
  /** Of Services, and of the DNS server. */
  #servicePorts: readonly VirtualPort[] = [];
  #dnsPorts: readonly VirtualPort[] = [];
  #addresses: readonly string[] = [];
  #running: Component[] = [];

  constructor(options: AgentOptions) {
    this.#options = options;
    const { clock, logger } = options;
    this.#session = this.#makeSession();
    this.#link = new AgentLink({ session: this.#session, clock, logger });
    this.#kept = this.#makeKept();
    this.#manifests = this.#makeManifests();
    this.#runtime = options.runtime ?? this.#makeRuntime();
    this.#hostPorts = new HostPortWatch({
      sink: this.#link,
      podOf: (key) => this.#kubelet.desiredPod(key),
      onChange: () => void this.#updateProxy(),
    });
    this.#devices = new BoardDevices({ clock, logger, onChange: () => void this.#tellBirth() });
    this.#kubelet = this.#makeKubelet();
    this.#network = this.#makeNetwork();
    this.#dns = this.#makeDns();
    this.#proxier = this.#makeProxier();
    this.#sessions = this.#makeSessions();
    this.#evictor = this.#makeEvictor();
    this.#health = this.#makeHealth();
    this.#heartbeat = this.#makeHeartbeat();
    this.#metrics = this.#makeMetrics();
    this.#ingress = this.#makeIngress();
  }

  /** The MQTT link to the master: whoever closes it cuts the board off. */
  get session(): Session {
    return this.#session;
  }

  /** Resolves with no master in sight too: the board then runs what it last was told to. */
  async start(): Promise<void> {
    if (!(await this.#lock.take())) {
      throw new Error('another edge-cluster agent runs on this board: stop it first');
    }
    this.#running = [{ start: async () => undefined, stop: () => this.#leave() }];
    await mkdir(this.#options.dataDir, { recursive: true, mode: 0o700 });
    this.#addresses = await hostAddresses(this.#options.master.hostname);
    this.#subscribe();
    try {
      for (const component of this.#parts()) {
        this.#running.push(component);
        await component.start();
      }
      await this.#tellBirth();
      this.#running.push(this.#session);
      await this.#session.start();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    for (const component of this.#running.splice(0).reverse()) await component.stop();
  }

  /** The last of all: with the pods, what only they needed at run time goes. */
  async #leave(): Promise<void> {
    const { cleanOnStop, runtime } = this.#options;
    if (cleanOnStop && !runtime) await removeFolder(RUN_DIR);
    await this.#lock.release();
  }

  /** In the order of their start; the session comes last, so that nothing is missed and goes first. */
  #parts(): Component[] {
    const reports = [this.#heartbeat, this.#metrics];
    const paths = [this.#network, this.#dns, this.#proxier, ...(this.#ingress ? [this.#ingress] : [])];
    const kept = [this.#kept, this.#manifests];
    return [...paths, ...kept, this.#devices, this.#kubelet, this.#sessions, this.#link, ...reports];
  }

  #subscribe(): void {
    const { services, peers } = this.#link;
    services.onChange(() => {
      this.#dns.update(services.current() ?? new Map<string, BoardService>());
      void this.#updateProxy();
      this.#kubelet.servicesChanged();
    });
    peers.onChange(() => {
      this.#kubelet.networkChanged();
      void this.#applyNetwork();
    });
    this.#link.onSessionRequest((request) => this.#sessions.serve(request));
    // A lease or a cable may have changed while the session was away, and routes gone with it.
    this.#session.onOpen(() => {
      void this.#refreshAddresses();
      void this.#applyNetwork();
    });
  }

  #updateProxy(): Promise<void> {
    const known = [...(this.#link.services.current()?.values() ?? [])];
    const forwarded = known.filter((service) => !this.#isDns(service));
    return this.#proxier.update({
      services: forwarded.map((service) => serviceView(service, this.#options.nodeName)),
      hostPorts: this.#hostPorts.current(),
      boardAddresses: this.#addresses,
      insideRanges: [this.#options.network.podRange, '127.0.0.0/8', SERVICE_LISTEN_ADDRESS],
    });
  }

  async #refreshAddresses(): Promise<void> {
    const addresses = await hostAddresses(this.#options.master.hostname);
    if (addresses.join() === this.#addresses.join()) return;
    this.#addresses = addresses;
    void this.#updateProxy();
    await this.#tellBirth();
    this.#kubelet.networkChanged();
  }

  async #tellBirth(): Promise<void> {
    const { nodeName, dataDir } = this.#options;
    // podman may go between the question and the answer: then its version is not known.
    const runtimeVersion = await this.#runtime.version().catch(() => undefined);
    const addresses = this.#addresses;
    const kubeletVersion = KUBERNETES_VERSION;
    const devices = this.#devices.found;
    const facts = await nodeFacts({ nodeName, addresses, runtimeVersion, kubeletVersion, dataDir, devices });
    const ingress: Record<string, string> = this.#isIngressListening ? { [INGRESS_BOARD_LABEL]: 'true' } : {};
    this.#link.setBirth({ ...facts, labels: { ...facts.labels, ...ingress } });
  }

  #applyNetwork(): Promise<void> {
    const { network, nodeName } = this.#options;
    const peers = this.#link.peers.current()?.peers ?? {};
    const others = Object.entries(peers).filter(([name]) => name !== nodeName);
    return this.#network.update({
      podRange: network.podRange,
      serviceRange: network.serviceRange,
      podCIDR: this.#podCIDR(),
      address: peers[nodeName]?.address,
      peers: others.map(([, peer]) => peer),
      virtualPorts: [...this.#dnsPorts, ...this.#servicePorts],
    });
  }

  #podCIDR(): string | undefined {
    return this.#link.peers.current()?.peers[this.#options.nodeName]?.podCIDR;
  }

  #makeSession(): Session {
    const { nodeName, master, mqttPort, identity, clock, logger } = this.#options;
    const tls = { key: identity.keyPem, cert: identity.certificatePem, ca: identity.authorityPem };
    return new Session({
      node: nodeName,
      host: master.hostname,
      port: mqttPort,
      tls,
      servesIngress: this.#options.ingress !== undefined,
      clock,
      logger,
    });
  }

  #makeKept(): KeptCluster {
    const { services, peers } = this.#link;
    return new KeptCluster({ services, peers, file: this.#sealedFile('cluster', SETTLE_CLUSTER_MS) });
  }

  #makeManifests(): ManifestFolder {
    const { dataDir, nodeName, podManifestPath, clock, logger } = this.#options;
    return new ManifestFolder({
      path: podManifestPath ?? join(dataDir, 'manifests'),
      nodeName,
      clock,
      logger,
      onProblem: (message) => {
        logger.warn({}, message);
        this.#link.event({
          kind: 'Node',
          key: nodeName,
          uid: '',
          type: 'Warning',
          reason: 'FailedStaticPod',
          message,
        });
      },
    });
  }

  /** The key lies outside the folder, so that a copy of that folder tells nothing. */
  #sealedFile(name: string, settleMs: number): SealedFile {
    const { dataDir, clock, logger } = this.#options;
    const path = join(dataDir, 'checkpoint', name);
    return new SealedFile({
      path,
      key: () => loadSecretKey(join(dataDir, 'checkpoint.key')),
      settleMs,
      clock,
      logger,
    });
  }

  #makeRuntime(): Runtime {
    const { dataDir, cleanOnStop, clock, logger } = this.#options;
    return new PodmanRuntime({
      dataDir: join(dataDir, 'podman'),
      runDir: RUN_DIR,
      owner: OWNER,
      logDir: join(dataDir, 'logs'),
      logSizeBytes: this.#logLimits.maxSizeBytes,
      podInfraImage: this.#options.images?.podInfraImage,
      network: { name: PODMAN_NETWORK, bridge: BRIDGE, podRange: () => this.#podCIDR() },
      removeOnStop: cleanOnStop,
      clock,
      logger,
    });
  }

  #makeKubelet(): Kubelet {
    const { nodeName, dataDir, clock, logger, cleanOnStop } = this.#options;
    const { services } = this.#link;
    return new Kubelet({
      nodeName,
      runtime: this.#runtime,
      desired: this.#link.desired,
      staticPods: this.#manifests,
      sink: this.#hostPorts,
      volumeSink: this.#link,
      serviceEnvironment: {
        forNamespace: (namespace, links) =>
          serviceVariables([...(services.current()?.values() ?? [])], namespace, links),
        isReady: () => services.current() !== undefined,
      },
      checkpoint: this.#sealedFile('pods', SETTLE_PODS_MS),
      devices: this.#devices,
      room: () => ({ maxPods: MAX_PODS, devices: this.#devices.found, pressures: this.#health.pressures }),
      dataDir,
      clock,
      logger,
      podCIDR: () => this.#podCIDR(),
      hostAddresses: () => this.#addresses,
      clusterDomain: CLUSTER_DOMAIN,
      clusterDns: this.#options.network.dnsAddress,
      ...this.#options.images,
      imageExchange: this.#imageExchange(),
      cleanOnStop,
      onProblem: (problem) => {
        this.#link.setProblem(problem);
        if (!problem) void this.#tellBirth();
      },
    });
  }

  /** Not on a port of 0: then boards neither give nor take. */
  #imageExchange(): ImageSettings['imageExchange'] {
    const { identity, images = {} } = this.#options;
    const { imagePort: port = DEFAULT_IMAGE_PORT } = images;
    if (port === 0) return undefined;
    return {
      port,
      tls: () => ({
        keyPem: identity.keyPem,
        certPem: identity.certificatePem,
        caPem: identity.authorityPem,
      }),
      reportImages: (held) => this.#link.reportImages(held),
      imagesOfOthers: () => this.#link.imagesOfOthers(),
      addressOf: (node) => this.#link.peers.current()?.peers[node]?.address,
    };
  }

  #makeNetwork(): NodeNetwork {
    const { cleanOnStop, logger } = this.#options;
    return new NodeNetwork({
      commands: systemCommands,
      bridge: BRIDGE,
      removeOnStop: cleanOnStop,
      onProblems: () => undefined,
      logger,
    });
  }

  #makeDns(): ClusterDns {
    const { network, clock, logger } = this.#options;
    const { dnsAddress, podRange, serviceRange } = network;
    const ownAddresses = [dnsAddress, SERVICE_LISTEN_ADDRESS];
    const upstreams = new HostUpstreams({ ownAddresses, clock });
    return new ClusterDns({
      host: SERVICE_LISTEN_ADDRESS,
      port: 0,
      domain: CLUSTER_DOMAIN,
      ownsAddress: (ip) => isInside(ip, podRange) || isInside(ip, serviceRange),
      upstreams: () => upstreams.current(),
      onListening: (localPort) => {
        const port = { ip: dnsAddress, port: DNS_PORT, localPort };
        this.#dnsPorts = [
          { ...port, protocol: 'udp' },
          { ...port, protocol: 'tcp' },
        ];
        void this.#applyNetwork();
      },
      clock,
      logger,
    });
  }

  /** The Service that stands for this board's own DNS server has no endpoints to forward to. */
  #isDns(service: BoardService): boolean {
    return clusterIPsOf(service).includes(this.#options.network.dnsAddress);
  }

  #makeProxier(): Proxier | ProxyThread {
    const { clock, logger, proxyThread } = this.#options;
    const options: ProxierOptions = {
      listenAddress: SERVICE_LISTEN_ADDRESS,
      onVirtualPorts: (ports) => {
        this.#servicePorts = ports;
        void this.#applyNetwork();
      },
      onRefusal: ({ subject, reason, message }) =>
        this.#link.event({ ...subject, type: 'Warning', reason, message }),
      clock,
      logger,
    };
    return proxyThread ? new ProxyThread(options) : new Proxier(options);
  }

  #makeIngress(): AgentIngress | undefined {
    const { ingress, dataDir, clock, logger } = this.#options;
    if (!ingress) return undefined;
    const onListening = (isListening: boolean) => {
      this.#isIngressListening = isListening;
      void this.#tellBirth();
    };
    return new AgentIngress({ ...ingress, link: this.#link, dataDir, onListening, clock, logger });
  }

  #makeSessions(): Sessions {
    const { nodeName, master, identity, clock, logger } = this.#options;
    return new Sessions({
      masterUrl: master.origin,
      tls: () => ({
        caPem: identity.authorityPem,
        certPem: identity.certificatePem,
        keyPem: identity.keyPem,
      }),
      clock,
      logger,
      sources: this.#kubelet,
      documents: boardDocuments({
        nodeName,
        read: () => this.#meter.read(this.#kubelet.runningContainers()),
        pods: () => this.#link.desired.current()?.pods.values() ?? [],
      }),
    });
  }

  get #logLimits(): LogLimits {
    return this.#options.logLimits ?? defaultLogLimits;
  }

  #makeHeartbeat(): Heartbeat {
    const { dataDir, clock, logger } = this.#options;
    const meter = new BoardLoadMeter(dataDir);
    const running = () => this.#kubelet.runningContainers();
    const logs = new LogKeeper({ limits: this.#logLimits, running, logger });
    return new Heartbeat({
      clock,
      logger,
      measure: (nowMs) => meter.measure(nowMs),
      send: (beat) => {
        this.#link.heartbeat(beat);
        this.#health.observe(beat);
        void logs.look();
      },
    });
  }

  #makeEvictor(): Evictor {
    const { dataDir, clock, logger } = this.#options;
    const folders = { volumesDir: join(dataDir, 'volumes'), logDir: join(dataDir, 'logs') };
    return new Evictor({
      clock,
      logger,
      pods: () => this.#kubelet.takenPods(),
      use: async (resource, pods) => {
        const { podUse } = await import('../kubelet/eviction/pod-use.ts');
        return podUse(resource, pods, this.#kubelet.runningContainers(), folders);
      },
      reclaim: async (resource) => (IMAGE_RESOURCES.has(resource) ? this.#kubelet.deleteUnusedImages() : 0),
      evict: (podKey, podUid, why) => this.#kubelet.evict(podKey, podUid, why),
      event: (event) => this.#link.boardEvent(event),
    });
  }

  #makeHealth(): BoardHealth {
    const { nodeName, clock } = this.#options;
    return new BoardHealth({
      nodeName,
      clock,
      report: (conditions) => this.#link.setConditions(conditions),
      event: (event) => this.#link.boardEvent(event),
      relieve: (shortages) => void this.#evictor.relieve(shortages),
    });
  }

  #makeMetrics(): MetricsReporter {
    const { clock, logger } = this.#options;
    return new MetricsReporter({
      clock,
      logger,
      running: () => this.#kubelet.runningContainers(),
      meter: this.#meter,
      send: (report) => this.#link.metrics(report),
    });
  }
}

function isInside(ip: string, range: string): boolean {
  const address = parseIpv4(ip);
  const { first, last } = parseIpv4Range(range) ?? {};
  return (
    address !== undefined && first !== undefined && last !== undefined && address >= first && address <= last
  );
}
