// The agent's end of the MQTT link. Every connection is a new session with a random id, in its last will too,
// so that the master can tell an old session's end from the new one's. Lost connections are made again with
// jittered back-off, from 1 to 3 s, so that boards that lost their master together do not return together.
import { randomUUID } from 'node:crypto';
import { connect as connectTls } from 'node:tls';
import type { IClientOptions, MqttClient } from 'mqtt';
import mqtt from 'mqtt/dist/mqtt.esm';
import { exponentialBackoffMs, jitteredMs } from '../base/backoff.ts';
import { certificateTimeMessage, endedAt, isCertificateTimeProblem } from '../base/certificate-time.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { Component } from '../base/component.ts';
import type { Logger } from '../base/logger.ts';
import type { AgentBus } from './agent-bus.ts';
import { ChangeListeners } from './change-listeners.ts';
import { encodeJson, jsonText } from './json-payload.ts';
import type { BusMessage, PublishOptions } from './message-bus.ts';
import { RETAINED } from './message-bus.ts';
import type { NodeState } from './messages.ts';
import { agentFilters, topics } from './topics.ts';

/** PEM; `servername` is the name that the master's certificate must carry, the host unless given. */
export interface SessionTls {
  key: string | Buffer;
  cert: string | Buffer;
  ca: string | Buffer;
  servername?: string;
}

export interface SessionOptions {
  /** Must be the name in the certificate, which is `system:node:<node>`. */
  node: string;
  host: string;
  port: number;
  tls: SessionTls;
  /** It is told of Ingresses, too. */
  servesIngress?: boolean;
  clock: Clock;
  logger: Logger;
}

/** What the board says of itself in its state; the session adds the rest. */
type Presence = Pick<NodeState, 'birth' | 'problem' | 'conditions'>;

/** The broker gives up on a silent board after 1.5 times this: 4.5 s after a pulled cable. */
const KEEPALIVE_SECONDS = 3;
/** What each of two answers may take when the board goes. */
const GOODBYE_MS = 1_000;
const CONNECT_TIMEOUT_MS = 5_000;
/** A board that is back must be heard of within 10 s, so the longest wait and one lost try have to fit in. */
const RECONNECT_BACKOFF = { initialMs: 1000, maxMs: 3_000 };

interface Connection {
  id: string;
  client: MqttClient;
}

export class Session implements Component, AgentBus {
  readonly #options: SessionOptions;
  readonly #opened = new ChangeListeners<string>();
  readonly #closed = new ChangeListeners<string>();
  readonly #messages = new ChangeListeners<BusMessage>();
  #presence: Presence = {};
  #connection: Connection | undefined;
  #openId: string | undefined;
  #retry: Timer | undefined;
  #failures = 0;
  #isWanted = false;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  get node(): string {
    return this.#options.node;
  }

  get sessionId(): string | undefined {
    return this.#openId;
  }

  onOpen(listener: (sessionId: string) => void): () => void {
    return this.#opened.add(listener);
  }

  onClose(listener: (sessionId: string) => void): () => void {
    return this.#closed.add(listener);
  }

  onMessage(listener: (message: BusMessage) => void): () => void {
    return this.#messages.add(listener);
  }

  /** Begins to connect and returns at once: a board starts its pods with no master in sight. */
  async start(): Promise<void> {
    this.reopen();
  }

  /** Says goodbye (a state of `online: false`) where it can, and stays away until {@link reopen}. */
  async stop(): Promise<void> {
    this.#isWanted = false;
    this.#retry?.cancel();
    const connection = this.#connection;
    if (!connection) return;
    if (this.#openId) await this.#sayGoodbye(connection);
    this.#lost(connection, 'closed by this board');
    await new Promise<void>((resolve) => connection.client.end(true, () => resolve()));
  }

  reopen(): void {
    if (this.#isWanted) return;
    this.#isWanted = true;
    this.#connect();
  }

  /** Published now where a session is open, and first of all in every later one. */
  setPresence(presence: Presence): void {
    this.#presence = presence;
    const id = this.#openId;
    if (id) this.#publishState({ online: true, session: id, ...presence });
  }

  publish(topic: string, message: object | undefined, { retain, qos }: PublishOptions): Promise<void> {
    const client = this.#openId ? this.#connection?.client : undefined;
    if (!client) return Promise.reject(new Error('no MQTT session is open'));
    return new Promise((resolve, reject) => {
      // As text: of a Buffer MQTT.js copies all the memory that it is a part of, and warns of how it does so.
      client.publish(topic, jsonText(message), { retain, qos }, (error) =>
        error ? reject(error) : resolve(),
      );
    });
  }

  /** Rejects without a session. What is retained comes to {@link onMessage} after this has resolved. */
  subscribe(filter: string): Promise<void> {
    return this.#ask((client, done) => client.subscribe(filter, { qos: 1 }, done));
  }

  unsubscribe(filter: string): Promise<void> {
    return this.#ask((client, done) => client.unsubscribe(filter, done));
  }

  #ask(ask: (client: MqttClient, done: (error?: Error | null) => void) => void): Promise<void> {
    const client = this.#openId ? this.#connection?.client : undefined;
    if (!client) return Promise.reject(new Error('no MQTT session is open'));
    return new Promise((resolve, reject) => {
      ask(client, (error) => (error ? reject(error) : resolve()));
    });
  }

  #connect(): void {
    const id = randomUUID();
    const client = new mqtt.MqttClient((client) => this.#openSocket(client), this.#clientOptions(id));
    const connection = { id, client };
    this.#connection = connection;
    let failure: Error | undefined;
    client.on('connect', () => this.#ready(connection));
    client.on('message', (topic, payload) => {
      if (this.#connection === connection) this.#messages.notify({ topic, payload });
    });
    client.on('error', (error) => {
      failure = error;
    });
    client.on('close', () => this.#lost(connection, this.#reasonOf(failure)));
  }

  /** A master that does not take this board's certificate closes the connection and says nothing. */
  #reasonOf(error: Error | undefined): string {
    const { clock, tls } = this.#options;
    const nowMs = clock.now();
    if (isCertificateTimeProblem(error)) return certificateTimeMessage("the master's certificate", nowMs);
    const end = endedAt(tls.cert, nowMs);
    if (end) {
      const remedy = 'set the clock if that is wrong, else start its agent with --token for a new one';
      return `this board's certificate ended at ${end}, and its clock shows ${new Date(nowMs).toISOString()}: ${remedy}`;
    }
    return error?.message ?? 'the connection was closed';
  }

  #openSocket(client: MqttClient) {
    const { host, port, tls } = this.#options;
    const socket = connectTls({ host, port, ...tls, rejectUnauthorized: true, minVersion: 'TLSv1.2' });
    socket.setNoDelay(true);
    // MQTT.js hears only of some socket errors: the others have to end the try just the same.
    socket.on('error', (error) => client.emit('error', error));
    return socket;
  }

  #clientOptions(id: string): IClientOptions {
    const offline: NodeState = { online: false, session: id };
    return {
      clientId: this.#options.node,
      protocolVersion: 4,
      protocolId: 'MQTT',
      clean: true,
      keepalive: KEEPALIVE_SECONDS,
      timerVariant: 'native',
      connectTimeout: CONNECT_TIMEOUT_MS,
      reconnectPeriod: 0,
      resubscribe: false,
      queueQoSZero: false,
      // As the broker: its table of all numbers would be the agent's largest object.
      writeCache: false,
      will: { topic: topics.state(this.#options.node), payload: encodeJson(offline), retain: true, qos: 1 },
    };
  }

  #ready(connection: Connection): void {
    if (this.#connection !== connection || !this.#isWanted) return;
    this.#failures = 0;
    this.#openId = connection.id;
    this.#options.logger.info({ session: connection.id }, 'MQTT session open');
    // First of all, because the master takes nothing from a session that it has not been told of.
    this.#publishState({ online: true, session: connection.id, ...this.#presence });
    this.#opened.notify(connection.id);
    connection.client.subscribe(
      agentFilters(this.#options.node, this.#options.servesIngress ?? false),
      { qos: 1 },
      (error) => {
        if (!error) return;
        this.#options.logger.warn({ err: error }, 'MQTT subscription failed, connecting again');
        connection.client.end(true);
      },
    );
  }

  #lost(connection: Connection, why: string): void {
    if (this.#connection !== connection) return;
    const id = this.#openId;
    this.#connection = undefined;
    this.#openId = undefined;
    connection.client.end(true);
    if (id) this.#closed.notify(id);
    if (this.#isWanted) this.#retryLater(why);
  }

  #retryLater(why: string): void {
    const { clock, logger, host, port } = this.#options;
    this.#failures += 1;
    const delayMs = Math.round(jitteredMs(exponentialBackoffMs(RECONNECT_BACKOFF, this.#failures)));
    logger.warn({ host, port, why, delayMs }, 'no MQTT session with the master, trying again');
    this.#retry = clock.after(delayMs, () => this.#connect());
  }

  #publishState(state: NodeState): void {
    this.publish(topics.state(this.#options.node), state, RETAINED).catch((error: unknown) =>
      this.#options.logger.debug({ err: error }, 'state not published: the next session says it'),
    );
  }

  /** A master that hangs, or goes at the same time as a board that is shut down, is not waited for. */
  async #sayGoodbye({ id, client }: Connection): Promise<void> {
    const goodbye = this.publish(topics.state(this.#options.node), { online: false, session: id }, RETAINED);
    const closed = new Promise<void>((resolve) => client.once('close', () => resolve()));
    await this.#orGiveUp(Promise.race([closed, goodbye.catch(() => closed)]));
    // DISCONNECT makes the broker forget the will (MQTT 3.1.1, 3.14.4). MQTT.js sends it once all else is answered.
    await this.#orGiveUp(new Promise<void>((resolve) => client.end(false, () => resolve())));
    client.stream.destroy();
  }

  async #orGiveUp(done: Promise<void>): Promise<void> {
    let timer: Timer | undefined;
    const late = new Promise<void>((resolve) => {
      timer = this.#options.clock.after(GOODBYE_MS, resolve);
    });
    await Promise.race([done, late]);
    timer?.cancel();
  }
}
