// What this board keeps of the cluster for a boot with no master in reach, sealed.
import { join } from 'node:path';
import { readSealed, SealedFile } from '../../base/sealed-file.ts';
import type { AgentLink } from '../../mqtt/agent-link.ts';
import { KeptCluster, type KeptContent } from '../../mqtt/kept-cluster.ts';
import { loadSecretKey, storedSecretKey } from '../../pki/secret-key.ts';
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

/**
 * What the agent of that directory keeps; `undefined` when that is nothing. Makes nothing; rejects when it cannot be
 * read.
 */
export async function readKeptCluster(dataDir: string): Promise<KeptContent | undefined> {
  const { path, keyPath } = placesOf(dataDir, 'cluster');
  const key = async () => {
    const stored = await storedSecretKey(keyPath);
    if (!stored) throw new Error(`${path} is sealed, and its key ${keyPath} is not there`);
    return stored;
  };
  try {
    return JSON.parse(await readSealed(path, key)) as KeptContent;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The key lies outside the folder, so that a copy of that folder tells nothing. */
function sealedFile({ dataDir, clock, logger }: Options, name: string, settleMs: number): SealedFile {
  const { path, keyPath } = placesOf(dataDir, name);
  return new SealedFile({ path, key: () => loadSecretKey(keyPath), settleMs, clock, logger });
}

function placesOf(dataDir: string, name: string): { path: string; keyPath: string } {
  return { path: join(dataDir, 'checkpoint', name), keyPath: join(dataDir, 'checkpoint.key') };
}
