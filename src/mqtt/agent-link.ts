// All that an agent has of the master, over one MQTT session: what is wanted of it, which Services and peers
// there are, and where its own reports go. Views keep their last complete set while the master is away.
import type { BoardCondition } from '../api/board-conditions.ts';
import type { SessionRequest } from '../api/session.ts';
import type { Clock } from '../base/clock.ts';
import type { Component } from '../base/component.ts';
import type { Logger } from '../base/logger.ts';
import { ChangeListeners } from './change-listeners.ts';
import { DesiredView } from './desired-view.ts';
import { EventOutbox, type OutgoingEvent } from './event-outbox.ts';
import { ImageReports } from './image-reports.ts';
import { IngressView } from './ingress-view.ts';
import { decodeJson } from './json-payload.ts';
import { LatestView } from './latest-view.ts';
import type { BusMessage } from './message-bus.ts';
import type {
  DesiredConfig,
  DesiredIndex,
  DesiredPod,
  DesiredSecret,
  DesiredVolume,
  Heartbeat,
  IngressIndex,
  IngressMessage,
  NetworkPeers,
  NodeBirth,
  NodeImages,
  NodeMetrics,
  NodeState,
  ObservedVolume,
  ServiceMessage,
  ServicesIndex,
  SliceMessage,
} from './messages.ts';
import { ObservedPublisher, type ObservedReport } from './observed-publisher.ts';
import { ServicesView } from './services-view.ts';
import type { Session } from './session.ts';
import { isDesiredSort, keyOfLevels, levelsOf, topics } from './topics.ts';
import { VolumeReports } from './volume-reports.ts';

export interface AgentLinkOptions {
  session: Session;
  clock: Clock;
  logger: Logger;
}

export class AgentLink implements Component {
  /** The kubelet's DesiredSource. */
  readonly desired = new DesiredView();
  readonly services = new ServicesView();
  /** Stays empty on a board that does not serve them. */
  readonly ingresses = new IngressView();
  readonly peers = new LatestView<NetworkPeers>();
  readonly #options: AgentLinkOptions;
  readonly #observed: ObservedPublisher;
  readonly #events: EventOutbox;
  readonly #volumes: VolumeReports;
  readonly #images: ImageReports;
  readonly #sessionRequests = new ChangeListeners<SessionRequest>();
  #presence: Pick<NodeState, 'birth' | 'problem' | 'conditions'> = {};
  readonly #conditions = new Map<string, BoardCondition[]>();
  #unsubscribe: (() => void)[] = [];

  constructor(options: AgentLinkOptions) {
    this.#options = options;
    const { session, clock, logger } = options;
    this.#observed = new ObservedPublisher({ node: session.node, bus: session, clock, logger });
    this.#events = new EventOutbox({ node: session.node, bus: session, clock, logger });
    this.#volumes = new VolumeReports({ node: session.node, bus: session, logger });
    this.#images = new ImageReports({ session, clock, logger });
  }

  /** Listens on the session, which is started and stopped by whoever made it (after this, before this). */
  async start(): Promise<void> {
    const { session } = this.#options;
    this.#unsubscribe = [
      session.onOpen(() => this.#beginSession()),
      session.onMessage((message) => this.#receive(message)),
    ];
    if (session.sessionId) this.#beginSession();
  }

  async stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe();
    this.#observed.stop();
  }

  /** StatusSink: latest wins; sent again, whole, at each new session. */
  report(pod: ObservedReport): void {
    this.#observed.report(pod);
  }

  /** What the board last said of each pod. */
  reports(): Iterable<ObservedReport> {
    return this.#observed.reports();
  }

  /** StatusSink: the master has let go of the pod. */
  forget(key: string): void {
    this.#observed.forget(key);
  }

  /** StatusSink: an event about a pod; kept, within bounds, while the master is away. */
  event(event: OutgoingEvent): void {
    this.#events.event(event);
  }

  /** VolumeSink: what became of the volumes that were to be removed; all of them. */
  reportVolumes(volumes: Readonly<Record<string, ObservedVolume>>): void {
    this.#volumes.report(volumes);
  }

  /** What the board holds; latest wins, sent again at each new session. */
  reportImages(images: Omit<NodeImages, 'session'>): void {
    this.#images.report(images);
  }

  /** What the other boards hold, by node; asked for now, as nobody needs it but at a pull. */
  imagesOfOthers(): Promise<ReadonlyMap<string, NodeImages>> {
    return this.#images.ofOthers();
  }

  /** What the board is; to be called at start and whenever an address or a figure changes. */
  setBirth(birth: NodeBirth): void {
    this.#presence = { ...this.#presence, birth };
    this.#options.session.setPresence(this.#presence);
  }

  /** What keeps the board from running pods; `undefined` = nothing any more. */
  setProblem(problem: NonNullable<NodeState['problem']> | undefined): void {
    const { problem: _, ...rest } = this.#presence;
    this.#presence = problem ? { ...rest, problem } : rest;
    this.#options.session.setPresence(this.#presence);
  }

  /** All conditions that `source` watches; to be called when one has flipped. */
  setConditions(source: 'health' | 'network', conditions: BoardCondition[]): void {
    this.#conditions.set(source, conditions);
    this.#presence = { ...this.#presence, conditions: [...this.#conditions.values()].flat() };
    this.#options.session.setPresence(this.#presence);
  }

  /** An event about the board itself. */
  boardEvent(event: Pick<OutgoingEvent, 'type' | 'reason' | 'message'>): void {
    this.#events.event({ kind: 'Node', key: this.#options.session.node, uid: '', ...event });
  }

  /** Sends one beat; without a session it is not sent, as a late beat says nothing. */
  heartbeat(beat: Omit<Heartbeat, 'session'>): void {
    this.#pass(topics.heartbeat(this.#options.session.node), beat);
  }

  /** Sends what the containers use; as a beat. */
  metrics(metrics: Omit<NodeMetrics, 'session'>): void {
    this.#pass(topics.metrics(this.#options.session.node), metrics);
  }

  #pass(topic: string, message: object): void {
    const { session, logger } = this.#options;
    const { sessionId } = session;
    if (!sessionId) return;
    session
      .publish(topic, { session: sessionId, ...message }, { retain: false, qos: 0 })
      .catch((error: unknown) => logger.debug({ err: error, topic }, 'figures of this board not sent'));
  }

  /** `listener` is asked to dial back and serve a stream; returns the way to unsubscribe. */
  onSessionRequest(listener: (request: SessionRequest) => void): () => void {
    return this.#sessionRequests.add(listener);
  }

  #beginSession(): void {
    this.desired.beginSession();
    this.services.beginSession();
    this.ingresses.beginSession();
    this.#observed.beginSession();
    this.#events.flush();
    this.#volumes.beginSession();
    this.#images.beginSession();
  }

  #receive({ topic, payload }: BusMessage): void {
    const message = decodeJson(payload);
    const levels = levelsOf(topic) ?? [];
    if (message) this.#dispatch(levels, message);
    else if (payload.length === 0) this.#removed(levels);
    else this.#options.logger.warn({ topic }, 'a message of the master is not JSON, ignored');
  }

  /** An empty payload is a topic that went away; only the index says what belongs to a set. */
  #removed([area, ...levels]: string[]): void {
    const [, , sort, ...key] = levels;
    if (area === 'services') this.services.removed(levels.join('/'));
    else if (isDesiredSort(sort)) this.desired.removed(sort, keyOfLevels(key[0] ?? '', key[1] ?? ''));
    else if (area === 'ingress') this.ingresses.removed(levels.join('/'));
  }

  /** The master is trusted and versioned with us: its messages are taken to be what their topic says. */
  #dispatch([area, first, second, sort]: string[], message: unknown): void {
    if (area === 'services') {
      if (first === 'index' && second === undefined) this.services.index(message as ServicesIndex);
      else this.services.put(message as ServiceMessage | SliceMessage);
    } else if (area === 'ingress') {
      if (second === undefined) this.ingresses.index(message as IngressIndex);
      else this.ingresses.put(message as IngressMessage);
    } else if (area === 'network') this.peers.put(message as NetworkPeers);
    else if (second === 'sessions') this.#sessionRequests.notify(message as SessionRequest);
    else if (second === 'images') this.#images.put(first ?? '', message as NodeImages);
    else if (second === 'desired') this.#desired(sort, message);
  }

  #desired(sort: string | undefined, message: unknown): void {
    if (sort === 'index') this.desired.index(message as DesiredIndex);
    else if (sort === 'pods') this.desired.pod(message as DesiredPod);
    else if (sort === 'configs') this.desired.config(message as DesiredConfig);
    else if (sort === 'secrets') this.desired.secret(message as DesiredSecret);
    else if (sort === 'volumes') this.desired.volume(message as DesiredVolume);
  }
}
