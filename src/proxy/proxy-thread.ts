// The proxy on a thread of its own, so that no flood of connections delays a heartbeat. Stands where a Proxier would:
// the same options, the same update(). A thread that dies is started again with what it last was told.
import { extname } from 'node:path';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { Timer } from '../base/clock.ts';
import type { Component } from '../base/component.ts';
import type { ProxierOptions, ProxyInput, VirtualPort } from './proxier.ts';
import type { CountersByKey, FromProxy, ThreadSettings, ToProxy } from './thread-messages.ts';

/** The relays allocate little: a larger young generation would only stay resident. */
const YOUNG_GENERATION_MB = 2;
const RESTART_AFTER_MS = 1000;

export class ProxyThread implements Component {
  readonly #options: ProxierOptions;
  readonly #waiting = new Map<number, (counters: CountersByKey) => void>();
  readonly #guests: { file: URL; onPort: (port: MessagePort) => void }[] = [];
  #worker: Worker | undefined;
  #restart: Timer | undefined;
  #input: ProxyInput | undefined;
  /** A thread that is started again asks for the ports that the last one had. */
  #ports: readonly VirtualPort[] = [];
  #lastId = 0;

  constructor(options: ProxierOptions) {
    this.#options = options;
  }

  /** What the thread is told before it runs waits for it. */
  async start(): Promise<void> {
    this.#ports = (await this.#options.formerPorts?.()) ?? [];
    this.#startWorker();
  }

  async stop(): Promise<void> {
    this.#restart?.cancel();
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
    this.#answerAll();
  }

  /** Makes the sockets match the complete set; resolves when they do, or when the thread has ended. */
  async update(input: ProxyInput): Promise<void> {
    this.#input = input;
    await this.#ask((id) => ({ kind: 'update', id, input }));
  }

  /** As Proxier's; empty while there is no thread. */
  counters(): Promise<CountersByKey> {
    return this.#ask((id) => ({ kind: 'count', id }));
  }

  /**
   * Runs the module `file` of another room on this thread too: its `serve` gets one end of a port and `onPort` the
   * other, again whenever the thread is started again.
   */
  host(file: URL, onPort: (port: MessagePort) => void): void {
    const guest = { file, onPort };
    this.#guests.push(guest);
    if (this.#worker) this.#takeIn(this.#worker, guest);
  }

  #takeIn(worker: Worker, { file, onPort }: { file: URL; onPort: (port: MessagePort) => void }): void {
    const { port1, port2 } = new MessageChannel();
    worker.postMessage({ kind: 'host', file: file.href, port: port1 } satisfies ToProxy, [port1]);
    onPort(port2);
  }

  #ask(message: (id: number) => ToProxy): Promise<CountersByKey> {
    const worker = this.#worker;
    if (!worker) return Promise.resolve(new Map());
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      worker.postMessage(message(id));
    });
  }

  #startWorker(): void {
    const { listenAddress, openFiles } = this.#options;
    const settings: ThreadSettings = { listenAddress, formerPorts: this.#ports, openFiles };
    // Beside this file: as TypeScript in a checkout, as JavaScript where it is bundled.
    const file = new URL(`proxy-worker${extname(import.meta.url)}`, import.meta.url);
    const worker = new Worker(file, {
      name: 'proxy',
      workerData: settings,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    });
    this.#worker = worker;
    worker.on('message', (message: FromProxy) => this.#hear(message));
    worker.on('error', (error) => this.#options.logger.error({ err: error }, 'the proxy thread has failed'));
    worker.on('exit', () => this.#ended(worker));
    for (const guest of this.#guests) this.#takeIn(worker, guest);
  }

  #ended(worker: Worker): void {
    if (worker !== this.#worker) return;
    this.#worker = undefined;
    this.#answerAll();
    this.#options.onVirtualPorts([]);
    this.#restart = this.#options.clock.after(RESTART_AFTER_MS, () => {
      this.#startWorker();
      if (this.#input) void this.update(this.#input);
    });
  }

  #answerAll(): void {
    for (const answer of this.#waiting.values()) answer(new Map());
    this.#waiting.clear();
  }

  #hear(message: FromProxy): void {
    const { onVirtualPorts, onRefusal, logger } = this.#options;
    if (message.kind === 'virtualPorts') {
      this.#ports = message.ports;
      onVirtualPorts(message.ports, message.kernel);
    } else if (message.kind === 'refusal') onRefusal(message.refusal);
    else if (message.kind === 'log') logger[message.level](message.fields, message.message);
    else {
      this.#waiting.get(message.id)?.(message.counters);
      this.#waiting.delete(message.id);
    }
  }
}
