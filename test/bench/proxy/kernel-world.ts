// Two boards with a server's pod each and a client's pod on the first, and Services that the first board's kernel
// forwards: to the pod beside the client and to the one of the other board, in each family that this kernel has.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { IpFamily } from '../../../src/base/ip.ts';
import { boardHasIpv6 } from '../../../src/network/board-ipv6.ts';
import type { VirtualPort } from '../../../src/network/board-network.ts';
import type { CommandRunner } from '../../../src/network/command-runner.ts';
import { Ipv6Network } from '../../../src/network/ipv6/ipv6-network.ts';
import type { KernelPort } from '../../../src/network/kernel-port.ts';
import type { NodeNetwork } from '../../../src/network/node-network.ts';
import { addDualPod, type DualBoard, RANGES_V6, withSecondFamily } from '../../support/dual-lab.ts';
import { eventually } from '../../support/eventually.ts';
import { desiredNetwork, nodeNetwork } from '../../support/lab-network.ts';
import { type LabBoard, NetworkLab } from '../../support/network-lab.ts';
import { AS_LAUNCHED } from '../as-launched.ts';
import type { Destination } from './load.ts';

export interface KernelWay {
  name: string;
  family: IpFamily;
  requests: Record<string, Destination>;
  bulk: Record<string, Destination>;
  udp: Record<string, Destination>;
}

interface Way {
  name: string;
  family: IpFamily;
  /** Of the pod that serves. */
  podAddress: string;
  serviceIP: string;
  /** Relayed in user space, for UDP. */
  relayedIP?: string;
}

/** Of each pod, asked without a Service; one above it is the kernel's, two above it the relay's. */
const PORTS = { requests: 18_080, bulk: 15_201, udp: 15_353 };
const KERNEL = 1;
const RELAYED = 2;
const BRIDGE_RULES = '/proc/sys/net/bridge/bridge-nf-call-iptables';

export class KernelWorld {
  readonly #dir: string;
  readonly #lab = new NetworkLab(1);
  /** Of boards with both families. */
  #dual: readonly DualBoard[] = [];
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
    if (boardHasIpv6()) this.#dual = await withSecondFamily(this.#lab);
    const [dual] = this.#dual;
    const client = await (dual ? addDualPod(this.#lab, dual) : this.#lab.addPod(near));
    const ways = [...waysV4(near, far), ...waysV6(this.#dual)];
    for (const board of this.#lab.boards) await this.#serve(board);
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
    const hosts = this.#dual.length > 0 ? ['', '[::]:'] : [''];
    const ports = [0, KERNEL].map((more) => PORTS.requests + more);
    const listen = hosts
      .flatMap((host) => ports.map((port) => `listen ${host}${port} backlog=4096;`))
      .join(' ');
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

  async #relay({ namespace }: LabBoard, { podAddress, relayedIP }: Way): Promise<VirtualPort[]> {
    if (relayedIP === undefined) return [];
    const program = join(import.meta.dirname, 'board-proxy.ts');
    const args = [relayedIP, PORTS.udp, podAddress, PORTS.udp + RELAYED].map(String);
    const { execArgv, env } = AS_LAUNCHED;
    const command = [process.execPath, ...execArgv, program, ...args];
    const [ports] = await once(this.#run(namespace, command, env), 'message');
    return ports;
  }

  async #network(board: LabBoard): Promise<NodeNetwork> {
    const inside = this.#lab.commands(board.namespace);
    // No client has had another endpoint before: nobody is to be forgotten, with a program that may not be there.
    const commands: CommandRunner = {
      run: async (name, ...more) => (name === 'conntrack' ? '' : inside.run(name, ...more)),
    };
    const network = await nodeNetwork(this.#lab, board, {
      commands,
      ipv6: async () => new Ipv6Network(commands, await this.#lab.ipv6Forwarding(board), 'edge0'),
      onProblems: (problems) => problems.forEach(({ message }) => void process.stderr.write(`${message}\n`)),
    });
    await network.start();
    return network;
  }

  async #apply(board: LabBoard, kernelPorts: KernelPort[], virtualPorts: VirtualPort[]): Promise<void> {
    const index = this.#lab.boards.indexOf(board);
    const desired = desiredNetwork(this.#lab, board, { virtualPorts, kernelPorts });
    const second = this.#dual[index] && {
      ipv6: { ...RANGES_V6, podCIDR: this.#dual[index].podCIDRv6 },
      peers: this.#dual.filter((_, i) => i !== index),
    };
    await this.#networks[index]?.update({ ...desired, ...second });
  }
}

const BESIDE = 'to a pod beside it';
const ELSEWHERE = 'to a pod of another board';

function waysV4(near: LabBoard, far: LabBoard): Way[] {
  const family = 'IPv4';
  const [beside, elsewhere] = [near.podAddress, far.podAddress];
  return [
    { family, name: BESIDE, podAddress: beside, serviceIP: '10.48.1.1', relayedIP: '10.48.2.1' },
    { family, name: ELSEWHERE, podAddress: elsewhere, serviceIP: '10.48.1.2', relayedIP: '10.48.2.2' },
  ];
}

/** None where there are no such boards. */
function waysV6(boards: readonly DualBoard[]): Way[] {
  return boards.map(({ podAddressV6 }, i) => ({
    family: 'IPv6',
    name: i === 0 ? BESIDE : ELSEWHERE,
    podAddress: podAddressV6,
    serviceIP: `fd00:10:48::1${i + 1}`,
  }));
}

function kernelPorts({ podAddress, serviceIP }: Way): KernelPort[] {
  return (['requests', 'bulk', 'udp'] as const).map((what) => {
    const endpoints = [{ ip: podAddress, port: PORTS[what] + KERNEL }];
    const protocol = what === 'udp' ? 'udp' : 'tcp';
    return {
      ip: serviceIP,
      protocol,
      port: PORTS[what],
      isOpen: false,
      isOwn: false,
      backend: `bench/${serviceIP.replaceAll(':', '.')}/${protocol}/${PORTS[what]}`,
      insiders: 'Cluster',
      outsiders: 'Cluster',
      sourceRanges: [],
      endpoints: { Cluster: endpoints, Local: [] },
    };
  });
}

function destinations({ name, family, podAddress, serviceIP, relayedIP }: Way, from: string): KernelWay {
  const pair = (port: number) => ({
    'no proxy': { host: podAddress, port, from },
    kernel: { host: serviceIP, port, from },
  });
  const udp: KernelWay['udp'] = pair(PORTS.udp);
  if (relayedIP !== undefined) udp['user space'] = { host: relayedIP, port: PORTS.udp, from };
  return { name, family, requests: pair(PORTS.requests), bulk: pair(PORTS.bulk), udp };
}
