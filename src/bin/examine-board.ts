// What `edgectl doctor` looks at: the board itself, then its firewall and routes.
import { defaultClusterNetwork } from '../base/cluster-network.ts';
import type { Check } from '../cli/doctor.ts';
import { boardChecks } from '../kubelet/doctor/board-checks.ts';
import { boardFacts } from '../kubelet/doctor/board-facts.ts';
import { ROUTE_PROTOCOL } from '../network/board-network.ts';
import { type CommandRunner, systemCommands } from '../network/command-runner.ts';
import { listIp } from '../network/ip-listing.ts';
import { findProblems } from '../network/network-problems.ts';
import { listChains } from '../network/nft-listing.ts';
import type { Route } from '../network/routes.ts';
import { BRIDGE } from './agent/agent-options.ts';

export async function examineBoard(commands: CommandRunner = systemCommands): Promise<Check[]> {
  const { nodePorts } = defaultClusterNetwork;
  const board = boardChecks(await boardFacts({ nodePorts, nowMs: Date.now() }));
  return [...board, ...(await networkChecks(commands))];
}

async function networkChecks(commands: CommandRunner): Promise<Check[]> {
  try {
    const found = findProblems(NETWORK, await foreignRoutes(commands), await listChains(commands));
    if (found.length === 0) {
      return [
        { name: 'network', status: 'ok', message: 'no firewall and no route stands in the way of pods' },
      ];
    }
    return found.map(({ message, mend, isBlocking }) => {
      return { name: 'network', status: isBlocking ? 'problem' : 'warning', message, mend };
    });
  } catch (error) {
    const message = `firewall and routes cannot be read: ${(error as Error).message}`;
    return [
      {
        name: 'network',
        status: 'warning',
        message,
        mend: 'run it as root, with iproute2 and nftables installed',
      },
    ];
  }
}

const { podRange, serviceRange } = defaultClusterNetwork;
const NETWORK = { podRange, serviceRange, podCIDR: undefined, peers: [], virtualPorts: [] };

async function foreignRoutes(commands: CommandRunner): Promise<Route[]> {
  const routes = await listIp<Route & { protocol?: string }>(commands, '-4', 'route', 'show');
  const isForeign = ({ protocol, dev, dst }: (typeof routes)[number]) =>
    protocol !== ROUTE_PROTOCOL && dev !== BRIDGE && dst !== 'default';
  return routes.filter(isForeign);
}
