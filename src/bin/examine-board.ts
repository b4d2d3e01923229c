// What `edgectl doctor` looks at: the board itself, then its firewall and routes against the cluster's ranges.
import { networkInterfaces } from 'node:os';
import { defaultClusterNetwork } from '../base/cluster-network.ts';
import { messageOf } from '../base/error-message.ts';
import type { Check } from '../cli/doctor.ts';
import { boardChecks } from '../kubelet/doctor/board-checks.ts';
import { boardFacts } from '../kubelet/doctor/board-facts.ts';
import { type NetworkProblem, SERVICE_LISTEN_ADDRESS } from '../network/board-network.ts';
import { type CommandRunner, systemCommands } from '../network/command-runner.ts';
import { type ClusterPlace, findProblems } from '../network/network-problems.ts';
import { listChains } from '../network/nft-listing.ts';
import { foreignRoutes } from '../network/routes.ts';
import type { FamilyName } from '../network/rule-family.ts';
import { BRIDGE } from './agent/agent-options.ts';
import { type ToldCluster, type ToldRanges, toldCluster } from './told-cluster.ts';

/** `dataDir` is the agent's; unless given it is looked for where it usually is. */
export async function examineBoard(
  dataDir?: string,
  commands: CommandRunner = systemCommands,
): Promise<Check[]> {
  const { nodePorts } = defaultClusterNetwork;
  const board = boardChecks(await boardFacts({ nodePorts, nowMs: Date.now() }));
  const { cluster, check } = await toldCluster(dataDir);
  return [...board, check, ...(await networkChecks(commands, cluster))];
}

async function networkChecks(commands: CommandRunner, cluster: ToldCluster): Promise<Check[]> {
  try {
    const found = await problems(commands, cluster);
    if (found.length === 0) {
      return [
        { name: 'network', status: 'ok', message: 'no firewall and no route stands in the way of pods' },
      ];
    }
    return found.map(({ message, mend, isBlocking }) => {
      return { name: 'network', status: isBlocking ? 'problem' : 'warning', message, mend };
    });
  } catch (error) {
    const message = `firewall and routes cannot be read: ${messageOf(error)}`;
    const mend = 'run it as root, with iproute2 and nftables installed';
    return [{ name: 'network', status: 'warning', message, mend }];
  }
}

async function problems(commands: CommandRunner, cluster: ToldCluster): Promise<NetworkProblem[]> {
  const { ipv6 } = cluster;
  const boards = boardsOf(cluster);
  const chains = await listChains(commands);
  const ofFamily = async (family: FamilyName, ranges: ToldRanges) => {
    const routes = await foreignRoutes(commands, BRIDGE, family);
    const listening = family === 'ip' ? { listenAddress: SERVICE_LISTEN_ADDRESS } : {};
    return findProblems(family, { ...ranges, ...boards }, { foreignRoutes: routes, chains, ...listening });
  };
  const first = await ofFamily('ip', cluster);
  return ipv6 ? [...first, ...(await ofFamily('ip6', ipv6))] : first;
}

/** This board is the one that has an address of this machine. */
function boardsOf(cluster: ToldCluster): Pick<ClusterPlace, 'address' | 'peers'> {
  const here = new Set(
    Object.values(networkInterfaces()).flatMap((all) => all?.map(({ address }) => address)),
  );
  const all = Object.values(cluster.peers);
  return {
    address: all.find(({ address }) => here.has(address))?.address,
    peers: all.filter(({ address }) => !here.has(address)),
  };
}
