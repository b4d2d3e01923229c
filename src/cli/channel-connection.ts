// A WebSocket to exec, attach or portforward of a pod in the channel protocol v5: one byte names the channel, 255 N
// ends channel N. https://kubernetes.io/docs/reference/using-api/api-concepts/
import type { IncomingMessage } from 'node:http';
import { Readable, Writable } from 'node:stream';
import type { WebSocket } from 'ws';
import type { meta } from '../api/objects.ts';
import { StatusError, unavailable } from '../api/status-error.ts';
import type { ClusterAccess } from './kubeconfig.ts';

const PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];
const CLOSE = 255;
const CONNECT_TIMEOUT_MS = 30_000;
/** What a server may send in one message; ours sends 64 KiB, others 32. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

class ChannelConnection {
  readonly #socket: WebSocket;
  readonly #inputs = new Map<number, Readable>();
  readonly #full = new Set<number>();

  constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  /** Begins to read; the channels to read from have been made. */
  start(): void {
    this.#socket.on('message', (data) => this.#message(data as Buffer));
    this.#socket.on('close', () => {
      for (const input of this.#inputs.values()) input.push(null);
    });
    this.#socket.resume();
  }

  /** What the server sends on a channel; ends when the connection does. */
  input(channel: number): Readable {
    const read = () => {
      this.#full.delete(channel);
      if (this.#full.size === 0) this.#socket.resume();
    };
    const input = new Readable({ read });
    this.#inputs.set(channel, input);
    return input;
  }

  /** Ending it ends the channel, where the server knows how to. */
  output(channel: number): Writable {
    return new Writable({
      write: (chunk: Buffer, _encoding, done) =>
        this.#socket.send(Buffer.concat([Buffer.of(channel), chunk]), done),
      final: (done) => {
        if (this.#socket.protocol.startsWith('v5.'))
          this.#socket.send(Buffer.of(CLOSE, channel), () => done());
        else done();
      },
    });
  }

  send(channel: number, text: string): void {
    this.#socket.send(Buffer.concat([Buffer.of(channel), Buffer.from(text)]), () => undefined);
  }

  onClose(listener: () => void): void {
    if (this.#socket.readyState === this.#socket.CLOSED) listener();
    else this.#socket.once('close', listener);
  }

  close(): void {
    this.#socket.close(1000);
    this.#socket.resume();
  }

  #message(data: Buffer): void {
    const input = this.#inputs.get(data[0] ?? CLOSE);
    if (!input || input.destroyed || data.length < 2 || input.push(data.subarray(1))) return;
    this.#full.add(data[0] ?? CLOSE);
    this.#socket.pause();
  }
}

/** Rejects with the server's StatusError when it refuses. */
export async function openChannels(access: ClusterAccess, path: string): Promise<ChannelConnection> {
  const { WebSocket: Socket } = await import('ws');
  const { server, caPem, certPem, keyPem, insecureSkipTlsVerify, tlsServerName, bearerToken } = access;
  const socket = new Socket(`${server.replace(/\/$/, '').replace(/^http/, 'ws')}${path}`, PROTOCOLS, {
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
    handshakeTimeout: CONNECT_TIMEOUT_MS,
    rejectUnauthorized: !insecureSkipTlsVerify,
    headers: { 'User-Agent': 'edgectl', ...(bearerToken ? { Authorization: `Bearer ${bearerToken}` } : {}) },
    ...(caPem ? { ca: caPem } : {}),
    ...(certPem ? { cert: certPem } : {}),
    ...(keyPem ? { key: keyPem } : {}),
    ...(tlsServerName ? { servername: tlsServerName } : {}),
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('unexpected-response', (_request, response) => void refusal(response).then(reject));
    // Later ones end the connection, and that is acted on.
    socket.on('error', (error) =>
      reject(unavailable(`cannot reach the API server at ${server} (${error.message})`)),
    );
  });
  socket.pause();
  return new ChannelConnection(socket);
}

async function refusal(response: IncomingMessage): Promise<Error> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const code = response.statusCode ?? 500;
  const body = Buffer.concat(chunks).toString('utf8');
  try {
    const status = JSON.parse(body) as meta.Status;
    if (status?.kind === 'Status') return StatusError.fromStatus({ code, ...status });
  } catch {
    // Not JSON, so not the API server's own answer: it is quoted below.
  }
  return new StatusError(code, 'Unknown', `the server answered ${code}: ${body.trim().slice(0, 200)}`);
}
