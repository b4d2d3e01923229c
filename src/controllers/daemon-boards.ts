// Which boards a DaemonSet runs on, and the pods that it has on each: what its decisions and its status look at.
// Source: pkg/controller/daemon/daemon_controller.go NodeShouldRunDaemonPod
import { matchesRequired } from '../api/node-affinity.ts';
import type { core, DaemonSet, Node, Pod } from '../api/objects.ts';
import { firstUntolerated } from '../api/taints.ts';
import { daemonSpec, targetNode } from './daemon-pod.ts';

export interface Board {
  name: string;
  /** A pod belongs here. */
  shouldRun: boolean;
  /** A pod that is here already may stay: a NoSchedule taint drives nobody away. */
  mayStay: boolean;
  /** Those going included, oldest first. */
  pods: Pod[];
}

/** Every board of the cluster, in the order of `nodes`; `pods` are the DaemonSet's own. */
export function boardsOf(daemonSet: DaemonSet, nodes: readonly Node[], pods: readonly Pod[]): Board[] {
  const byNode = new Map<string, Pod[]>();
  for (const pod of pods) {
    const name = targetNode(pod) ?? '';
    byNode.set(name, [...(byNode.get(name) ?? []), pod]);
  }
  const spec = daemonSpec(daemonSet);
  return nodes.map((node) => {
    const { name } = node.metadata;
    return { name, ...fitOf(spec, node), pods: (byNode.get(name) ?? []).sort(byAge) };
  });
}

/** Waiting for a board that does not exist (any more). Those bound to such a board are the pod collector's. */
export function podsOfMissingBoards(nodes: readonly Node[], pods: readonly Pod[]): Pod[] {
  const names = new Set(nodes.map(({ metadata }) => metadata.name));
  return pods.filter((pod) => {
    const isWaiting = !pod.spec.nodeName && !pod.metadata.deletionTimestamp;
    return isWaiting && !names.has(targetNode(pod) ?? '');
  });
}

function fitOf(spec: core.PodSpec, node: Node): Pick<Board, 'shouldRun' | 'mayStay'> {
  const isNamed = !spec.nodeName || spec.nodeName === node.metadata.name;
  if (!isNamed || !matchesRequired({ spec }, node)) return { shouldRun: false, mayStay: false };
  const isFreeOf = (effects: readonly string[]) =>
    firstUntolerated(node.spec.taints ?? [], spec.tolerations, effects) === undefined;
  return { shouldRun: isFreeOf(['NoSchedule', 'NoExecute']), mayStay: isFreeOf(['NoExecute']) };
}

function byAge(a: Pod, b: Pod): number {
  const bound = Number(!a.spec.nodeName) - Number(!b.spec.nodeName);
  const age = Date.parse(a.metadata.creationTimestamp) - Date.parse(b.metadata.creationTimestamp);
  return bound || age || (a.metadata.uid < b.metadata.uid ? -1 : 1);
}
