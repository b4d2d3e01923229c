// A board's network as its agent has it, on a board of a lab.
import { silentLogger } from '../../src/base/logger.ts';
import type { DesiredNetwork } from '../../src/network/board-network.ts';
import { NodeNetwork, type NodeNetworkOptions } from '../../src/network/node-network.ts';
import type { LabBoard, NetworkLab } from './network-lab.ts';

/** What the board is told of itself and of the other one; `more` goes before. */
export function desiredNetwork(
  lab: NetworkLab,
  board: LabBoard,
  more: Partial<DesiredNetwork> = {},
): DesiredNetwork {
  return {
    podRange: '10.40.0.0/13',
    serviceRange: '10.48.0.0/16',
    podCIDR: board.podCIDR,
    address: board.address,
    peers: lab.boards.filter((other) => other !== board),
    virtualPorts: [],
    ...more,
  };
}

/** Not started. Unless `more` says otherwise nobody tells it of changed routes, and it takes all away when it stops. */
export async function nodeNetwork(
  lab: NetworkLab,
  board: LabBoard,
  more: Pick<NodeNetworkOptions, 'onProblems'> & Partial<NodeNetworkOptions>,
): Promise<NodeNetwork> {
  return new NodeNetwork({
    commands: lab.commands(board.namespace),
    forwarding: await lab.forwarding(board),
    kernelRoutes: async () => '',
    bridge: 'edge0',
    removeOnStop: true,
    logger: silentLogger,
    ...more,
  });
}
