// Three boards with Services of every kind: pods that answer on two of them, and clients in pods, on boards and
// outside. What a client is told names the board that answered and the source address its pod saw.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Test } from 'tap';
import type { Pod, Service } from '../../src/api/objects.ts';
import { demoImage } from '../../src/bin/demo/demo-image.ts';
import { demoArchive } from './demo-archive.ts';
import { eventually } from './eventually.ts';
import type { Board } from './lab.ts';
import { pidOf, readyPods } from './pods.ts';
import { type SourceBoard, SourceTable, type Way } from './source-table.ts';
import { BoardCluster } from './two-boards.ts';
import { CALLER_BOARD, callerPod, services, whoPods } from './who-pods.ts';

const exec = promisify(execFile);
/** The master gives ranges of 512 addresses in the order in which boards join. */
const GATEWAYS = { alpha: '10.40.0.1', beta: '10.40.2.1', [CALLER_BOARD]: '10.40.4.1' };

export interface Client {
  name: string;
  kind: Way['client'];
  /** The board that it is on, or is. */
  at?: SourceBoard;
  podIP?: string;
  /** Resolves with `BOARD SOURCE`. */
  ask(host: string, port?: number, timeoutS?: number): Promise<string>;
}

export class ServiceLab {
  readonly cluster: BoardCluster;
  readonly table = new SourceTable();
  readonly #pods = new Map<string, Pod>();

  private constructor(cluster: BoardCluster) {
    this.cluster = cluster;
  }

  /** `before` runs when the boards are there and the Services are not. */
  static async start(t: Test, before: (lab: ServiceLab) => Promise<void>): Promise<ServiceLab> {
    const work = await mkdtemp(join(tmpdir(), 'edge-cluster-services-'));
    const cluster = await BoardCluster.create();
    t.teardown(async () => {
      await cluster.destroyAfter(t);
      await rm(work, { recursive: true, force: true });
    });
    const archive = await demoArchive(work);
    await cluster.start(Object.keys(GATEWAYS), [archive]);
    const lab = new ServiceLab(cluster);
    await before(lab);
    await cluster.master.apply(whoPods(demoImage), callerPod(demoImage), ...services());
    await lab.#findPods();
    return lab;
  }

  board(name: string): Board {
    return this.cluster.agent(name).board;
  }

  source(name: keyof typeof GATEWAYS): SourceBoard {
    return { name, address: this.board(name).address, gateway: GATEWAYS[name] ?? '' };
  }

  pod(board: string): Pod {
    const pod = this.#pods.get(board);
    if (!pod) throw new Error(`no pod on ${board}`);
    return pod;
  }

  async addressOf(service: string): Promise<string> {
    const { spec } = await this.cluster.master.json<Service>('get', 'service', service);
    return spec.clusterIP ?? '';
  }

  inPod(board: keyof typeof GATEWAYS): Client {
    const { podIP = '' } = this.pod(board).status ?? {};
    return {
      name: `${board}'s pod`,
      kind: 'a pod',
      at: this.source(board),
      podIP,
      ask: async (...to) =>
        trimmed(this.board(board).run('nsenter', await this.namespaceOf(board), ...curl(...to))),
    };
  }

  onBoard(board: keyof typeof GATEWAYS): Client {
    const ask: Client['ask'] = (...to) => trimmed(this.board(board).run('curl', ...curl(...to).slice(1)));
    return { name: board, kind: 'a board', at: this.source(board), ask };
  }

  outside(): Client {
    const ask: Client['ask'] = (...to) => trimmed(exec('curl', curl(...to).slice(1)));
    return { name: 'outside', kind: 'outside', ask };
  }

  /** Argument of nsenter for the network of the board's pod. */
  async namespaceOf(board: string): Promise<string> {
    return `--net=/proc/${await pidOf(this.board(board), this.pod(board))}/ns/net`;
  }

  /** Asks until the pods of both boards have answered; each must have seen what docs/services.md says. */
  async sees(t: Test, seeing: Seeing, host: string, port?: number): Promise<void> {
    const seen = await this.sourcesSeen(seeing.client, host, port);
    for (const [board, source] of Object.entries(seen)) this.#check(t, seeing, board, source);
  }

  /** Asks until the pods of both boards have answered; the source that each saw, by board. */
  async sourcesSeen({ ask }: Client, host: string, port?: number): Promise<Record<string, string>> {
    const seen: Record<string, string> = {};
    const both = async () => {
      const [board = '', source = ''] = parts(await ask(host, port));
      seen[board] = source;
      return 'alpha' in seen && 'beta' in seen;
    };
    await eventually(both, 20_000, 20);
    return seen;
  }

  /** Starts all agents anew in that mode; pods run on. */
  async forwardBy(mode: 'userspace' | 'nftables'): Promise<void> {
    this.cluster.agentFlags = ['--proxy-mode', mode];
    for (const name of Object.keys(GATEWAYS)) {
      const board = this.board(name);
      await this.cluster.agent(name).program.end('SIGTERM');
      const { program } = await this.cluster.startAgent(board);
      await program.waitFor('The agent is ready', 60_000);
      const plain = await this.addressOf('plain');
      const rule = mode === 'nftables' ? `${plain} . tcp . 80 : goto` : `${plain} . tcp . 80 : 169.254.48.1`;
      const rules = () => board.run('nft', 'list', 'ruleset');
      await eventually(async () => (await rules()).stdout.includes(rule), 20_000);
    }
  }

  /** As sees(), where one pod alone is asked: by its own address, or by its board's. */
  async seesOne(t: Test, seeing: Seeing, host: string, port: number): Promise<void> {
    const answer = await eventually(() => seeing.client.ask(host, port), 10_000, 100);
    const [board = '', source] = parts(answer);
    this.#check(t, seeing, board, source);
  }

  #check(t: Test, { client, way, asked }: Seeing, board: string, source: string | undefined): void {
    const { kind, at, podIP } = client;
    const route = { client: kind, way, at, ...(asked ? { asked } : {}), ...(podIP ? { podIP } : {}) };
    const expected = this.table.expected(route, this.source(board as 'alpha'));
    t.equal(source, expected, `${way} from ${client.name}: what ${board}'s pod sees`);
  }

  async #findPods(): Promise<void> {
    const { master } = this.cluster;
    const ready = [...(await readyPods(master, 'app=who', 2)), ...(await readyPods(master, 'app=caller', 1))];
    for (const pod of ready) this.#pods.set(pod.spec.nodeName ?? '', pod);
  }
}

interface Seeing {
  client: Client;
  /** As the table of docs/services.md says it. */
  way: string;
  asked?: SourceBoard;
}

function curl(host: string, port = 80, timeoutS = 3): string[] {
  return ['curl', '-sS', '--max-time', String(timeoutS), `http://${host}:${port}/cgi-bin/who`];
}

/** Of an answer: the board, and the client's address as httpd writes it for whom it met on an IPv6 socket. */
function parts(answer: string): string[] {
  return answer.replace(/\[(?:::ffff:)?([\d.]+)\](:\d+)?/, '$1').split(' ');
}

async function trimmed(running: Promise<{ stdout: string }>): Promise<string> {
  return (await running).stdout.trim();
}
