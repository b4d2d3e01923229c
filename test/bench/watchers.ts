// Many watchers of one path on a thread of their own, so that what they cost their machine is not taken for what the
// server takes to answer somebody else.
import { Agent, type AgentOptions, request } from 'node:https';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

interface WatchersData {
  connection: AgentOptions & { host: string; port: number };
  path: string;
  count: number;
  /** One number: the events that were heard. */
  events: SharedArrayBuffer;
}

const BATCH = 50;

export class Watchers {
  readonly #worker: Worker;
  readonly #events: Int32Array;

  private constructor(worker: Worker, events: Int32Array) {
    this.#worker = worker;
    this.#events = events;
  }

  /** Resolves when all are answered. */
  static async start(connection: WatchersData['connection'], path: string, count: number): Promise<Watchers> {
    const events = new SharedArrayBuffer(4);
    const data: WatchersData = { connection, path, count, events };
    const worker = new Worker(new URL(import.meta.url), { workerData: data });
    await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
    return new Watchers(worker, new Int32Array(events));
  }

  /** Heard so far. */
  get events(): number {
    return Atomics.load(this.#events, 0);
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }
}

async function watchAll({ connection, path, count, events }: WatchersData): Promise<void> {
  const { host, port, ...tls } = connection;
  const agent = new Agent({ ...tls, checkServerIdentity: () => undefined });
  const heard = new Int32Array(events);
  const open = () =>
    new Promise<void>((resolve, reject) => {
      const sent = request({ host, port, path, agent }, (answer) => {
        answer.on('data', (bytes: Buffer) => bytes.includes(10) && Atomics.add(heard, 0, 1));
        answer.on('error', () => undefined);
        resolve();
      });
      sent.on('error', reject);
      sent.end();
    });
  for (let left = count; left > 0; left -= BATCH) {
    await Promise.all(Array.from({ length: Math.min(BATCH, left) }, open));
  }
  parentPort?.postMessage('answered');
}

if (!isMainThread) await watchAll(workerData as WatchersData);
