// A real broker over TLS on loopback with a CA of its own, and raw clients to try it with.
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import type { Test } from 'tap';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { Broker, type BrokerOptions } from '../../src/mqtt/broker.ts';
import { Session, type SessionOptions } from '../../src/mqtt/session.ts';
import { type CertificateAuthority, openAuthority } from '../../src/pki/certificate-authority.ts';
import type { TlsIdentity } from '../../src/pki/identity-file.ts';

export interface Received {
  topic: string;
  text: string;
  retain: boolean;
}

export interface RawClient {
  mqtt: MqttClient;
  received: Received[];
}

export class MqttLab {
  readonly #t: Test;
  readonly #authority: CertificateAuthority;
  readonly #options: BrokerOptions;
  readonly #identities = new Map<string, TlsIdentity>();
  #broker: Broker;

  private constructor(t: Test, authority: CertificateAuthority, options: BrokerOptions) {
    this.#t = t;
    this.#authority = authority;
    this.#options = options;
    this.#broker = new Broker(options);
  }

  static async start(t: Test, options: Partial<BrokerOptions> = {}): Promise<MqttLab> {
    const folder = await mkdtemp(join(tmpdir(), 'edge-mqtt-'));
    t.teardown(() => rm(folder, { recursive: true, force: true }));
    const authority = await openAuthority(folder, systemClock);
    const server = await authority.issue({
      commonName: 'edge-master',
      usage: 'server',
      ipAddresses: ['127.0.0.1'],
    });
    const lab = new MqttLab(t, authority, {
      tls: { key: server.keyPem, cert: server.certificatePem, ca: authority.certificatePem },
      nodes: { host: '127.0.0.1', port: 0 },
      inspectPort: 0,
      clock: systemClock,
      logger: silentLogger,
      ...options,
    });
    await lab.broker.start();
    t.teardown(() => lab.broker.stop());
    return lab;
  }

  get broker(): Broker {
    return this.#broker;
  }

  /** A new process of the master, which remembers nothing, on the port of the old one. */
  async restart(port: number): Promise<void> {
    this.#broker = new Broker({ ...this.#options, nodes: { host: '127.0.0.1', port } });
    await this.#broker.start();
  }

  async tls(node: string): Promise<{ key: string; cert: string; ca: string }> {
    const known = this.#identities.get(node);
    const commonName = `system:node:${node}`;
    const identity = known ?? (await this.#authority.issue({ commonName, usage: 'client' }));
    this.#identities.set(node, identity);
    return { key: identity.keyPem, cert: identity.certificatePem, ca: this.#authority.certificatePem };
  }

  /** Our own agent's session, not started. */
  async session(node: string, more: Partial<SessionOptions> = {}): Promise<Session> {
    const { port } = this.broker;
    const tls = await this.tls(node);
    const session = new Session({
      node,
      host: '127.0.0.1',
      port,
      tls,
      clock: systemClock,
      logger: silentLogger,
      ...more,
    });
    this.#t.teardown(() => session.stop());
    return session;
  }

  /** A stranger's MQTT client with the node's certificate, connected. */
  async client(node: string, options: IClientOptions = {}): Promise<RawClient> {
    const tls = await this.tls(node);
    return this.#connect({
      protocol: 'mqtts',
      port: this.broker.port,
      clientId: node,
      keepalive: 3,
      ...tls,
      ...options,
    });
  }

  /** An application's MQTT client: no certificate, its pod's token as the password. */
  application(password: string, options: IClientOptions = {}): Promise<RawClient> {
    const { port } = this.broker;
    const ca = this.#authority.certificatePem;
    return this.#connect({ protocol: 'mqtts', port, ca, username: 'pod', password, ...options });
  }

  /** A person's MQTT client on the inspect listener, connected. */
  inspector(options: IClientOptions = {}): Promise<RawClient> {
    return this.#connect({ protocol: 'mqtt', port: this.broker.inspectPort, ...options });
  }

  /** A bare TLS socket with the node's certificate. */
  async socket(node: string): Promise<TLSSocket> {
    const socket = connect({ host: '127.0.0.1', port: this.broker.port, ...(await this.tls(node)) });
    this.#t.teardown(() => socket.destroy());
    await once(socket, 'secureConnect');
    return socket;
  }

  async #connect(options: IClientOptions): Promise<RawClient> {
    const client = mqtt.connect({ host: '127.0.0.1', reconnectPeriod: 0, connectTimeout: 5000, ...options });
    this.#t.teardown(() => client.endAsync(true));
    const received: Received[] = [];
    client.on('message', (topic, payload, { retain }) =>
      received.push({ topic, text: String(payload), retain }),
    );
    const connected = Promise.withResolvers<void>();
    client.on('connect', () => connected.resolve());
    client.on('error', () => {});
    client.on('close', () => connected.reject(new Error('refused')));
    await connected.promise;
    return { mqtt: client, received };
  }
}
