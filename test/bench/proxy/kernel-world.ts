// Two boards with a server's pod each and a client's pod on the first, and Services that the first board's kernel
// forwards: to the pod beside the client and to the one of the other board.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { VirtualPort } from '../../../src/network/board-network.ts';
import type { KernelPort } from '../../../src/network/kernel-port.ts';
import type { NodeNetwork } from '../../../src/network/node-network.ts';
import { eventually } from '../../support/eventually.ts';
import { desiredNetwork, nodeNetwork } from '../../support/lab-network.ts';
import { type LabBoard, NetworkLab } from '../../support/network-lab.ts';
import { AS_LAUNCHED } from '../as-launched.ts';
import type { Destination } from './load.ts';

export interface KernelWay {
  name: string;
  requests: Record<string, Destination>;
  bulk: Record<string, Destination>;
  udp: Record<string, Destination>;
}

interface Way {
  name: string;
  /** Whose pod serves. */
  board: LabBoard;
  serviceIP: string;
  /** Relayed in user space, for UDP. */
  relayedIP: string;
}

/** Of each pod, asked without a Service; one above it is the kernel's, two above it the relay's. */
const PORTS = { requests: 18_080, bulk: 15_201, udp: 15_353 };
const KERNEL = 1;
const RELAYED = 2;
const BRIDGE_RULES = '/proc/sys/net/bridge/bridge-nf-call-iptables';

export class KernelWorld {
  readonly #dir: string;
  readonly #lab = new NetworkLab(1);
  readonly #children: ChildProcess[] = [];
  readonly #networks: NodeNetwork[] = [];
  ways: KernelWay[] = [];
  /** br_netfilter: what pods say to their neighbours then meets the connection tracking without a Service too. */
  bridgePassesRules = false;

  constructor(dir: string) {
    this.#dir = dir;
  }

  async start(): Promise<void> {
    await this.#lab.start();
    const [near, far] = this.#lab.boards as [LabBoard, LabBoard];
    const client = await this.#lab.addPod(near);
    const ways: Way[] = [
      { name: 'to a pod beside it', board: near, serviceIP: '10.48.1.1', relayedIP: '10.48.2.1' },
      { name: 'to a pod of another board', board: far, serviceIP: '10.48.1.2', relayedIP: '10.48.2.2' },
    ];
    for (const { board } of ways) await this.#serve(board);
    for (const board of this.#lab.boards) this.#networks.push(await this.#network(board));
    const relayed: VirtualPort[] = [];
    for (const way of ways) relayed.push(...(await this.#relay(near, way)));
    await this.#apply(near, ways.flatMap(kernelPorts), relayed);
    await this.#apply(far, [], []);
    this.ways = ways.map((way) => destinations(way, client.namespace));
    // Without br_netfilter there is no such file.
    const rules = await this.#lab.run(near.namespace, 'cat', BRIDGE_RULES).catch(() => '');
    this.bridgePassesRules = rules.trim() === '1';
  }

  async stop(): Promise<void> {
    for (const network of this.#networks.splice(0)) await network.stop();
    for (const child of this.#children.splice(0)) {
      child.kill();
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    }
    await this.#lab.stop();
  }

  async #serve({ pod, podAddress }: LabBoard): Promise<void> {
    const config = join(this.#dir, `${pod}.conf`);
    const template = await readFile(join(import.meta.dirname, '../peers/backend.conf'), 'utf8');
    const listen = [0, KERNEL].map((more) => `listen ${PORTS.requests + more} backlog=4096;`).join(' ');
    const text = template
      .replace(/listen [^;]*@HTTP@[^;]*;/, listen)
      .replace('@DIR@/backend', join(this.#dir, pod));
    await writeFile(config, text);
    this.#run(pod, ['nginx', '-c', config]);
    for (const more of [0, KERNEL]) this.#run(pod, ['iperf3', '-s', '-p', `${PORTS.bulk + more}`]);
    for (const more of [0, KERNEL, RELAYED]) {
      const plain = ['--no-daemon', '--conf-file=/dev/null', '--no-resolv', '--no-hosts', '--user=root'];
      const answers = [
        `--port=${PORTS.udp + more}`,
        '--address=/bench.test/203.0.113.1',
        '--log-facility=/dev/null',
      ];
      this.#run(pod, ['dnsmasq', ...plain, ...answers]);
    }
    await eventually(
      async () => (await this.#lab.connect(pod, podAddress, PORTS.bulk)) !== 'ECONNREFUSED',
      10_000,
    );
  }

  #run(namespace: string, command: readonly string[], env = process.env): ChildProcess {
    const child = spawn('nsenter', [`--net=/run/netns/${namespace}`, ...command], {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      env,
    });
    this.#children.push(child);
    return child;
  }

  async #relay({ namespace }: LabBoard, { board, relayedIP }: Way): Promise<VirtualPort[]> {
    const program = join(import.meta.dirname, 'board-proxy.ts');
    const args = [relayedIP, PORTS.udp, board.podAddress, PORTS.udp + RELAYED].map(String);
    const { execArgv, env } = AS_LAUNCHED;
    const command = [process.execPath, ...execArgv, program, ...args];
    const [ports] = await once(this.#run(namespace, command, env), 'message');
    return ports;
  }

  async #network(board: LabBoard): Promise<NodeNetwork> {
    const commands = this.#lab.commands(board.namespace);
    const network = await nodeNetwork(this.#lab, board, {
      // No client has had another endpoint before: nobody is to be forgotten, with a program that may not be there.
      commands: { run: async (name, ...more) => (name === 'conntrack' ? '' : commands.run(name, ...more)) },
      onProblems: (problems) => problems.forEach(({ message }) => void process.stderr.write(`${message}\n`)),
    });
    await network.start();
    return network;
  }

  async #apply(board: LabBoard, kernelPorts: KernelPort[], virtualPorts: VirtualPort[]): Promise<void> {
    const desired = desiredNetwork(this.#lab, board, { virtualPorts, kernelPorts });
    await this.#networks[this.#lab.boards.indexOf(board)]?.update(desired);
  }
}

function kernelPorts({ board, serviceIP }: Way): KernelPort[] {
  return (['requests', 'bulk', 'udp'] as const).map((what) => {
    const endpoints = [{ ip: board.podAddress, port: PORTS[what] + KERNEL }];
    const protocol = what === 'udp' ? 'udp' : 'tcp';
    return {
      ip: serviceIP,
      protocol,
      port: PORTS[what],
      isOpen: false,
      isOwn: false,
      backend: `bench/${serviceIP}/${protocol}/${PORTS[what]}`,
      insiders: 'Cluster',
      outsiders: 'Cluster',
      sourceRanges: [],
      endpoints: { Cluster: endpoints, Local: [] },
    };
  });
}

function destinations({ name, board, serviceIP, relayedIP }: Way, from: string): KernelWay {
  const pair = (port: number) => ({
    'no proxy': { host: board.podAddress, port, from },
    kernel: { host: serviceIP, port, from },
  });
  const udp = { ...pair(PORTS.udp), 'user space': { host: relayedIP, port: PORTS.udp, from } };
  return { name, requests: pair(PORTS.requests), bulk: pair(PORTS.bulk), udp };
}
