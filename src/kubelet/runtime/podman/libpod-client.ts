// Speaks HTTP to podman's unix socket. One connection per request: nothing idle keeps the service from ending.
// Every failure is a LibpodError (podman refused) or a RuntimeError `RuntimeUnavailable` (podman is not there).
import { type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { messageOf } from '../../../base/error-message.ts';
import { RuntimeError } from '../runtime.ts';
import type { DiskReserve } from './disk-reserve.ts';
import { hijack } from './hijack.ts';
import { isDiskFull, LibpodError, libpodError } from './libpod-error.ts';
import type { PodmanService } from './service.ts';
import { isStoreDamage } from './store-damage.ts';

interface Call {
  method: 'GET' | 'POST' | 'DELETE';
  /** After `/libpod`, with the query: `/containers/json?all=true`. */
  path: string;
  /** Sent as JSON. */
  json?: unknown;
  /** Sent as it is, as a tar archive. */
  archive?: Buffer | Readable;
  headers?: Readonly<Record<string, string>>;
  /** Longest silence of the socket; 60 s unless told. */
  silenceMs?: number;
  /** Once the answer holds these words, silence may last `thenSilenceMs`. */
  afterWords?: string;
  thenSilenceMs?: number;
  /** Whether it has the disk's reserve when the disk is full, as what asks or removes has. */
  usesReserve?: boolean;
}

interface Answer {
  status: number;
  body: string;
}

/** podman is there, but what it waits for itself did not come within the call's silence: `afterWords`. */
export class SilenceError extends Error {
  override readonly name = 'SilenceError';
}

/** Asking for v4 keeps the answers of podman 5 in the shape of 4.3. */
const prefix = '/v4.0.0/libpod';

export class LibpodClient {
  readonly #service: PodmanService;
  readonly #reserve: DiskReserve | undefined;

  constructor(service: PodmanService, reserve?: DiskReserve) {
    this.#service = service;
    this.#reserve = reserve;
  }

  /** The whole answer; statuses of 400 and more reject with a LibpodError. */
  async call(call: Call): Promise<Answer> {
    const { era } = this.#service;
    return this.#plainly(call).catch(async (refusal) => {
      if (this.#reserve && mayUseReserve(call) && isDiskFull(refusal))
        return this.#reserve.during(() => this.#plainly(call));
      if (!(await this.#isMended(refusal, era)) || isStream(call.archive)) throw refusal;
      return this.#plainly(call);
    });
  }

  async #plainly(call: Call): Promise<Answer> {
    const answer = await this.#once(call).catch((error) => {
      if (!mayRepeat(error, call)) throw error;
      return this.#once(call);
    });
    if (answer.status >= 400) throw libpodError(answer.status, answer.body);
    return answer;
  }

  async #isMended(refusal: unknown, era: number): Promise<boolean> {
    if (!(refusal instanceof LibpodError) || !isStoreDamage(refusal.message)) return false;
    return this.#service.mendStore(refusal.message, era);
  }

  async getJson<T>(path: string): Promise<T> {
    return JSON.parse((await this.call({ method: 'GET', path })).body) as T;
  }

  async postJson<T>(path: string, json: unknown): Promise<T> {
    return JSON.parse((await this.call({ method: 'POST', path, json })).body) as T;
  }

  /** The connection itself, after podman has taken the request; podman does not end while it is open. */
  hijack(path: string, json?: unknown): Promise<Socket> {
    const { socketPath } = this.#service;
    return this.#service.during(() => this.#orBroken(() => hijack(socketPath, prefix + path, json)));
  }

  /** The answer's body as it comes; podman does not end while it is being read. */
  stream(path: string): Promise<Readable> {
    const { socketPath } = this.#service;
    return this.#service.during(() => this.#orBroken(() => openStream(socketPath, path)));
  }

  #once(call: Call): Promise<Answer> {
    return this.#service.during(() => this.#orBroken(() => exchange(this.#service.socketPath, call)));
  }

  async #orBroken<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      if (error instanceof LibpodError || error instanceof SilenceError) throw error;
      this.#service.distrust();
      const words = messageOf(error);
      const broken = new RuntimeError('RuntimeUnavailable', `podman's service does not answer: ${words}`);
      broken.cause = error;
      throw broken;
    }
  }
}

/**
 * The service had just ended. Either nobody took the connection, so nothing can have been done yet, or it was cut
 * off; then what only asks or removes may be said again, as what is gone already counts as removed.
 */
function mayRepeat(error: unknown, { method, archive }: Call): boolean {
  const cause =
    error instanceof RuntimeError ? (error.cause as NodeJS.ErrnoException | undefined) : undefined;
  const wasNeverSent = cause?.code === 'ENOENT' || cause?.code === 'ECONNREFUSED';
  const wasCutOff = cause?.code === 'ECONNRESET' && method !== 'POST';
  return (wasNeverSent || wasCutOff) && !isStream(archive);
}

function mayUseReserve({ method, usesReserve }: Call): boolean {
  return usesReserve ?? method !== 'POST';
}

function isStream(archive: Call['archive']): archive is Readable {
  return archive !== undefined && !Buffer.isBuffer(archive);
}

function exchange(socketPath: string, call: Call): Promise<Answer> {
  const body = call.json === undefined ? undefined : JSON.stringify(call.json);
  const type = body === undefined ? 'application/x-tar' : 'application/json';
  const hasBody = body !== undefined || call.archive !== undefined;
  return new Promise((resolve, reject) => {
    const silenceMs = call.silenceMs ?? 60_000;
    let answer: IncomingMessage | undefined;
    const sent = request({
      socketPath,
      method: call.method,
      path: prefix + call.path,
      agent: false,
      timeout: silenceMs,
      headers: { host: 'd', ...(hasBody ? { 'content-type': type } : {}), ...call.headers },
    });
    sent.on('timeout', () => {
      const words = `no answer to ${call.method} ${call.path}`;
      const error = call.afterWords ? new SilenceError(words) : new Error(words);
      // First, or the end of the connection would be the reason that is told.
      answer?.destroy(error);
      sent.destroy(error);
    });
    sent.on('error', reject);
    sent.on('response', (response) => {
      answer = response;
      growPatient(response, call);
      text(response).then((read) => resolve({ status: response.statusCode ?? 0, body: read }), reject);
    });
    if (isStream(call.archive)) call.archive.on('error', (error) => sent.destroy(error)).pipe(sent);
    else sent.end(body ?? call.archive);
  });
}

function openStream(socketPath: string, path: string): Promise<Readable> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, path: prefix + path, agent: false, headers: { host: 'd' } });
    sent.on('error', reject);
    sent.on('response', (response) => {
      const { statusCode = 0 } = response;
      if (statusCode < 400) resolve(response);
      else text(response).then((body) => reject(libpodError(statusCode, body)), reject);
    });
    sent.end();
  });
}

/** Words may come in pieces: the last ones are looked at together with what comes next. */
function growPatient(response: IncomingMessage, { afterWords, thenSilenceMs }: Call): void {
  if (!afterWords || !thenSilenceMs) return;
  let end = '';
  const look = (chunk: Buffer) => {
    end += chunk.toString('latin1');
    if (end.includes(afterWords)) {
      response.socket.setTimeout(thenSilenceMs);
      response.off('data', look);
    }
    end = end.slice(-afterWords.length);
  };
  response.on('data', look);
}

async function text(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
