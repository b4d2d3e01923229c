// A board whose kernel forwards Services, made of namespaces: it, another board, pods on both and a stranger on their LAN.
import { join } from 'node:path';
import type { Test } from 'tap';
import {
  type DesiredNetwork,
  SERVICE_LISTEN_ADDRESS,
  type VirtualPort,
} from '../../src/network/board-network.ts';
import type { CommandRunner } from '../../src/network/command-runner.ts';
import type { NodeNetwork } from '../../src/network/node-network.ts';
import type { Endpoint } from '../../src/proxy/endpoint-choice.ts';
import { planForwarders } from '../../src/proxy/forwarder-plan.ts';
import { planKernelPorts } from '../../src/proxy/kernel-ports.ts';
import type { ServiceView } from '../../src/proxy/service-view.ts';
import { withDependencies } from './debian-packages.ts';
import { FakeClock } from './fake-clock.ts';
import { desiredNetwork, nodeNetwork } from './lab-network.ts';
import { type LabBoard, NetworkLab, rootOnly } from './network-lab.ts';
import { endpointsOf } from './proxied-services.ts';

export const SERVICE_IP = '10.48.0.9';

const conntrack = await withDependencies('conntrack');
export const withConntrack = conntrack.missing ? { skip: conntrack.missing } : rootOnly;

export function desired(
  lab: NetworkLab,
  board: LabBoard,
  services: ServiceView[],
  virtualPorts: VirtualPort[] = [],
): DesiredNetwork {
  const input = { hostPorts: [], listenAddress: SERVICE_LISTEN_ADDRESS, boardAddresses: [board.address] };
  const kernelPorts = planKernelPorts(planForwarders({ ...input, services }), ['tcp', 'udp']);
  return desiredNetwork(lab, board, { virtualPorts, kernelPorts: [...kernelPorts.values()] });
}

/** `conntrack` need not be installed on the machine that runs the tests. */
function commandsOf(lab: NetworkLab, { namespace }: LabBoard): CommandRunner {
  const commands = lab.commands(namespace);
  const program = join(conntrack.root ?? '', 'usr/sbin/conntrack');
  return {
    run: (name, args, input) => commands.run(name === 'conntrack' ? program : name, args, input),
  };
}

export async function networkOf(
  t: Test,
  lab: NetworkLab,
  board: LabBoard,
  removeOnStop = true,
): Promise<NodeNetwork> {
  const network = await nodeNetwork(lab, board, {
    clock: new FakeClock(),
    commands: commandsOf(lab, board),
    removeOnStop,
    onProblems: (problems) => t.same(problems, []),
  });
  t.teardown(() => network.stop());
  return network;
}

/** Board a forwards; a pod on it and one on board b answer with their names, another pod of board a asks. */
export async function kernelWorld(t: Test, labNumber: number) {
  const lab = new NetworkLab(labNumber);
  t.teardown(() => lab.stop());
  await lab.start();
  const [a, b] = lab.boards as [LabBoard, LabBoard];
  const networks: NodeNetwork[] = [];
  for (const board of [a, b]) {
    const network = await networkOf(t, lab, board);
    await network.start();
    networks.push(network);
  }
  const update = async (...services: ServiceView[]) => {
    for (const [index, network] of networks.entries()) {
      const board = lab.boards[index] as LabBoard;
      await network.update(desired(lab, board, index === 0 ? services : []));
    }
  };
  const near: Endpoint = { ip: a.podAddress, port: await lab.listen(a.pod, '0.0.0.0', 0, 'near') };
  const far: Endpoint = { ip: b.podAddress, port: await lab.listen(b.pod, '0.0.0.0', 0, 'far') };
  const client = await lab.addPod(a);
  return { lab, a, b, client, near, far, both: endpointsOf([near, far], [near]), update, networks };
}

/** What each endpoint says it saw, sorted; as many tries as there are endpoints must meet all of them. */
export async function seen(lab: NetworkLab, from: string, host: string, port: number): Promise<string[]> {
  return [await lab.connect(from, host, port), await lab.connect(from, host, port)].sort();
}
