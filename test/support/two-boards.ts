// A cluster of separate processes: one edge-master on this machine, an edge-agent on each board of a lab.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { type Board, Lab } from './lab.ts';
import { command, Program, Trial } from './trial.ts';

const bin = join(import.meta.dirname, '../../src/bin');
const TOLD_CHARACTERS = 8_000;

export interface Agent {
  board: Board;
  program: Program;
}

export class BoardCluster {
  readonly lab = new Lab();
  readonly agents = new Map<string, Agent>();
  /** Flags of every agent. */
  agentFlags: readonly string[] = [];
  /** Of the master, beside those that say where it listens. */
  masterFlags: readonly string[] = [];
  /** Of every agent, beside what the test itself has. */
  agentEnv: NodeJS.ProcessEnv = {};
  /** Holds the ports, the data directory and `edgectl`; its program is the master alone. */
  readonly master: Trial;

  private constructor(master: Trial) {
    this.master = master;
  }

  static async create(): Promise<BoardCluster> {
    return new BoardCluster(await Trial.create());
  }

  /** One that ends with the test, after all that the test itself tears down, and an empty folder that goes with it. */
  static async forTest(t: Test, name: string): Promise<{ cluster: BoardCluster; work: string }> {
    const work = await mkdtemp(join(tmpdir(), `edge-cluster-${name}-`));
    const cluster = await BoardCluster.create();
    t.teardown(async () => {
      await cluster.destroyAfter(t);
      await rm(work, { recursive: true, force: true });
    });
    return { cluster, work };
  }

  async start(boards: readonly string[], images: readonly string[] = []): Promise<void> {
    await this.lab.start();
    await this.startMaster();
    for (const name of boards) await this.addBoard(name, images);
  }

  /** Also after it was ended: with the data and the ports that it had. */
  async startMaster(): Promise<void> {
    const { master } = this;
    const ports = [
      '--api-port',
      master.apiPort,
      '--mqtt-port',
      master.mqttPort,
      '--mqtt-inspect-port',
      master.inspectPort,
    ];
    const addresses = ['--advertise-address', this.lab.address];
    const args = [
      join(bin, 'edge-master.js'),
      '--data-dir',
      master.dataDir,
      ...ports.map(String),
      ...addresses,
      ...this.masterFlags,
    ];
    master.program = new Program(spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] }));
    await master.program.waitFor('The master is ready', 30_000);
  }

  async addBoard(name: string, images: readonly string[]): Promise<Agent> {
    return this.joinBoard(await this.lab.addBoard(name), images);
  }

  async joinBoard(board: Board, images: readonly string[]): Promise<Agent> {
    for (const archive of images) await board.run('podman', 'load', '--quiet', '--input', archive);
    const agent = await this.startAgent(board, (await this.master.must('token', 'create')).trim());
    await agent.program.waitFor('The agent is ready', 60_000);
    return agent;
  }

  /** Starts the board's agent; a board that has joined before needs no token. */
  async startAgent(board: Board, token?: string): Promise<Agent> {
    const url = `https://${this.lab.address}:${this.master.apiPort}`;
    const args = [join(bin, 'edge-agent.js'), '--master', url, '--data-dir', join(board.dir, 'agent')];
    args.push(...this.agentFlags, ...(token ? ['--token', token] : []));
    const env = { ...process.env, ...this.agentEnv };
    const agent = { board, program: new Program(board.spawn(process.execPath, args, { env })) };
    this.agents.set(board.name, agent);
    return agent;
  }

  agent(name: string): Agent {
    const agent = this.agents.get(name);
    if (!agent) throw new Error(`no board ${name}`);
    return agent;
  }

  /** Process id of the agent itself, behind nsenter. */
  agentPid(name: string): number {
    const pid = this.agent(name).program.process.pid;
    if (pid === undefined) throw new Error(`agent ${name} has not started`);
    return pid;
  }

  /** Application containers that run on a board, by podman's own word. */
  async running(name: string, podPrefix: string): Promise<string[]> {
    const filters = ['--filter', 'status=running', '--filter', 'label=edge-cluster/container'];
    const { stdout } = await this.agent(name).board.run('podman', 'ps', ...filters, '--format', '{{.Names}}');
    return stdout.split('\n').filter((line) => line.startsWith(podPrefix));
  }

  /** GET from the machine that the test runs on, which is on the LAN. */
  async get(url: string): Promise<string> {
    const { stdout, stderr, code } = await command('curl', [
      '--silent',
      '--show-error',
      '--max-time',
      '3',
      url,
    ]);
    if (code !== 0) throw new Error(`GET ${url}: ${stderr}`);
    return stdout;
  }

  /** Where the test has failed its report gets what master and agents said last. */
  async destroyAfter(t: Test): Promise<void> {
    if (!t.passing()) {
      t.comment('master', this.master.program?.output.slice(-TOLD_CHARACTERS));
      for (const { board, program } of this.agents.values())
        t.comment(board.name, program.output.slice(-TOLD_CHARACTERS));
    }
    await this.destroy();
  }

  async destroy(): Promise<void> {
    for (const { program } of this.agents.values()) await program.end('SIGKILL').catch(() => undefined);
    await this.lab.stop();
    await this.master.destroy();
  }
}
