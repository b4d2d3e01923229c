// An agent as most boards run it: alone in its process, with the master in another one.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Program, Trial } from '../support/trial.ts';
import { type ProcessUse, processesOf } from './processes.ts';

const bin = join(import.meta.dirname, '../../src/bin');

export class LoneAgent {
  /** The master. */
  readonly trial: Trial;
  readonly #dataDir: string;
  readonly #program: Program;

  private constructor(trial: Trial, dataDir: string, program: Program) {
    this.trial = trial;
    this.#dataDir = dataDir;
    this.#program = program;
  }

  static async start(): Promise<LoneAgent> {
    const trial = await Trial.create();
    const address = ownAddress();
    const ports = ['--api-port', trial.apiPort, '--mqtt-port', trial.mqttPort, '--mqtt-inspect-port', 0];
    const args = ['--data-dir', trial.dataDir, '--advertise-address', address, ...ports.map(String)];
    trial.program = run('edge-master.js', args);
    await trial.program.waitFor('The master is ready', 60_000);
    const token = (await trial.must('token', 'create')).trim();
    const dataDir = await mkdtemp(join(tmpdir(), 'edge-bench-agent-'));
    const master = `https://${address}:${trial.apiPort}`;
    const agent = run('edge-agent.js', ['--master', master, '--token', token, '--data-dir', dataDir]);
    await agent.waitFor('The agent is ready', 60_000);
    return new LoneAgent(trial, dataDir, agent);
  }

  /** The agent's own process, without its containers. */
  async use(): Promise<ProcessUse | undefined> {
    const pid = this.#program.process.pid ?? 0;
    return (await processesOf(pid, [])).find((use) => use.pid === pid);
  }

  async stop(): Promise<void> {
    await this.#program.end('SIGTERM', 60_000);
    await this.trial.destroy();
    await rm(this.#dataDir, { recursive: true, force: true });
  }
}

function run(program: string, args: readonly string[]): Program {
  return new Program(
    spawn(process.execPath, [join(bin, program), ...args], { stdio: ['ignore', 'pipe', 'pipe'] }),
  );
}

function ownAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
}
