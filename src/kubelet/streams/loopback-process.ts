// The agent's end of loopback-program.ts: one process in the network namespace of one pod, asked for connections.
// It ends with stop(), or with the agent however that ends.
import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DialError } from './dial.ts';

export interface DialQuestion {
  id: number;
  port: number;
  timeoutMs: number;
}

/** With the connection as its handle, or with what was in the way. */
export interface DialAnswer {
  id: number;
  problem?: string;
}

/** It holds nothing but sockets on their way: a larger young generation would only be resident. */
const NODE_FLAGS = ['--max-semi-space-size=1', '--no-warnings'];
const DIAL_TIMEOUT_MS = 10_000;
const MAX_WORDS = 500;

type Waiting = PromiseWithResolvers<Socket>;

export class LoopbackProcess {
  readonly #pid: number;
  readonly #waiting = new Map<number, Waiting>();
  #child: ChildProcess | undefined;
  #lastId = 0;
  #words = '';
  /** Why it could not be started, or ended. */
  #problem: string | undefined;

  /** @param pid a process of the pod, as the board numbers it. */
  constructor(pid: number) {
    this.#pid = pid;
  }

  /** Whether it can still be asked. */
  get isAlive(): boolean {
    return this.#child?.connected === true;
  }

  start(): void {
    // Beside this file: as TypeScript in a checkout, as JavaScript where it is bundled.
    const file = new URL(`loopback-program${extname(import.meta.url)}`, import.meta.url);
    const program = [process.execPath, ...NODE_FLAGS, fileURLToPath(file)];
    const child = spawn('nsenter', [`--net=/proc/${this.#pid}/ns/net`, '--', ...program], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { MALLOC_ARENA_MAX: '1' },
      cwd: '/',
    });
    this.#child = child;
    child.stderr?.on('data', (chunk) => {
      this.#words = `${this.#words}${chunk}`.slice(0, MAX_WORDS);
    });
    child.on('message', (answer: DialAnswer, handle) => this.#answered(answer, handle as Socket | undefined));
    child.on('error', (error) => this.#ended(error.message));
    child.on('close', () => this.#ended(this.#words.trim()));
  }

  stop(): void {
    this.#child?.kill('SIGKILL');
  }

  /** A connection to the pod's own 127.0.0.1, or ::1 where that refuses. @throws DialError */
  connect(port: number): Promise<Socket> {
    const id = ++this.#lastId;
    const waiting = Promise.withResolvers<Socket>();
    this.#waiting.set(id, waiting);
    const question: DialQuestion = { id, port, timeoutMs: DIAL_TIMEOUT_MS };
    // A process that has just ended cannot be told; its end says why, and may have been seen already.
    this.#child?.send(question, (error) => error && this.#refuseAll());
    return waiting.promise;
  }

  #answered({ id, problem }: DialAnswer, socket: Socket | undefined): void {
    // Node makes the socket it hands over one that ends both ways at once.
    if (socket) socket.allowHalfOpen = true;
    this.#settle(id, ({ resolve, reject }) => {
      if (socket) resolve(socket);
      else reject(new DialError(problem ?? 'the connection was lost on its way'));
    });
  }

  #ended(words: string): void {
    this.#problem ??= `no process could be started in the pod's network: ${words || 'it ended'}`;
    this.#refuseAll();
  }

  /** Once it is known why. */
  #refuseAll(): void {
    const problem = this.#problem;
    if (problem === undefined) return;
    for (const id of [...this.#waiting.keys()]) {
      this.#settle(id, ({ reject }) => reject(new DialError(problem)));
    }
  }

  #settle(id: number, how: (waiting: Waiting) => void): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (waiting) how(waiting);
  }
}
