// Runs the product as a person does: the real programs as processes, `edgectl` as the hand.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { patient } from './patience.ts';

const exec = promisify(execFile);
const bin = join(import.meta.dirname, '../../src/bin');

export interface CommandResult {
  stdout: string;
  stderr: string;
  code: number;
}

/** Runs a program to its end; never rejects for its exit code. */
export async function command(
  file: string,
  args: string[],
  options: { env?: NodeJS.ProcessEnv; input?: string } = {},
) {
  const child = exec(file, args, {
    env: { ...process.env, ...options.env },
    maxBuffer: 1 << 26,
    timeout: patient(60_000),
  });
  // A program that does not read its input may be gone before it is written.
  child.child.stdin?.on('error', () => undefined);
  child.child.stdin?.end(options.input ?? '');
  return child.then(
    ({ stdout, stderr }): CommandResult => ({ stdout, stderr, code: 0 }),
    (error): CommandResult => ({
      stdout: error.stdout ?? '',
      stderr: error.stderr ?? error.message,
      code: error.code ?? 1,
    }),
  );
}

/** A program of ours as a process, with its output kept for when something fails. */
export class Program {
  readonly process: ChildProcess;
  output = '';

  constructor(process: ChildProcess) {
    this.process = process;
    for (const stream of [process.stdout, process.stderr]) {
      stream?.on('data', (chunk) => {
        this.output += chunk;
      });
    }
  }

  get ended(): boolean {
    return this.process.exitCode !== null || this.process.signalCode !== null;
  }

  async waitFor(text: string, timeoutMs: number): Promise<void> {
    await eventually(() => {
      if (this.output.includes(text)) return true;
      if (this.ended) throw new Error(`ended early: ${this.output.slice(-2000)}`);
      throw new Error(`still no "${text}" in: ${this.output.slice(-2000)}`);
    }, timeoutMs);
  }

  async end(signal: NodeJS.Signals = 'SIGTERM', timeoutMs = 30_000): Promise<void> {
    if (this.ended) return;
    this.process.kill(signal);
    await eventually(() => this.ended, timeoutMs);
  }
}

export interface TrialOptions {
  demo?: boolean;
  /** Further ones, such as `--log-level=debug`. */
  flags?: readonly string[];
  env?: NodeJS.ProcessEnv;
}

/** `npm start` without npm: master and agent in one process on this machine's own podman. */
export class Trial {
  readonly dataDir: string;
  readonly apiPort: number;
  readonly mqttPort: number;
  readonly inspectPort: number;
  program: Program | undefined;

  private constructor(dataDir: string, ports: [number, number, number]) {
    this.dataDir = dataDir;
    [this.apiPort, this.mqttPort, this.inspectPort] = ports;
  }

  static async create(): Promise<Trial> {
    const dataDir = await mkdtemp(join(tmpdir(), 'edge-cluster-test-'));
    return new Trial(dataDir, [await freePort(), await freePort(), await freePort()]);
  }

  get kubeconfig(): string {
    return join(this.dataDir, 'admin.kubeconfig');
  }

  async start(options: TrialOptions = {}): Promise<void> {
    const ports = [
      '--api-port',
      this.apiPort,
      '--mqtt-port',
      this.mqttPort,
      '--mqtt-inspect-port',
      this.inspectPort,
    ];
    const args = [join(bin, 'start.js'), '--data-dir', this.dataDir, ...ports.map(String)];
    if (!options.demo) args.push('--no-demo');
    args.push(...(options.flags ?? []));
    const env = { ...process.env, ...options.env };
    this.program = new Program(spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] }));
    await this.program.waitFor('The cluster is ready', 90_000);
  }

  edgectl(...args: string[]): Promise<CommandResult> {
    return command(process.execPath, [join(bin, 'edgectl.js'), ...args], {
      env: { KUBECONFIG: this.kubeconfig },
    });
  }

  /** As edgectl(), with text on its standard input. */
  edgectlWithInput(input: string, ...args: string[]): Promise<CommandResult> {
    const env = { KUBECONFIG: this.kubeconfig };
    return command(process.execPath, [join(bin, 'edgectl.js'), ...args], { env, input });
  }

  /** As edgectl(), for what must succeed: its standard output. */
  async must(...args: string[]): Promise<string> {
    const { stdout, stderr, code } = await this.edgectl(...args);
    if (code !== 0) throw new Error(`edgectl ${args.join(' ')}: exit ${code}: ${stderr}`);
    return stdout;
  }

  /** All in one List; rejects with edgectl's words where it does not succeed. */
  async apply(...items: object[]): Promise<void> {
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
    const { stderr, code } = await this.edgectlWithInput(list, 'apply', '-f', '-');
    if (code !== 0) throw new Error(`edgectl apply: exit ${code}: ${stderr}`);
  }

  async json<T = { items: Record<string, unknown>[] }>(...args: string[]): Promise<T> {
    return JSON.parse(await this.must(...args, '-o', 'json'));
  }

  /** Stops as Ctrl-C does and takes the data away. */
  async destroy(): Promise<void> {
    await this.program?.end('SIGINT', 60_000);
    await rm(this.dataDir, { recursive: true, force: true });
  }
}
