// The cluster's ranges and boards as this board was told them: read from what its agent keeps for a boot with no master
// in reach, whether it runs or not. Changes nothing.
import { defaultClusterNetwork } from '../base/cluster-network.ts';
import { messageOf } from '../base/error-message.ts';
import type { Check } from '../cli/doctor.ts';
import type { NetworkPeers } from '../mqtt/messages.ts';
import { readKeptCluster } from './agent/agent-checkpoint.ts';
import { AGENT_DATA_DIR } from './agent/agent-options.ts';

export type ToldRanges = Pick<NetworkPeers, 'podRange' | 'serviceRange'>;
export type ToldCluster = Pick<NetworkPeers, 'podRange' | 'serviceRange' | 'ipv6' | 'peers'>;

/** Where `npm start` has its agent, seen from its folder, and where edge-agent is; in the order of the kubeconfigs. */
const DATA_DIRS = ['.edge/agent', AGENT_DATA_DIR];
const USUAL: ToldCluster = { ...defaultClusterNetwork, peers: {} };
const MEND = 'run it as root, and name the folder that the agent was given with --data-dir';

/** The usual ranges where nobody has told others; the check says which they are, and from where. */
export async function toldCluster(dataDir?: string): Promise<{ cluster: ToldCluster; check: Check }> {
  try {
    for (const directory of dataDir ? [dataDir] : DATA_DIRS) {
      const kept = await readKeptCluster(directory);
      if (!kept) continue;
      const message = `${inWords(kept.peers)}, as ${directory} has them of the master`;
      return { cluster: kept.peers, check: { name: 'ranges', status: 'ok', message } };
    }
  } catch (error) {
    return usual('warning', `what the master told this board cannot be read: ${messageOf(error)}`);
  }
  if (dataDir) return usual('warning', `${dataDir} holds no ranges that a master told`);
  return usual('ok', 'no master has told this board its ranges yet');
}

function usual(status: 'ok' | 'warning', why: string): { cluster: ToldCluster; check: Check } {
  const message = `${why}; the usual ones are looked at: ${inWords(USUAL)}`;
  return {
    cluster: USUAL,
    check: { name: 'ranges', status, message, ...(status === 'ok' ? {} : { mend: MEND }) },
  };
}

function inWords({ podRange, serviceRange, ipv6 }: ToldCluster): string {
  const both = (first: string, second: string | undefined) => (second ? `${first} and ${second}` : first);
  return `pods ${both(podRange, ipv6?.podRange)}, Services ${both(serviceRange, ipv6?.serviceRange)}`;
}
