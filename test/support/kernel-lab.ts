// A board whose kernel forwards Services, made of namespaces: it, another board, pods on both and a stranger on their LAN.
// As the clients of one family meet it.
import { join } from 'node:path';
import type { Test } from 'tap';
import type { IpFamily } from '../../src/base/ip.ts';
import {
  type DesiredNetwork,
  SERVICE_LISTEN_ADDRESS,
  type VirtualPort,
} from '../../src/network/board-network.ts';
import type { CommandRunner } from '../../src/network/command-runner.ts';
import { Ipv6Network } from '../../src/network/ipv6/ipv6-network.ts';
import type { NodeNetwork, NodeNetworkOptions } from '../../src/network/node-network.ts';
import type { Endpoint } from '../../src/proxy/endpoint-choice.ts';
import { planForwarders } from '../../src/proxy/forwarder-plan.ts';
import { planKernelPorts } from '../../src/proxy/kernel-ports.ts';
import type { ServicePort, ServiceView } from '../../src/proxy/service-view.ts';
import { withDependencies } from './debian-packages.ts';
import { addDualPod, type DualBoard, dualLab, dualOnly, LAN_V6, RANGES_V6 } from './dual-lab.ts';
import { FakeClock } from './fake-clock.ts';
import { desiredNetwork, nodeNetwork } from './lab-network.ts';
import { type LabBoard, NetworkLab, rootOnly } from './network-lab.ts';
import { endpointsOf, tcpService } from './proxied-services.ts';

const conntrack = await withDependencies('conntrack');
const CONNTRACK = join(conntrack.root ?? '', 'usr/sbin/conntrack');

/** What differs where the same is tried in both families. */
export interface KernelFamily {
  family: IpFamily;
  /** nft's name. */
  table: 'ip' | 'ip6';
  serviceIP: string;
  otherServiceIP: string;
  serviceRange: string;
  externalIP: string;
  /** Every address. */
  any: string;
  loopback: string;
  /** The stranger's. */
  lan: string;
  /** Of a source that nobody has. */
  elsewhere: string;
  only: { skip?: string };
  withConntrack: { skip?: string };
}

const needsConntrack = (others: { skip?: string }) =>
  conntrack.missing ? { skip: conntrack.missing } : others;

export const ipv4Kernel: KernelFamily = {
  family: 'IPv4',
  table: 'ip',
  serviceIP: '10.48.0.9',
  otherServiceIP: '10.48.0.8',
  serviceRange: '10.48.0.0/16',
  externalIP: '203.0.113.5',
  any: '0.0.0.0',
  loopback: '127.0.0.1',
  lan: '10.199.77.1',
  elsewhere: '192.0.2.0/24',
  only: rootOnly,
  withConntrack: needsConntrack(rootOnly),
};

export const ipv6Kernel: KernelFamily = {
  family: 'IPv6',
  table: 'ip6',
  serviceIP: 'fd00:10:48::9',
  otherServiceIP: 'fd00:10:48::8',
  serviceRange: RANGES_V6.serviceRange,
  externalIP: '2001:db8::5',
  any: '::',
  loopback: '::1',
  lan: `${LAN_V6}::1`,
  elsewhere: '2001:db8:1::/48',
  only: dualOnly,
  withConntrack: needsConntrack(dualOnly),
};

/** A board as clients of one family meet it. */
export interface KernelBoard {
  lab: LabBoard;
  /** Where it has the second family. */
  dual?: DualBoard;
  namespace: string;
  pod: string;
  podAddress: string;
  gateway: string;
  /** On the LAN. */
  address: string;
  /** What pods of other boards see of it. */
  seenAs: string;
  /** Where sockets of Services listen. */
  listenAddress: string;
}

function firstOf(board: LabBoard): KernelBoard {
  return { ...board, lab: board, seenAs: board.address, listenAddress: SERVICE_LISTEN_ADDRESS };
}

function secondOf(dual: DualBoard): KernelBoard {
  return {
    ...dual,
    lab: dual,
    dual,
    podAddress: dual.podAddressV6,
    gateway: dual.gatewayV6,
    address: dual.addressV6,
    seenAs: dual.inClusterV6,
    listenAddress: dual.inClusterV6,
  };
}

async function boardsOf(t: Test, number: number, { family }: KernelFamily) {
  if (family === 'IPv6') {
    const { lab, a, b } = await dualLab(t, number);
    return { lab, a: secondOf(a), b: secondOf(b), client: await addDualPod(lab, a) };
  }
  const lab = new NetworkLab(number);
  t.teardown(() => lab.stop());
  await lab.start();
  const [a, b] = lab.boards.map(firstOf) as [KernelBoard, KernelBoard];
  return { lab, a, b, client: await lab.addPod(a.lab) };
}

/** What a board is to do for these Services. */
function desired(
  lab: NetworkLab,
  board: KernelBoard,
  others: readonly KernelBoard[],
  services: ServiceView[],
  virtualPorts: VirtualPort[] = [],
): DesiredNetwork {
  const { dual } = board;
  const plan = planForwarders({
    services,
    hostPorts: [],
    listenAddress: SERVICE_LISTEN_ADDRESS,
    listenAddressV6: dual?.inClusterV6,
    boardAddresses: [board.address],
  });
  const planned = planKernelPorts(plan, { protocols: ['tcp', 'udp'], families: ['IPv4', 'IPv6'] });
  return desiredNetwork(lab, board.lab, {
    ...(dual ? { ipv6: { ...RANGES_V6, podCIDR: dual.podCIDRv6 } } : {}),
    peers: others.map(({ lab, dual }) => dual ?? lab),
    virtualPorts,
    kernelPorts: [...planned.values()].flat(),
  });
}

/** `conntrack` need not be installed on the machine that runs the tests. */
function commandsOf(lab: NetworkLab, { namespace }: KernelBoard): CommandRunner {
  const commands = lab.commands(namespace);
  return {
    run: (name, args, input) => commands.run(name === 'conntrack' ? CONNTRACK : name, args, input),
  };
}

async function networkOf(
  t: Test,
  lab: NetworkLab,
  board: KernelBoard,
  more: Partial<NodeNetworkOptions> = {},
): Promise<NodeNetwork> {
  const commands = commandsOf(lab, board);
  const network = await nodeNetwork(lab, board.lab, {
    clock: new FakeClock(),
    commands,
    ipv6: async () => new Ipv6Network(commands, await lab.ipv6Forwarding(board.lab), 'edge0'),
    onProblems: (problems) => t.same(problems, []),
    ...more,
  });
  t.teardown(() => network.stop());
  await network.start();
  return network;
}

/** Board a forwards; a pod on it and one on board b answer with their names, another pod of board a asks. */
export async function kernelWorld(t: Test, labNumber: number, of: KernelFamily) {
  const { lab, a, b, client: pod } = await boardsOf(t, labNumber, of);
  const clock = new FakeClock();
  const restored: string[] = [];
  const onRestored = (parts: readonly string[]) => void restored.push(...parts);
  const networks = [await networkOf(t, lab, a, { clock, onRestored }), await networkOf(t, lab, b)] as const;
  const desiredOf = (board: KernelBoard, services: ServiceView[], virtualPorts: VirtualPort[] = []) =>
    desired(
      lab,
      board,
      [a, b].filter((other) => other !== board),
      services,
      virtualPorts,
    );
  const update = async (...services: ServiceView[]) => {
    await networks[0].update(desiredOf(a, services));
    await networks[1].update(desiredOf(b, []));
  };
  const near: Endpoint = { ip: a.podAddress, port: await lab.listen(a.pod, of.any, 0, 'near') };
  const far: Endpoint = { ip: b.podAddress, port: await lab.listen(b.pod, of.any, 0, 'far') };
  return {
    lab,
    a,
    b,
    client: { namespace: pod.namespace, address: 'addressV6' in pod ? pod.addressV6 : pod.address },
    near,
    far,
    both: endpointsOf([near, far], [near]),
    networks,
    /** Of board a: its time, and what it says that others had changed. */
    clock,
    restored,
    desired: desiredOf,
    update,
    successor: () => networkOf(t, lab, a, { removeOnStop: false }),
    /** One of that family. */
    service: (more: Partial<ServiceView> = {}, port: Partial<ServicePort> = {}) =>
      tcpService({ family: of.family, clusterIP: of.serviceIP, ...more }, port),
  };
}

/** What each endpoint says it saw, sorted; as many tries as there are endpoints must meet all of them. */
export async function seen(lab: NetworkLab, from: string, host: string, port: number): Promise<string[]> {
  return [await lab.connect(from, host, port), await lab.connect(from, host, port)].sort();
}
