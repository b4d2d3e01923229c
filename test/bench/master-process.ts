// The real master as a process of its own, and requests to it as its administrator over HTTPS.
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { Agent, type AgentOptions, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { freePort } from '../support/free-port.ts';
import { Program } from '../support/trial.ts';

const program = join(import.meta.dirname, '../../src/bin/edge-master.js');

export class MasterProcess {
  readonly directory: string;
  readonly #port: number;
  readonly #program: Program;
  #tls: AgentOptions = {};
  #agent = new Agent();

  private constructor(directory: string, port: number, running: Program) {
    this.directory = directory;
    this.#port = port;
    this.#program = running;
  }

  static async start(): Promise<MasterProcess> {
    const directory = await mkdtemp(join(tmpdir(), 'edge-bench-api-'));
    const port = await freePort();
    const args = [program, '--data-dir', directory, '--api-port', String(port)];
    args.push('--mqtt-port', String(await freePort()), '--mqtt-inspect-port', '0');
    const running = new Program(spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] }));
    const master = new MasterProcess(directory, port, running);
    await running.waitFor('The master is ready', 60_000);
    master.#tls = await master.#adminTls();
    master.#agent = new Agent({ ...master.#tls, keepAlive: true, checkServerIdentity: () => undefined });
    return master;
  }

  get pid(): number {
    return this.#program.process.pid ?? 0;
  }

  /** How the administrator connects; the server's name is not to be checked. */
  get connection(): AgentOptions & { host: string; port: number } {
    return { ...this.#tls, host: '127.0.0.1', port: this.#port };
  }

  /** A request read to its end; rejects when the answer is no success. */
  ask(method: string, path: string, body?: unknown): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const headers = text
        ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }
        : {};
      const options = { host: '127.0.0.1', port: this.#port, method, path, headers, agent: this.#agent };
      const sent = request(options, async (answer) => {
        const chunks: Buffer[] = [];
        for await (const chunk of answer) chunks.push(chunk);
        const bytes = Buffer.concat(chunks);
        if ((answer.statusCode ?? 500) < 300) resolve(bytes);
        else reject(new Error(`${method} ${path}: ${answer.statusCode} ${bytes.toString()}`));
      });
      sent.on('error', reject);
      sent.end(text);
    });
  }

  /** Resolves when the watch is answered; `onBytes` gets whatever it sends. */
  watch(path: string, onBytes: (bytes: Buffer) => void): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port: this.#port, path, agent: this.#agent };
      const sent = request(options, (answer) => {
        answer.on('data', onBytes);
        answer.on('error', () => undefined);
        resolve(() => sent.destroy());
      });
      sent.on('error', reject);
      sent.end();
    });
  }

  async stop(): Promise<void> {
    this.#agent.destroy();
    await this.#program.end();
    await rm(this.directory, { recursive: true, force: true });
  }

  async #adminTls(): Promise<AgentOptions> {
    const config = parse(await readFile(join(this.directory, 'admin.kubeconfig'), 'utf8'));
    const bytes = (text: string) => Buffer.from(text, 'base64');
    const { user } = config.users[0];
    return {
      ca: bytes(config.clusters[0].cluster['certificate-authority-data']),
      cert: bytes(user['client-certificate-data']),
      key: bytes(user['client-key-data']),
    };
  }
}
