// A board's agent, joined from its rooms: MQTT session, kubelet on podman, network, proxy, heartbeat.
import { mkdir } from 'node:fs/promises';
import { INGRESS_BOARD_LABEL } from '../../api/ingress/board-ingress.ts';
import { KUBERNETES_VERSION } from '../../api/kubernetes-version.ts';
import type { Component } from '../../base/component.ts';
import { ProcessLock } from '../../base/process-lock.ts';
import { hostAddresses, hostAddressV6 } from '../../kubelet/board/local-address.ts';
import { allocatableSize, MAX_PODS, nodeFacts } from '../../kubelet/board/node-facts.ts';
import { boardDocuments } from '../../kubelet/board-documents.ts';
import { BoardDevices } from '../../kubelet/devices/board-devices.ts';
import { Kubelet } from '../../kubelet/kubelet.ts';
import { defaultLogLimits } from '../../kubelet/logs/log-limits.ts';
import type { Runtime } from '../../kubelet/runtime/runtime.ts';
import { serviceVariables } from '../../kubelet/service-environment.ts';
import { Sessions } from '../../kubelet/sessions.ts';
import type { ManifestFolder } from '../../kubelet/static-pods/manifest-folder.ts';
import { removeFolder } from '../../kubelet/volumes/pod-volumes.ts';
import { AgentLink } from '../../mqtt/agent-link.ts';
import type { KeptCluster } from '../../mqtt/kept-cluster.ts';
import { Session } from '../../mqtt/session.ts';
import { keptCluster, keptPods } from './agent-checkpoint.ts';
import { boardTls, imageExchange } from './agent-images.ts';
import { agentManifests } from './agent-manifests.ts';
import { AGENT_LOCK, type AgentOptions, CLUSTER_DOMAIN } from './agent-options.ts';
import { agentRuntime, RUN_DIR } from './agent-runtime.ts';
import { boardPods } from './board-pods.ts';
import { BoardWatch } from './board-watch.ts';
import { HostPortWatch } from './host-port-watch.ts';
import { kubeletConfiguration } from './kubelet-configuration.ts';
import { servedPods } from './served-pods.ts';
import { ServicePaths } from './service-paths.ts';

const LOOPBACK = '127.0.0.1';

export class Agent implements Component {
  readonly #options: AgentOptions;
  readonly #lock = new ProcessLock(AGENT_LOCK);
  readonly #session: Session;
  readonly #link: AgentLink;
  readonly #kept: KeptCluster;
  readonly #manifests: ManifestFolder;
  readonly #runtime: Runtime;
  readonly #devices: BoardDevices;
  readonly #kubelet: Kubelet;
  readonly #hostPorts: HostPortWatch;
  readonly #paths: ServicePaths;
  readonly #watch: BoardWatch;
  readonly #sessions: Sessions;
  #isIngressListening = false;
  /** The one it is reached by, and one of IPv6 where the cluster has second addresses and the board has one. */
  #addresses: readonly string[] = [];
  #running: Component[] = [];

  constructor(options: AgentOptions) {
    this.#options = options;
    const { clock, logger } = options;
    this.#session = this.#makeSession();
    this.#link = new AgentLink({ session: this.#session, clock, logger });
    this.#kept = keptCluster(options, this.#link);
    this.#manifests = agentManifests(options, this.#link);
    const podCIDRv6 = () => this.#paths.podCIDRv6;
    this.#runtime = agentRuntime(options, { podCIDR: () => this.#paths.podCIDR, podCIDRv6 });
    this.#hostPorts = new HostPortWatch({
      sink: this.#link,
      podOf: (key) => this.#kubelet.desiredPod(key),
      onChange: () => void this.#paths.updateProxy(),
    });
    this.#devices = new BoardDevices({ clock, logger, onChange: () => void this.#tellBirth() });
    this.#kubelet = this.#makeKubelet();
    this.#paths = this.#makePaths();
    this.#watch = new BoardWatch({
      ...options,
      logLimits: options.logLimits ?? defaultLogLimits,
      link: this.#link,
      kubelet: this.#kubelet,
    });
    this.#sessions = this.#makeSessions();
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
    this.#addresses = await this.#findAddresses();
    this.#subscribe();
    try {
      for (const component of this.#parts()) {
        this.#running.push(component);
        await component.start();
      }
      this.#paths.secretsKnown();
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
    const known = [this.#paths, this.#kept, this.#manifests];
    return [...known, this.#devices, this.#kubelet, this.#sessions, this.#link, this.#watch];
  }

  #subscribe(): void {
    this.#link.services.onChange(() => this.#kubelet.servicesChanged());
    this.#link.onSessionRequest((request) => this.#sessions.serve(request));
    // A lease or a cable may have changed while the session was away, and routes gone with it.
    this.#session.onOpen(() => {
      void this.#refreshAddresses();
      void this.#paths.updateNetwork();
    });
  }

  /** Where it fails, each pod that is to start tells why. */
  async #prepareNetwork(): Promise<void> {
    try {
      if (this.#paths.podCIDR !== undefined) await this.#runtime.prepareNetwork();
    } catch (error) {
      this.#options.logger.warn({ err: error }, "the pods' network cannot be made now");
    }
  }

  async #refreshAddresses(): Promise<void> {
    const addresses = await this.#findAddresses();
    // While its cable is out, a board is still known by the address that it had.
    const isOffline = addresses[0] === LOOPBACK;
    if (isOffline || addresses.join() === this.#addresses.join()) return;
    this.#addresses = addresses;
    void this.#paths.updateProxy();
    await this.#tellBirth();
    this.#kubelet.networkChanged();
  }

  async #findAddresses(): Promise<string[]> {
    const first = await hostAddresses(this.#options.master.hostname);
    const second = this.#paths.podCIDRv6 === undefined ? undefined : await hostAddressV6();
    return second === undefined ? first : [...first, second];
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
      servedPods: servedPods(services),
      checkpoint: keptPods(this.#options),
      devices: this.#devices,
      room: () => ({
        maxPods: MAX_PODS,
        devices: this.#devices.found,
        pressures: this.#watch.health.pressures,
        allocatable: allocatableSize(),
      }),
      dataDir,
      clock,
      logger,
      podCIDR: () => this.#paths.podCIDR,
      podCIDRv6: () => this.#paths.podCIDRv6,
      hostAddresses: () => this.#addresses,
      clusterDomain: CLUSTER_DOMAIN,
      clusterDns: () => this.#paths.dnsAddress,
      ...this.#options.images,
      imageExchange: imageExchange(this.#options, this.#link),
      cleanOnStop,
      onProblem: (problem) => {
        this.#link.setProblem(problem);
        if (!problem) void this.#tellBirth();
      },
    });
  }

  #makePaths(): ServicePaths {
    return new ServicePaths({
      ...this.#options,
      link: this.#link,
      hostPorts: () => this.#hostPorts.current(),
      addresses: () => this.#addresses.slice(0, 1),
      onPodCIDR: () => {
        void this.#prepareNetwork();
        void this.#refreshAddresses();
        this.#kubelet.networkChanged();
      },
      onRoutesChanged: async () => {
        await this.#prepareNetwork();
        // The session of a board that is the master as well does not notice another address.
        void this.#refreshAddresses();
        // Who counts as this board itself follows from all of its addresses.
        void this.#paths.updateProxy();
      },
      secret: (key) => this.#kubelet.knownSecret(key),
      onIngressListening: (isListening) => {
        this.#isIngressListening = isListening;
        void this.#tellBirth();
      },
    });
  }

  #makeSessions(): Sessions {
    const { nodeName, master, identity, clock, logger } = this.#options;
    return new Sessions({
      masterUrl: master.origin,
      tls: () => boardTls(identity),
      clock,
      logger,
      sources: this.#kubelet,
      documents: boardDocuments({
        nodeName,
        read: () => this.#watch.read(),
        pods: () => boardPods(this.#link.desired.current()?.pods.values() ?? [], this.#link.reports()),
        running: () => this.#kubelet.runningContainers(),
        load: () => this.#watch.load,
        config: () => kubeletConfiguration({ ...this.#options, dnsAddress: this.#paths.dnsAddress }),
        nowMs: () => clock.now(),
        figures: [() => this.#paths.metrics()],
        checks: { dns: () => this.#paths.dnsProblem() },
      }),
    });
  }
}
