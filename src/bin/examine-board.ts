// What `edgectl doctor` looks at: the board itself, then its firewall and routes.
import { defaultClusterNetwork } from '../base/cluster-network.ts';
import type { Check } from '../cli/doctor.ts';
import { boardChecks } from '../kubelet/doctor/board-checks.ts';
import { boardFacts } from '../kubelet/doctor/board-facts.ts';
import { ROUTE_PROTOCOL } from '../network/board-network.ts';
import { type CommandRunner, systemCommands } from '../network/command-runner.ts';
import { type Chain, findProblems } from '../network/network-problems.ts';
import type { Route } from '../network/routes.ts';

const BRIDGE = 'edge0';
const MENDS: Readonly<Record<string, string>> = {
  RangeOverlap: "give the board's own network another range: the cluster's is the same on all boards",
  ForwardingDropped:
    'accept forwarding for 10.40.0.0/13, such as: iptables -I FORWARD -s 10.40.0.0/13 -j ACCEPT',
};

export async function examineBoard(commands: CommandRunner = systemCommands): Promise<Check[]> {
  const { nodePorts } = defaultClusterNetwork;
  const board = boardChecks(await boardFacts({ nodePorts, nowMs: Date.now() }));
  return [...board, ...(await networkChecks(commands))];
}

async function networkChecks(commands: CommandRunner): Promise<Check[]> {
  try {
    const found = findProblems(NETWORK, await foreignRoutes(commands), await chains(commands));
    if (found.length === 0) {
      return [
        { name: 'network', status: 'ok', message: 'no firewall and no route stands in the way of pods' },
      ];
    }
    return found.map(({ reason, message: words }) => {
      const [what = '', advice = ''] = words.split(/: (?=choose|pods of)/);
      const message = reason === 'ForwardingDropped' ? words : what;
      const isFatal = reason === 'RangeOverlap';
      return {
        name: 'network',
        status: isFatal ? 'problem' : 'warning',
        message,
        mend: MENDS[reason] ?? advice,
      };
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
  const text = await commands.run('ip', ['-json', '-4', 'route', 'show']);
  const routes = JSON.parse(text || '[]') as (Route & { protocol?: string })[];
  const isForeign = ({ protocol, dev, dst }: (typeof routes)[number]) =>
    protocol !== ROUTE_PROTOCOL && dev !== BRIDGE && dst !== 'default';
  return routes.filter(isForeign);
}

async function chains(commands: CommandRunner): Promise<Chain[]> {
  const text = await commands.run('nft', ['--json', 'list', 'chains']);
  const { nftables = [] } = JSON.parse(text || '{}') as {
    nftables?: { chain?: Chain & { family?: string } }[];
  };
  return nftables.flatMap(({ chain }) => (chain ? [chain] : []));
}
