// A real API server over HTTPS on loopback, on a store in memory unless said, with a CA of its own and a client to ask
// it with.
import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unavailable } from '../../src/api/status-error.ts';
import { ApiServer, type ApiServerOptions } from '../../src/apiserver/api-server.ts';
import { systemClock } from '../../src/base/clock.ts';
import { defaultClusterNetwork } from '../../src/base/cluster-network.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { type CertificateAuthority, openAuthority } from '../../src/pki/certificate-authority.ts';
import type { TlsIdentity } from '../../src/pki/identity-file.ts';
import { signNodeRequest } from '../../src/pki/node-certificate.ts';
import type { Engine } from '../../src/store/engine.ts';
import { LevelStore } from '../../src/store/level-store.ts';
import { MemoryEngine } from './memory-engine.ts';

export interface Answer {
  code: number;
  headers: IncomingHttpHeaders;
  bytes: Buffer;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever the server sent.
  json: any;
}

export interface AskOptions {
  /** Sent as it is when text or bytes, else as JSON. */
  body?: unknown;
  headers?: Record<string, string>;
  /** Whose certificate; the administrator's unless said, `null` = none. */
  as?: TlsIdentity | null;
}

export interface TestApiServer {
  readonly server: ApiServer;
  readonly store: LevelStore;
  authority: CertificateAuthority;
  admin: TlsIdentity;
  readonly url: string;
  /** One request, read to its end. */
  ask(method: string, path: string, options?: AskOptions): Promise<Answer>;
  /** The answer as it begins; the caller reads or destroys it. */
  open(method: string, path: string, options?: AskOptions): Promise<IncomingMessage>;
  /** A watch's events as they come. */
  watch(path: string): Promise<WatchedEvents>;
  /** Ends API server and store and starts both on the same data, at another port. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface WatchedEvents {
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever the server sent.
  events: any[];
  isOver(): boolean;
  stop(): void;
}

export async function startApiServer(
  options: Partial<ApiServerOptions> & { historyLength?: number; engine?: Engine } = {},
): Promise<TestApiServer> {
  const directory = await mkdtemp(join(tmpdir(), 'edge-api-'));
  const authority = await openAuthority(directory, systemClock);
  const server = await authority.issue({
    commonName: 'edge-cluster',
    usage: 'server',
    dnsNames: ['localhost'],
    ipAddresses: ['127.0.0.1'],
  });
  const admin = await authority.issue({
    commonName: 'admin',
    organization: 'system:masters',
    usage: 'client',
  });
  const failures: Error[] = [];
  const { historyLength = 2000, engine = new MemoryEngine(), ...rest } = options;
  const onFatal = (error: Error) => failures.push(error);
  const caPem = authority.certificatePem;
  const newStore = () => new LevelStore({ engine, onFatal, historyLength });
  const newApiServer = () =>
    new ApiServer({
      store,
      clock: systemClock,
      logger: silentLogger,
      network: defaultClusterNetwork,
      tls: { certPem: server.certificatePem, keyPem: server.keyPem, caPem },
      host: '127.0.0.1',
      port: 0,
      nodeSessions: {
        request: async (node) => Promise.reject(unavailable(`board ${node} is not connected`)),
      },
      signNodeCertificate: (csrPem, nodeName) => signNodeRequest(authority, csrPem, nodeName),
      mqttPort: 8883,
      advertiseAddresses: ['192.0.2.10'],
      ...rest,
    });
  const startBoth = async () => {
    await store.start();
    await apiServer.start();
  };
  const stopBoth = async () => {
    await apiServer.stop();
    await store.stop();
  };
  let store = newStore();
  let apiServer = newApiServer();
  await startBoth();
  const agents = new Map<TlsIdentity | null, Agent>();
  const agentOf = (as: TlsIdentity | null) => {
    const known = agents.get(as);
    if (known) return known;
    const agent = new Agent({
      ca: caPem,
      keepAlive: true,
      ...(as ? { cert: as.certificatePem, key: as.keyPem } : {}),
    });
    agents.set(as, agent);
    return agent;
  };
  const open = (method: string, path: string, { body, headers = {}, as = admin }: AskOptions = {}) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const raw = typeof body === 'string' || Buffer.isBuffer(body);
      const sent = body === undefined ? undefined : raw ? body : JSON.stringify(body);
      const sized = sent !== undefined && !headers['transfer-encoding'];
      // Node sends no length with a DELETE by itself.
      if (sized) headers = { 'content-length': String(Buffer.byteLength(sent)), ...headers };
      const request = httpsRequest(
        { host: '127.0.0.1', port: apiServer.port, method, path, agent: agentOf(as), headers },
        resolve,
      );
      request.on('error', reject);
      request.end(sent);
    });
  const ask = async (method: string, path: string, askOptions?: AskOptions): Promise<Answer> => {
    const incoming = await open(method, path, askOptions);
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const bytes = Buffer.concat(chunks);
    const text = bytes.toString('utf8');
    const isJson = incoming.headers['content-type']?.startsWith('application/json') && text !== '';
    const json = isJson ? JSON.parse(text.split('\n')[0] as string) : undefined;
    return { code: incoming.statusCode ?? 0, headers: incoming.headers, bytes, text, json };
  };
  return {
    get server() {
      return apiServer;
    },
    get store() {
      return store;
    },
    authority,
    admin,
    get url() {
      return `https://127.0.0.1:${apiServer.port}`;
    },
    ask,
    open,
    watch: async (path) => readEvents(await open('GET', path)),
    async restart() {
      await stopBoth();
      store = newStore();
      apiServer = newApiServer();
      await startBoth();
    },
    async stop() {
      for (const agent of agents.values()) agent.destroy();
      await stopBoth();
      await rm(directory, { recursive: true, force: true });
      if (failures.length > 0) throw failures[0];
    },
  };
}

function readEvents(incoming: IncomingMessage): WatchedEvents {
  const events: unknown[] = [];
  let rest = '';
  let over = false;
  incoming.setEncoding('utf8');
  incoming.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) events.push(JSON.parse(line));
  });
  incoming.on('error', () => {
    over = true;
  });
  incoming.on('end', () => {
    over = true;
  });
  return { events, isOver: () => over, stop: () => incoming.destroy() };
}
