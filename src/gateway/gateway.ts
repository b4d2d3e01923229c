// The master's half of the node link: what is desired goes out to the boards as retained topics, what they
// observe comes in as status. Start it after the informers and the broker.
import { nodes } from '../api/kinds/node.ts';
import { persistentVolumes } from '../api/kinds/persistent-volume.ts';
import { pods } from '../api/kinds/pod.ts';
import { services } from '../api/kinds/service.ts';
import type { core } from '../api/objects.ts';
import type { KindDefinition } from '../api/scheme.ts';
import type { CustomKindSource } from '../api/served-kinds.ts';
import type { SessionRequest } from '../api/session.ts';
import { unavailable } from '../api/status-error.ts';
import type { Clock } from '../base/clock.ts';
import type { ClusterNetwork } from '../base/cluster-network.ts';
import type { Component } from '../base/component.ts';
import type { Logger } from '../base/logger.ts';
import type { Client } from '../client/client.ts';
import type { EventSink } from '../client/event-recorder.ts';
import type { InformerFactory } from '../client/informer-factory.ts';
import { decodeJson } from '../mqtt/json-payload.ts';
import { type BusMessage, type MessageBus, PASSING, RETAINED } from '../mqtt/message-bus.ts';
import { levelsOf, nodeFilters, topics } from '../mqtt/topics.ts';
import { AppMetrics } from './app-metrics.ts';
import { readHeartbeat, readImages, readMetrics, readState } from './board-messages.ts';
import { BoardMetrics } from './board-metrics.ts';
import { DesiredPublisher } from './desired-publisher.ts';
import { IngressPublisher } from './ingress-publisher.ts';
import { IngressSecrets } from './ingress-secrets.ts';
import { MirrorPods } from './mirror-pods.ts';
import { NodeEvents } from './node-events.ts';
import { statusImages } from './node-images.ts';
import { NodeLeases } from './node-leases.ts';
import { defaultPresenceTimes, NodePresence, type PresenceTimes } from './node-presence.ts';
import { NodeRegistrar } from './node-registrar.ts';
import { ObjectPublisher } from './object-publisher.ts';
import { ObservedWriter } from './observed-writer.ts';
import { PeersPublisher } from './peers-publisher.ts';
import type { PodTokenIssuer } from './pod-tokens.ts';
import { ServicesPublisher } from './services-publisher.ts';
import { VersionedTopics } from './versioned-topics.ts';
import { VolumeRemovals } from './volume-removals.ts';

export interface GatewayOptions {
  client: Client;
  /** Shared; to be started before the gateway is, as the gateway waits for its first lists. */
  informers: InformerFactory;
  bus: MessageBus;
  /** The store's. */
  epoch: string;
  network: ClusterNetwork;
  /** What is shown under objects/…: all kinds. */
  kinds: readonly KindDefinition[];
  /** Kinds that come and go. */
  customKinds?: CustomKindSource | undefined;
  /** Signs the tokens of pods; without it pods that ask for one wait. */
  tokenIssuer?: PodTokenIssuer | undefined;
  recorder: EventSink;
  clock: Clock;
  logger: Logger;
  times?: PresenceTimes | undefined;
}

export class Gateway implements Component {
  readonly #options: GatewayOptions;
  readonly #presence: NodePresence;
  readonly #registrar: NodeRegistrar;
  readonly #leases: NodeLeases;
  readonly #observed: ObservedWriter;
  readonly #mirrors: MirrorPods;
  readonly #removals: VolumeRemovals;
  readonly #events: NodeEvents;
  readonly #objects: ObjectPublisher;
  readonly #desired: DesiredPublisher;
  readonly #services: ServicesPublisher;
  readonly #ingresses: IngressPublisher;
  readonly #peers: PeersPublisher;
  readonly #metrics: BoardMetrics;
  readonly #appMetrics: AppMetrics;
  readonly #images = new Map<string, core.ContainerImage[]>();
  #unsubscribe: (() => void)[] = [];

  constructor(options: GatewayOptions) {
    this.#options = options;
    const { bus, informers, client, clock, logger, network, kinds, recorder, epoch } = options;
    const versioned = new VersionedTopics(bus, epoch);
    const shared = { nodes: informers.for(nodes), pods: informers.for(pods) };
    const onChange = (node: string) => this.#registrar.look(node);
    const presence = new NodePresence({ clock, times: options.times ?? defaultPresenceTimes, onChange });
    this.#presence = presence;
    this.#metrics = new BoardMetrics(clock);
    this.#appMetrics = new AppMetrics(clock, logger);
    this.#registrar = new NodeRegistrar({
      client,
      nodes: shared.nodes,
      presence,
      imagesOf: (node) => this.#images.get(node),
      clock,
      logger,
    });
    this.#leases = new NodeLeases({ client, nodes: shared.nodes, clock, logger });
    this.#observed = new ObservedWriter({ client, bus, pods: shared.pods, presence, clock, logger });
    this.#mirrors = new MirrorPods({ client, bus, pods: shared.pods, presence, clock, logger });
    const volumes = informers.for(persistentVolumes);
    this.#removals = new VolumeRemovals({ client, bus, volumes, presence, recorder, clock, logger });
    this.#events = new NodeEvents({ bus, ...shared, services: informers.for(services), recorder });
    this.#objects = new ObjectPublisher({ bus, informers, kinds, customKinds: options.customKinds });
    const { tokenIssuer } = options;
    this.#desired = new DesiredPublisher({
      informers,
      topics: versioned,
      ingressSecrets: new IngressSecrets(informers),
      tokenIssuer,
      clock,
      logger,
    });
    this.#ingresses = new IngressPublisher({ informers, topics: versioned, clock, logger });
    this.#services = new ServicesPublisher({ informers, topics: versioned, clock, logger });
    this.#peers = new PeersPublisher({ informers, topics: versioned, network });
  }

  /** What boards and pods use, as last heard; never stored. */
  get metrics(): Pick<BoardMetrics, 'nodes' | 'pods' | 'heartbeatAges'> {
    return this.#metrics;
  }

  /** What applications have published about objects. */
  get appMetrics(): Pick<AppMetrics, 'find' | 'series' | 'all'> {
    return this.#appMetrics;
  }

  /** Resolves once the first lists are there and all that is retained is on its way to the broker. */
  async start(): Promise<void> {
    const { bus, informers, kinds } = this.#options;
    // From a part of a list the set of a board would look like one that had shrunk.
    await Promise.all(kinds.map((kind) => informers.for(kind).whenSynced()));
    this.#unsubscribe = [
      bus.subscribe(nodeFilters.state, (message) => this.#state(message)),
      bus.subscribe(nodeFilters.heartbeat, (message) => this.#heartbeat(message)),
      this.#appMetrics.listen(bus),
      bus.subscribe(nodeFilters.images, (message) => this.#holds(message)),
      bus.subscribe(nodeFilters.metrics, (message) => this.#measured(message)),
      informers.for(nodes).subscribe({ onDelete: ({ metadata }) => this.#clear(metadata.name) }),
    ];
    // Boards may have come while the first lists were on their way.
    for (const message of bus.retained(nodeFilters.state)) this.#state(message);
    for (const message of bus.retained(nodeFilters.images)) this.#holds(message);
    await this.#registrar.start();
    await this.#leases.start();
    await this.#observed.start();
    await this.#mirrors.start();
    await this.#removals.start();
    this.#events.start();
    this.#objects.start();
    this.#peers.start();
    await this.#desired.start();
    await this.#services.start();
    await this.#ingresses.start();
  }

  async stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe();
    this.#presence.stop();
    this.#events.stop();
    this.#objects.stop();
    this.#peers.stop();
    const told = [this.#desired, this.#services, this.#ingresses];
    const written = [this.#registrar, this.#leases, this.#observed, this.#mirrors, this.#removals];
    const runners = [...written, ...told];
    await Promise.all(runners.map((runner) => runner.stop()));
  }

  /** NodeSessions: asks the board to dial back. Rejects `ServiceUnavailable` when it is not there. */
  async request(nodeName: string, request: SessionRequest): Promise<void> {
    if (!this.#presence.isOnline(nodeName)) {
      throw unavailable(`node "${nodeName}" is not connected: its board is off, or cannot reach the master`);
    }
    this.#options.bus.publish(topics.sessions(nodeName), request, PASSING);
  }

  #state({ topic, payload }: BusMessage): void {
    const [, node = ''] = levelsOf(topic) ?? [];
    const state = readState(decodeJson(payload));
    if (state) this.#presence.state(node, state);
    else if (payload.length > 0) this.#options.logger.warn({ node }, 'state of a board not understood');
  }

  #heartbeat({ topic, payload }: BusMessage): void {
    const [, node = ''] = levelsOf(topic) ?? [];
    const beat = readHeartbeat(decodeJson(payload));
    if (!beat || !this.#presence.beat(node, beat.session)) return;
    this.#metrics.beat(node, beat);
    this.#leases.heard(node);
  }

  #measured({ topic, payload }: BusMessage): void {
    const [, node = ''] = levelsOf(topic) ?? [];
    const metrics = readMetrics(decodeJson(payload));
    if (metrics && this.#presence.isCurrent(node, metrics.session)) this.#metrics.report(node, metrics);
  }

  #holds({ topic, payload }: BusMessage): void {
    const [, node = ''] = levelsOf(topic) ?? [];
    const held = readImages(decodeJson(payload));
    if (!held) return;
    this.#images.set(node, statusImages(held));
    this.#registrar.look(node);
  }

  /** What a deleted board had said is cleared; what it was told, the desired publisher takes back. */
  #clear(node: string): void {
    const { bus } = this.#options;
    this.#metrics.forget(node);
    this.#images.delete(node);
    const isDesired = (topic: string) => levelsOf(topic)?.[2] === 'desired';
    for (const { topic } of [...bus.retained(nodeFilters.allOf(node))]) {
      if (!isDesired(topic)) bus.publish(topic, undefined, RETAINED);
    }
  }
}
