// The questions that aedes asks about every client, answered from the table in access.ts: who is this, may it
// write there, may it read that. What a board may not write is dropped and logged, not punished by a broken
// connection: a newer agent must not fall into a reconnect loop over one topic. People are told by a close.
import type { TLSSocket } from 'node:tls';
import type { AedesOptions, AedesPublishPacket, Client } from 'aedes';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { mayPublish, mayReceive, maySubscribe, type NodePeer, type Peer, type PodPeer } from './access.ts';
import { Backlog } from './backlog.ts';
import type { BrokerLimits } from './broker-limits.ts';
import { decodeJson, encodeJson } from './json-payload.ts';
import { maskEnvironment } from './masking.ts';
import type { RetainedStore } from './retained-store.ts';
import { nodeFilters } from './topics.ts';

const NODE_USER = 'system:node:';
/** Where dropped messages go: nobody may subscribe to `$` topics. */
const NOWHERE = '$SYS/dropped';

type PreConnect = NonNullable<AedesOptions['preConnect']>;
type Authenticate = NonNullable<AedesOptions['authenticate']>;
type AuthorizePublish = NonNullable<AedesOptions['authorizePublish']>;
type AuthorizeSubscribe = NonNullable<AedesOptions['authorizeSubscribe']>;

/** `undefined` for a token that opens nothing. */
export type PodOf = (token: string) => PodPeer | undefined;

interface Known {
  peer: Peer;
  backlog: Backlog;
  /** Of an application: what it came with, and when that was last looked at. */
  token?: { text: string; checkedMs: number };
}

/** A token ends, and so may its pod, while the connection is open. */
const TOKEN_CHECK_MS = 30_000;

export interface GatekeeperOptions {
  limits: BrokerLimits;
  store: RetainedStore;
  clock: Clock;
  logger: Logger;
  /** Who a pod's token stands for; without it no application is let in. */
  podOf?: PodOf | undefined;
}

export class Gatekeeper {
  readonly #options: GatekeeperOptions;
  /** Connections that came over the inspect listener. */
  readonly #inspectors = new WeakSet<object>();
  readonly #known = new WeakMap<object, Known>();
  /** Topics whose refusal was logged, per connection: once is enough. */
  readonly #logged = new WeakMap<object, Set<string>>();
  /** Connections over TLS that showed no certificate. */
  readonly #applications = new WeakSet<object>();
  #guestCount = 0;

  constructor(options: GatekeeperOptions) {
    this.#options = options;
  }

  /** To be called before the connection is handed to aedes. */
  expectInspector(connection: object): void {
    this.#inspectors.add(connection);
  }

  /** To be called before the connection is handed to aedes. */
  expectApplication(connection: object): void {
    this.#applications.add(connection);
  }

  readonly preConnect: PreConnect = (client, packet, callback) => {
    // Every session is clean: retained topics and the index say more than a queue of old messages could.
    packet.clean = true;
    if (this.#inspectors.has(client.conn)) {
      this.#makeGuest(packet, 'inspect');
      return callback(null, true);
    }
    if (this.#applications.has(client.conn)) {
      this.#makeGuest(packet, 'pod');
      return callback(null, true);
    }
    const keepalive = packet.keepalive ?? 0;
    const max = this.#options.limits.maxNodeKeepaliveSeconds;
    if (keepalive > 0 && keepalive <= max) return callback(null, true);
    callback(new Error(`keep-alive must be 1 to ${max} seconds, got ${keepalive}`), false);
  };

  readonly authenticate: Authenticate = (client, _user, password, done) => {
    const text = this.#applications.has(client.conn) ? String(password ?? '') : undefined;
    const peer = text === undefined ? this.#identify(client) : this.#options.podOf?.(text);
    if (!peer) return done(null, false);
    const backlog = new Backlog(this.#options.limits.backlog);
    const checkedMs = this.#options.clock.monotonicMs();
    this.#known.set(client, { peer, backlog, ...(text === undefined ? {} : { token: { text, checkedMs } }) });
    done(null, true);
  };

  readonly authorizePublish: AuthorizePublish = (client, packet, callback) => {
    const known = client ? this.#known.get(client) : undefined;
    if (!client || !known) return callback(new Error('unknown client'));
    if (known.peer.role === 'inspect') return callback(new Error('this listener is for reading only'));
    if (known.peer.role === 'pod') return callback(this.#refusal(known, packet));
    const retention = packet.qos === 2 ? undefined : mayPublish(known.peer, packet.topic);
    const isOneTooMany = retention === 'retained' && this.#keepsTooMany(known.peer, packet);
    if (retention && !isOneTooMany) packet.retain = retention === 'retained';
    else this.#drop(client, known.peer, packet);
    callback(null);
  };

  readonly authorizeSubscribe: AuthorizeSubscribe = (client, subscription, callback) => {
    const isPod = this.#known.get(client)?.peer.role === 'pod';
    if (isPod || !this.#known.has(client) || !maySubscribe(subscription.topic)) return callback(null, null);
    // The master sends nothing above QoS 1.
    callback(null, { ...subscription, qos: subscription.qos === 0 ? 0 : 1 });
  };

  readonly authorizeForward = (
    client: Client,
    packet: AedesPublishPacket,
  ): AedesPublishPacket | undefined => {
    const known = this.#known.get(client);
    if (!known) return undefined;
    const reading = mayReceive(known.peer, packet.topic);
    if (reading === 'no' || this.#isDropped(client, known.backlog)) return undefined;
    return reading === 'masked' ? masked(packet) : packet;
  };

  /** ':' is in no node's name, so nobody can push a board out by taking its client id. */
  #makeGuest(packet: { clientId?: string; will?: unknown }, role: 'inspect' | 'pod'): void {
    this.#guestCount += 1;
    packet.clientId = `${role}:${this.#guestCount}`;
    packet.will = undefined;
  }

  /** Of an application's publish: closing the connection is the only way to tell it. */
  #refusal(known: Known, packet: { topic: string; retain: boolean; qos: number }): Error | null {
    const peer = this.#currentPod(known);
    if (!peer) return new Error('the token is over, or its pod is');
    packet.retain = false;
    if (packet.qos < 2 && mayPublish(peer, packet.topic)) return null;
    this.#options.logger.warn(
      { pod: `${peer.namespace}/${peer.name}`, topic: packet.topic },
      'MQTT message of an application refused: not its own to write',
    );
    return new Error('not yours to write');
  }

  #currentPod(known: Known): PodPeer | undefined {
    const { token, peer } = known;
    const nowMs = this.#options.clock.monotonicMs();
    if (peer.role === 'pod' && token && nowMs - token.checkedMs < TOKEN_CHECK_MS) return peer;
    const renewed = token && this.#options.podOf?.(token.text);
    if (!token || !renewed) return undefined;
    token.checkedMs = nowMs;
    known.peer = renewed;
    return renewed;
  }

  #identify(client: Client): Peer | undefined {
    if (this.#inspectors.has(client.conn)) return { role: 'inspect' };
    const socket = client.conn as TLSSocket;
    const name = socket.authorized ? socket.getPeerCertificate().subject?.CN : undefined;
    const node = typeof name === 'string' && name.startsWith(NODE_USER) ? name.slice(NODE_USER.length) : '';
    if (node !== '' && node === client.id) return { role: 'node', node };
    this.#options.logger.warn(
      { clientId: client.id, name },
      'MQTT client refused: not the name in its certificate',
    );
    return undefined;
  }

  /** Whether a board that keeps as much as it may would keep one more. */
  #keepsTooMany(
    { node }: NodePeer,
    { topic, payload }: { topic: string; payload: string | Buffer },
  ): boolean {
    const { store, limits } = this.#options;
    if (payload.length === 0 || store.get(topic)) return false;
    let kept = 0;
    for (const _ of store.match(nodeFilters.observedOf(node))) kept += 1;
    return kept >= limits.maxRetainedPerNode;
  }

  #drop(
    client: Client,
    peer: Peer,
    packet: { topic: string; payload: string | Buffer; retain: boolean },
  ): void {
    const logged = this.#logged.get(client) ?? new Set();
    this.#logged.set(client, logged);
    if (logged.size < 20 && !logged.has(packet.topic)) {
      logged.add(packet.topic);
      this.#options.logger.warn(
        { peer, topic: packet.topic },
        'MQTT message dropped: not theirs to write, or more than a board may keep',
      );
    }
    packet.topic = NOWHERE;
    packet.payload = Buffer.alloc(0);
    packet.retain = false;
  }

  #isDropped(client: Client, backlog: Backlog): boolean {
    const queuedBytes = client.conn.writableLength;
    if (!backlog.isTooLong(queuedBytes, this.#options.clock.monotonicMs())) return false;
    if (!client.conn.destroyed) {
      this.#options.logger.warn(
        { clientId: client.id, queuedBytes },
        'MQTT client dropped: it reads too slowly',
      );
      client.conn.destroy();
    }
    return true;
  }
}

function masked(packet: AedesPublishPacket): AedesPublishPacket | undefined {
  const message = decodeJson(Buffer.from(packet.payload));
  if (packet.payload.length > 0 && !message) return undefined;
  return { ...packet, payload: encodeJson(message && maskEnvironment(message)) };
}
