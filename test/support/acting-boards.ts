// The boards' part on a master in memory: what is bound runs and is ready, what is to go has gone. For tests of
// loops that need pods to live and die without a kubelet.
import { pods } from '../../src/api/kinds/pod.ts';
import { keyOf, type Pod, timestamp } from '../../src/api/objects.ts';
import { isReady } from '../../src/controllers/pod-state.ts';
import type { MemoryCluster } from './memory-cluster.ts';
import { quiet } from './settles.ts';

export interface BoardsActing {
  /** Names of boards that do nothing. */
  silent?: ReadonlySet<string>;
  /** Pods that start but never get ready. */
  isBroken?: (pod: Pod) => boolean;
  /** Called after everything that a board did. */
  onStep?: () => Promise<void>;
}

/** One thing at a time until nothing is left to do. */
export async function actUntilRest(cluster: MemoryCluster, acting: BoardsActing = {}): Promise<void> {
  for (let round = 0; round < 200; round++) {
    await quiet(40);
    if (!(await actOnce(cluster, acting))) return;
    await acting.onStep?.();
  }
  throw new Error('the boards never came to rest');
}

async function actOnce(
  { client, clock }: MemoryCluster,
  { silent, isBroken }: BoardsActing,
): Promise<boolean> {
  for (const pod of (await client.list(pods)).items) {
    if (!pod.spec.nodeName || silent?.has(pod.spec.nodeName)) continue;
    if (pod.metadata.deletionTimestamp) {
      await client.delete(pods, keyOf(pod), { gracePeriodSeconds: 0 });
      return true;
    }
    if (isReady(pod) || pod.status?.phase !== 'Pending') continue;
    const status = isBroken?.(pod) ? 'False' : 'True';
    await setPodStatus(client, pod, status, clock.now());
    return true;
  }
  return false;
}

export async function setPodStatus(
  client: MemoryCluster['client'],
  pod: Pod,
  status: 'True' | 'False',
  nowMs: number,
): Promise<void> {
  const conditions = [{ type: 'Ready', status, lastTransitionTime: timestamp(nowMs) }];
  const body = { status: { phase: 'Running', conditions } };
  await client.patch(pods, keyOf(pod), { type: 'strategic', body }, 'status');
}
