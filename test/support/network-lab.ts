// Two boards, a pod on each and a stranger on their LAN, made of network namespaces and veth pairs alone: enough
// to see where packets go, without podman. Everything carries the lab's name and goes with it.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { CommandRunner } from '../../src/network/command-runner.ts';
import { Ipv6Forwarding } from '../../src/network/ipv6/ipv6-forwarding.ts';
import { KernelSwitch } from '../../src/network/kernel-switch.ts';
import { endAllIn } from './lab.ts';

const exec = promisify(execFile);
const PROBE = fileURLToPath(new URL('./tcp-probe.ts', import.meta.url));
const UDP_PROBE = fileURLToPath(new URL('./udp-probe.ts', import.meta.url));

/** Options of a test that needs such a lab, or other namespaces. */
export const rootOnly = process.getuid?.() === 0 ? {} : { skip: 'needs root to make network namespaces' };

export interface LabBoard {
  /** Names of its namespaces. */
  namespace: string;
  pod: string;
  address: string;
  podCIDR: string;
  gateway: string;
  podAddress: string;
}

const PREFIX = 'edgenet';

/** Removes what killed runs left: a lab whose test still runs keeps all of it. */
async function sweepNetworkLabs(): Promise<void> {
  const { stdout } = await exec('ip', ['netns', 'list']);
  for (const line of stdout.split('\n')) {
    const [name = ''] = line.split(' ');
    const pid = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1];
    if (pid === undefined || existsSync(`/proc/${pid}`)) continue;
    await endAllIn(name);
    await exec('ip', ['netns', 'delete', name]);
  }
}

export class NetworkLab {
  readonly #name: string;
  readonly #namespaces: string[] = [];
  readonly #probes: ChildProcess[] = [];
  readonly boards: LabBoard[] = [];
  #folder: string | undefined;

  /** `number` tells the labs of one process apart. */
  constructor(number: number) {
    this.#name = `${PREFIX}${process.pid}-${number}`;
  }

  /** The stranger's namespace: it holds the LAN's switch and has the LAN's first address. */
  get stranger(): string {
    return `${this.#name}-lan`;
  }

  async start(): Promise<void> {
    await sweepNetworkLabs();
    await this.#addNamespace(this.stranger);
    await this.ip(this.stranger, 'link add lan type bridge');
    await this.ip(this.stranger, 'address add 10.199.77.1/24 dev lan');
    await this.ip(this.stranger, 'link set lan up');
    for (const number of [1, 2]) this.boards.push(await this.#addBoard(number));
  }

  /**
   * Takes the second board off the LAN and puts it behind a router (the stranger): nothing but the router knows
   * both segments, and it knows nothing of pods.
   */
  async moveBehindRouter(): Promise<LabBoard> {
    const board = this.boards[1] as LabBoard;
    const { namespace } = board;
    await this.ip(this.stranger, 'link set port2 nomaster');
    await this.ip(this.stranger, 'address add 10.199.88.1/24 dev port2');
    await this.run(this.stranger, 'sysctl', '-qw', 'net.ipv4.ip_forward=1');
    await this.ip(namespace, `address delete ${board.address}/24 dev eth0`);
    board.address = '10.199.88.12';
    await this.ip(namespace, `address add ${board.address}/24 dev eth0`);
    await this.ip(namespace, 'route add default via 10.199.88.1');
    await this.ip(this.boards[0]?.namespace ?? '', 'route add default via 10.199.77.1');
    return board;
  }

  async stop(): Promise<void> {
    for (const probe of this.#probes.splice(0)) {
      if (probe.exitCode !== null || probe.signalCode !== null) continue;
      probe.kill('SIGKILL');
      await once(probe, 'exit');
    }
    if (this.#folder) await rm(this.#folder, { recursive: true, force: true });
    for (const name of this.#namespaces.splice(0).reverse()) await exec('ip', ['netns', 'delete', name]);
  }

  /** Runs a program in a namespace; resolves with what it printed. */
  async run(namespace: string, command: string, ...args: string[]): Promise<string> {
    return (await exec('nsenter', [`--net=/run/netns/${namespace}`, command, ...args])).stdout;
  }

  ip(namespace: string, line: string): Promise<string> {
    return this.run(namespace, 'ip', ...line.split(' '));
  }

  /** The door to a board's kernel for what is under test. */
  commands(namespace: string): CommandRunner {
    return {
      run: async (command, args, input) => {
        const running = exec('nsenter', [`--net=/run/netns/${namespace}`, command, ...args]);
        // A program that does not read its input may be gone before it is written.
        running.child.stdin?.on('error', () => undefined).end(input ?? '');
        return (await running).stdout;
      },
    };
  }

  /** Stands for the board's switch, which is on from the start. */
  async forwarding({ namespace }: LabBoard): Promise<KernelSwitch> {
    const path = await this.#pathOf(namespace);
    await writeFile(path, '1\n');
    return new KernelSwitch(`${path}-was`, path);
  }

  /** The same of IPv6. */
  async ipv6Forwarding({ namespace }: LabBoard): Promise<Ipv6Forwarding> {
    const conf = await this.#pathOf(`${namespace}-v6`);
    await mkdir(join(conf, 'all'), { recursive: true });
    await writeFile(join(conf, 'all', 'forwarding'), '1\n');
    return new Ipv6Forwarding(`${conf}-was`, conf);
  }

  async #pathOf(name: string): Promise<string> {
    this.#folder ??= await mkdtemp(join(tmpdir(), 'edge-cluster-lab-'));
    return join(this.#folder, name);
  }

  /** Resolves with the port once it listens; answers `ANSWER CLIENT-ADDRESS`. */
  async listen(
    namespace: string,
    host: string,
    port: number,
    answer: string,
    mode: 'listen' | 'echo' = 'listen',
  ): Promise<number> {
    const { stdout } = this.#spawn(namespace, PROBE, mode, host, String(port), answer);
    const [line] = await once(stdout, 'data');
    return Number(/port (\d+)/.exec(String(line))?.[1]);
  }

  /** What the other side said, or the error's code. */
  connect(namespace: string, host: string, port: number): Promise<string> {
    return this.run(namespace, process.execPath, PROBE, 'connect', host, String(port));
  }

  /** A connection that stays: what it heard so far, and the way to say something. */
  hold(namespace: string, host: string, port: number): { heard(): string; say(text: string): void } {
    const { stdin, stdout } = this.#spawn(namespace, PROBE, 'hold', host, String(port));
    let heard = '';
    stdout.setEncoding('utf8').on('data', (text) => {
      heard += text;
    });
    return { heard: () => heard, say: (text) => void stdin.write(text) };
  }

  /** Answers every datagram with `ANSWER CLIENT-ADDRESS`; resolves once it listens. */
  async answerUdp(namespace: string, port: number, answer: string, host = '0.0.0.0'): Promise<void> {
    await once(this.#spawn(namespace, UDP_PROBE, 'listen', String(port), answer, host).stdout, 'data');
  }

  /** What is answered from the very address and port that were asked, or TIMEOUT, or the error's code. */
  askUdp(namespace: string, host: string, port: number): Promise<string> {
    return this.run(namespace, process.execPath, UDP_PROBE, 'ask', host, String(port));
  }

  /** A client that asks on and on from one port of its own: what it heard last. */
  talk(namespace: string, host: string, port: number): { heard(): string } {
    const { stdout } = this.#spawn(namespace, UDP_PROBE, 'talk', host, String(port));
    let heard = '';
    stdout.setEncoding('utf8').on('data', (text: string) => {
      heard = text.trim().split('\n').at(-1) ?? heard;
    });
    return { heard: () => heard };
  }

  /** One more pod on the board's bridge; returns its namespace and address. */
  async addPod({ namespace, gateway }: LabBoard): Promise<{ namespace: string; address: string }> {
    const pod = `${namespace}-more`;
    const address = gateway.replace(/1$/, '6');
    await this.#addNamespace(pod);
    await this.#plugIntoBridge(namespace, pod, 'veth1', address, gateway);
    return { namespace: pod, address };
  }

  /** A probe that runs until the lab stops. */
  #spawn(namespace: string, probe: string, ...args: string[]) {
    const words = [`--net=/run/netns/${namespace}`, process.execPath, probe, ...args];
    const child = spawn('nsenter', words, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#probes.push(child);
    return child;
  }

  async #addNamespace(name: string): Promise<void> {
    await exec('ip', ['netns', 'add', name]);
    this.#namespaces.push(name);
    // Nobody else has their IPv6 addresses: to ask around first takes a second or two.
    await this.run(name, 'sysctl', '-eqw', 'net.ipv6.conf.default.accept_dad=0');
    await this.ip(name, 'link set lo up');
  }

  async #addBoard(number: number): Promise<LabBoard> {
    const namespace = `${this.#name}-b${number}`;
    const pod = `${this.#name}-p${number}`;
    const second = (number - 1) * 2;
    const board = {
      namespace,
      pod,
      address: `10.199.77.1${number}`,
      podCIDR: `10.40.${second}.0/23`,
      gateway: `10.40.${second}.1`,
      podAddress: `10.40.${second}.5`,
    };
    await this.#addNamespace(namespace);
    await this.#addNamespace(pod);
    await this.#plugIntoLan(board, number);
    await this.#addPod(board);
    await this.run(namespace, 'sysctl', '-qw', 'net.ipv4.ip_forward=1');
    return board;
  }

  /** No default route: many boards sit in a LAN without one. */
  async #plugIntoLan({ namespace, address }: LabBoard, number: number): Promise<void> {
    await this.ip(namespace, `link add eth0 type veth peer name port${number} netns ${this.stranger}`);
    await this.ip(this.stranger, `link set port${number} master lan up`);
    await this.ip(namespace, `address add ${address}/24 dev eth0`);
    await this.ip(namespace, 'link set eth0 up');
  }

  async #addPod({ namespace, pod, gateway, podAddress }: LabBoard): Promise<void> {
    await this.ip(namespace, 'link add edge0 type bridge');
    await this.ip(namespace, `address add ${gateway}/23 dev edge0`);
    await this.ip(namespace, 'link set edge0 up');
    await this.#plugIntoBridge(namespace, pod, 'veth0', podAddress, gateway);
  }

  async #plugIntoBridge(
    board: string,
    pod: string,
    link: string,
    address: string,
    gateway: string,
  ): Promise<void> {
    await this.ip(board, `link add ${link} type veth peer name eth0 netns ${pod}`);
    await this.ip(board, `link set ${link} master edge0 up`);
    await this.ip(pod, `address add ${address}/23 dev eth0`);
    await this.ip(pod, 'link set eth0 up');
    await this.ip(pod, `route add default via ${gateway}`);
  }
}
