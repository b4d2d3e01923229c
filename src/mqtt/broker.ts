// The embedded MQTT broker: aedes behind a TLS listener for boards and a plain loopback listener for people,
// with the authority of access.ts, the limits of broker-limits.ts and a bus for the master's own rooms.
import { createServer as createPlainServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { Aedes, type AedesPublishPacket } from 'aedes';
import { writeToStream } from 'mqtt-packet';
import type { Clock } from '../base/clock.ts';
import type { Component } from '../base/component.ts';
import { closeServer, type ListenAddress, listen, OpenSockets, portOf } from '../base/listener.ts';
import type { Logger } from '../base/logger.ts';
import { type Metric, single } from '../base/metrics/metric.ts';
import { type BrokerLimits, defaultBrokerLimits } from './broker-limits.ts';
import { FanOut } from './fan-out.ts';
import { Gatekeeper, type PodOf } from './gatekeeper.ts';
import { encodeJson } from './json-payload.ts';
import type { BusMessage, MessageBus, PublishOptions } from './message-bus.ts';
import { PacketLimit } from './packet-limit.ts';
import { RetainedStore } from './retained-store.ts';

/** PEM. Clients must show a certificate of this CA. */
export interface BrokerTls {
  key: string | Buffer;
  cert: string | Buffer;
  ca: string | Buffer;
}

export interface BrokerOptions {
  tls: BrokerTls;
  /** Where boards connect. */
  nodes: ListenAddress;
  /** Port of the read-only listener on 127.0.0.1; absent = off. */
  inspectPort?: number | undefined;
  limits?: BrokerLimits;
  /** Who a pod's token stands for; without it only boards are let in. */
  podOf?: PodOf | undefined;
  clock: Clock;
  logger: Logger;
}

/** aedes beats to itself for clusters of brokers and looks for their wills; we have one. Its timers wake hourly. */
const AEDES_HEARTBEAT_MS = 3_600_000;

const APPLICATION_PROBE_MS = 60_000;

export class Broker implements Component, MessageBus {
  readonly #options: BrokerOptions;
  readonly #limits: BrokerLimits;
  readonly #store = new RetainedStore();
  readonly #fanOut = new FanOut();
  readonly #gatekeeper: Gatekeeper;
  readonly #aedes: Aedes;
  readonly #sockets = new OpenSockets();
  #nodeServer: Server | undefined;
  #inspectServer: Server | undefined;
  #applicationCount = 0;

  constructor(options: BrokerOptions) {
    this.#options = options;
    this.#limits = options.limits ?? defaultBrokerLimits;
    const { clock, logger, podOf } = options;
    this.#gatekeeper = new Gatekeeper({ limits: this.#limits, store: this.#store, podOf, clock, logger });
    this.#aedes = new Aedes(this.#aedesOptions());
  }

  /** Port that boards connect to; throws before start(). */
  get port(): number {
    return portOf(this.#nodeServer ?? notOpen());
  }

  /** Port of the inspect listener; throws when it is off or before start(). */
  get inspectPort(): number {
    return portOf(this.#inspectServer ?? notOpen());
  }

  metrics(): Metric[] {
    const { connectedClients } = this.#aedes;
    return [
      single('gauge', 'edge_broker_clients', 'Clients that are connected.', connectedClients),
      single('counter', 'edge_broker_messages_total', 'Messages that were published.', this.#fanOut.count),
      single('gauge', 'edge_broker_retained_messages', 'Topics with a retained message.', this.#store.size),
    ];
  }

  /** Rejects when a port cannot be had; nothing is left open then. */
  async start(): Promise<void> {
    // A Buffer for each of the 65,536 numbers that a packet may carry, made with the first packet: 16 to 23 MB.
    writeToStream.cacheNumbers = false;
    this.#aedes.on('clientError', (client, error) => this.#logLost(client.id, error));
    this.#aedes.on('connectionError', (client, error) => this.#logLost(client.id, error));
    await this.#aedes.listen();
    try {
      await this.#openNodes();
      await this.#openInspect();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** The broker cannot be started again: aedes ends with it. */
  async stop(): Promise<void> {
    const servers = [this.#nodeServer, this.#inspectServer].filter((server) => server?.listening);
    const closing = servers.map((server) => server && closeServer(server));
    await new Promise<void>((resolve) => this.#aedes.close(resolve));
    this.#sockets.destroyAll();
    await Promise.all(closing);
  }

  publish(topic: string, message: object | undefined, { retain, qos }: PublishOptions): void {
    const packet = { cmd: 'publish', topic, payload: encodeJson(message), retain, qos, dup: false } as const;
    this.#aedes.publish(packet, (error) => {
      if (error) this.#options.logger.error({ err: error, topic }, 'MQTT message could not be published');
    });
  }

  subscribe(filter: string, handler: (message: BusMessage) => void): () => void {
    const deliver = ({ topic, payload }: AedesPublishPacket, done: () => void) => {
      this.#guard(topic, () => handler({ topic, payload: bytesOf(payload) }));
      done();
    };
    this.#fanOut.on(filter, deliver);
    return () => void this.#fanOut.removeListener(filter, deliver);
  }

  *retained(filter: string): Iterable<BusMessage> {
    for (const { topic, payload } of this.#store.match(filter)) yield { topic, payload: bytesOf(payload) };
  }

  #aedesOptions() {
    const { preConnect, authenticate, authorizePublish, authorizeSubscribe, authorizeForward } =
      this.#gatekeeper;
    return {
      mq: this.#fanOut,
      persistence: this.#store,
      heartbeatInterval: AEDES_HEARTBEAT_MS,
      drainTimeout: this.#limits.drainTimeoutMs,
      connectTimeout: this.#limits.connectTimeoutMs,
      queueLimit: this.#limits.queueLimit,
      maxTopicLevels: this.#limits.maxTopicLevels,
      preConnect,
      authenticate,
      authorizePublish,
      authorizeSubscribe,
      authorizeForward,
    };
  }

  async #openNodes(): Promise<void> {
    const { tls, nodes } = this.#options;
    const server = createTlsServer({
      ...tls,
      requestCert: true,
      // Applications have a token instead: #acceptTls looks at what was shown.
      rejectUnauthorized: false,
      handshakeTimeout: this.#limits.connectTimeoutMs,
      noDelay: true,
      minVersion: 'TLSv1.2',
    });
    server.maxConnections = this.#limits.maxNodeConnections + this.#limits.maxAppConnections;
    server.on('connection', (socket: Socket) => this.#sockets.add(socket));
    server.on('tlsClientError', (error) =>
      this.#options.logger.debug({ err: error }, 'MQTT handshake failed'),
    );
    server.on('secureConnection', (socket) => this.#acceptTls(socket));
    this.#nodeServer = server;
    await listen(server, nodes, 'the MQTT broker');
  }

  async #openInspect(): Promise<void> {
    const port = this.#options.inspectPort;
    if (port === undefined) return;
    const server = createPlainServer({ noDelay: true });
    server.maxConnections = this.#limits.maxInspectConnections;
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      this.#gatekeeper.expectInspector(socket);
      this.#accept(socket);
    });
    this.#inspectServer = server;
    await listen(server, { host: '127.0.0.1', port }, 'the read-only MQTT listener');
  }

  /** A certificate must be of our CA; without one it takes a token, and a place among the applications. */
  #acceptTls(socket: TLSSocket): void {
    if (socket.authorized) {
      this.#accept(socket);
      return;
    }
    const hasCertificate = socket.getPeerCertificate().raw !== undefined;
    const isFull = this.#applicationCount >= this.#limits.maxAppConnections;
    if (hasCertificate || isFull || !this.#options.podOf) {
      this.#options.logger.debug({ isFull, hasCertificate }, 'MQTT connection refused');
      socket.destroy();
      return;
    }
    this.#applicationCount += 1;
    socket.once('close', () => {
      this.#applicationCount -= 1;
    });
    // Its pod's board may lose power: the place is free again after some minutes.
    socket.setKeepAlive(true, APPLICATION_PROBE_MS);
    this.#gatekeeper.expectApplication(socket);
    this.#accept(socket);
  }

  #accept(socket: Socket): void {
    this.#aedes.handle(socket);
    const limit = new PacketLimit(this.#limits.maxPacketBytes);
    // aedes reads by 'readable', so this only looks on: 'data' then tells of what read() takes.
    socket.on('data', (chunk: Buffer) => {
      if (!limit.accepts(chunk)) socket.destroy(new Error('packet too large'));
    });
  }

  #logLost(clientId: string, error: Error): void {
    this.#options.logger.debug({ clientId, err: error }, 'MQTT client lost');
  }

  #guard(topic: string, call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#options.logger.error({ err: error, topic }, 'a handler of MQTT messages failed');
    }
  }
}

const bytesOf = (payload: string | Buffer) => (typeof payload === 'string' ? Buffer.from(payload) : payload);

function notOpen(): never {
  throw new Error('the listener is not open');
}
