// Visitors of a site, counted: clients that keep their connections, and clients that come for one request. What a
// visitor would call a failure is one: no answer, a reset (of an idle connection too), a truncated or a wrong body.
import { createHash } from 'node:crypto';
import { Agent, request } from 'node:http';
import type { Socket } from 'node:net';

export interface Visitors {
  /** Clients with a connection each, that ask again `pauseMs` after each answer. */
  kept: number;
  pauseMs: number;
  /** Requests on a connection of their own. */
  shortPerSecond: number;
}

export interface StreamCount {
  kept: number;
  short: number;
  /** Connections that kept clients opened; each of them opens another when the server says `close`. */
  opened: number;
  seconds: number;
  failures: string[];
}

const TIMEOUT_MS = 15_000;
const TICK_MS = 10;

/** Asks `urls` in turn until stop() is called, which waits for what is under way. */
export class RequestStream {
  readonly #urls: readonly string[];
  readonly #sha256: string;
  readonly #visitors: Visitors;
  readonly #open = new Set<Promise<void>>();
  readonly #startedMs = performance.now();
  readonly #count: StreamCount = { kept: 0, short: 0, opened: 0, seconds: 0, failures: [] };
  #timer: NodeJS.Timeout | undefined;
  #next = 0;
  #isEnding = false;

  constructor(urls: readonly string[], sha256: string, visitors: Visitors) {
    this.#urls = urls;
    this.#sha256 = sha256;
    this.#visitors = visitors;
  }

  start(): void {
    const { kept, shortPerSecond } = this.#visitors;
    for (let i = 0; i < kept; i++) this.#track(this.#keep());
    let begun = 0;
    // What a tick that came late has missed is caught up with.
    this.#timer = setInterval(() => {
      const due = Math.floor(this.#seconds * shortPerSecond);
      for (; begun < due; begun++) this.#track(this.#ask(false, 'short'));
    }, TICK_MS);
  }

  async stop(): Promise<StreamCount> {
    this.#isEnding = true;
    clearInterval(this.#timer);
    const seconds = this.#seconds;
    await Promise.all(this.#open);
    return { ...this.#count, seconds };
  }

  get #seconds(): number {
    return (performance.now() - this.#startedMs) / 1000;
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => this.#open.delete(tracked));
    this.#open.add(tracked);
  }

  async #keep(): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    // Not all in the same moment.
    await pause(Math.random() * this.#visitors.pauseMs);
    const url = this.#nextUrl();
    while (!this.#isEnding) {
      await this.#ask(agent, 'kept', url);
      await pause(this.#visitors.pauseMs);
    }
    agent.destroy();
  }

  #nextUrl(): string {
    return this.#urls[this.#next++ % this.#urls.length] ?? '';
  }

  async #ask(agent: Agent | false, kind: 'kept' | 'short', url = this.#nextUrl()): Promise<void> {
    try {
      const hash = await hashOf(url, agent, (socket) => this.#watch(socket, url));
      if (hash === this.#sha256) this.#count[kind]++;
      else this.#fail(kind, url, 'another body');
    } catch (error) {
      this.#fail(kind, url, (error as Error).message);
    }
  }

  /** A reset between two requests reaches no request: Node's agent swallows it. */
  #watch(socket: Socket, url: string): void {
    this.#count.opened++;
    socket.once('close', (hadError) => {
      if (hadError) this.#fail('kept', url, 'the connection was reset');
    });
  }

  #fail(kind: string, url: string, why: string): void {
    this.#count.failures.push(`${this.#seconds.toFixed(2)} s, ${kind}, ${url}: ${why}`);
  }
}

/** Resolves with the SHA-256 of the whole body; rejects also when the body ends early. */
function hashOf(url: string, agent: Agent | false, onNew: (socket: Socket) => void): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { agent, timeout: TIMEOUT_MS }, (response) => {
      const hash = createHash('sha256');
      response.on('data', (chunk: Buffer) => hash.update(chunk));
      response.once('error', reject);
      response.once('close', () => {
        if (!response.complete) reject(new Error('the body was truncated'));
        else if (response.statusCode !== 200) reject(new Error(`status ${response.statusCode}`));
        else resolve(hash.digest('hex'));
      });
    });
    if (agent) asked.once('socket', (socket) => asked.reusedSocket || onNew(socket));
    asked.once('timeout', () => asked.destroy(new Error('no answer in time')));
    asked.once('error', reject);
    asked.end();
  });
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
