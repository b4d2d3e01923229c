// What this board keeps of the cluster for a boot with no master in reach, sealed.
import { join } from 'node:path';
import { SealedFile } from '../../base/sealed-file.ts';
import type { AgentLink } from '../../mqtt/agent-link.ts';
import { KeptCluster } from '../../mqtt/kept-cluster.ts';
import { loadSecretKey } from '../../pki/secret-key.ts';
import type { AgentOptions } from './agent-options.ts';

/** An apply or a reconnect changes many pods together. */
const SETTLE_PODS_MS = 2_000;
/** Endpoints come and go with every restart of a container: cards wear, and the last 5 s of them may be lost. */
const SETTLE_CLUSTER_MS = 5_000;

type Options = Pick<AgentOptions, 'dataDir' | 'clock' | 'logger'>;

/** The pods that this board is to run. */
export function keptPods(options: Options): SealedFile {
  return sealedFile(options, 'pods', SETTLE_PODS_MS);
}

/** Services, peers and Ingresses. */
export function keptCluster(options: Options, { services, peers, ingresses }: AgentLink): KeptCluster {
  const file = sealedFile(options, 'cluster', SETTLE_CLUSTER_MS);
  return new KeptCluster({ services, peers, ingresses, file });
}

/** The key lies outside the folder, so that a copy of that folder tells nothing. */
function sealedFile({ dataDir, clock, logger }: Options, name: string, settleMs: number): SealedFile {
  const path = join(dataDir, 'checkpoint', name);
  const key = () => loadSecretKey(join(dataDir, 'checkpoint.key'));
  return new SealedFile({ path, key, settleMs, clock, logger });
}
