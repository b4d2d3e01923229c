// Which boards can take a pod at all. Each filter answers with upstream's words for why not; the first filter
// that objects speaks for the board, as in upstream's scheduler.
import { matchesRequired } from '../api/node-affinity.ts';
import type { Pod } from '../api/objects.ts';
import { firstUntolerated, UNSCHEDULABLE_TAINT } from '../api/taints.ts';
import { type HostPort, type NodeUsage, type PodLoad, requestedBy } from './node-usage.ts';
import { effectiveTaints } from './taints.ts';

/** Reasons against the board; none = it fits. */
type Filter = (load: PodLoad, usage: NodeUsage) => string[];

/** In upstream's order: cheap and telling ones first. */
const filters: readonly Filter[] = [
  unschedulable,
  nodeName,
  taints,
  nodeAffinity,
  hostPorts,
  resources,
  claims,
];

/** Why the board cannot take the pod; none = it can. */
export function reasonsAgainst(load: PodLoad, usage: NodeUsage): string[] {
  for (const filter of filters) {
    const reasons = filter(load, usage);
    if (reasons.length > 0) return reasons;
  }
  return [];
}

function unschedulable({ pod }: PodLoad, { node }: NodeUsage): string[] {
  const taint = { key: UNSCHEDULABLE_TAINT, effect: 'NoSchedule' };
  const isRefused =
    node.spec.unschedulable && firstUntolerated([taint], pod.spec.tolerations, ['NoSchedule']);
  // A board that is being removed takes nothing new either.
  return isRefused || node.metadata.deletionTimestamp ? ['node(s) were unschedulable'] : [];
}

function nodeName({ pod }: PodLoad, { node }: NodeUsage): string[] {
  const wanted = pod.spec.nodeName;
  return wanted && wanted !== node.metadata.name ? ["node(s) didn't match the requested node name"] : [];
}

function taints({ pod }: PodLoad, { node }: NodeUsage): string[] {
  const hard = ['NoSchedule', 'NoExecute'];
  const taint = firstUntolerated(effectiveTaints(node), pod.spec.tolerations, hard);
  return taint ? [`node(s) had untolerated taint {${taint.key}: ${taint.value ?? ''}}`] : [];
}

function nodeAffinity({ pod }: PodLoad, { node }: NodeUsage): string[] {
  return matchesRequired(pod, node) ? [] : ["node(s) didn't match Pod's node affinity/selector"];
}

function hostPorts({ hostPorts: wanted, pod }: PodLoad, { pods }: NodeUsage): string[] {
  if (wanted.length === 0) return [];
  const taken = [...pods.values()].flatMap((load) => (isSame(load.pod, pod) ? [] : load.hostPorts));
  const clash = wanted.some((port) => taken.some((other) => collide(port, other)));
  return clash ? ["node(s) didn't have free ports for the requested pod ports"] : [];
}

function resources({ pod, requests }: PodLoad, usage: NodeUsage): string[] {
  const others = [...usage.pods.values()].filter((load) => !isSame(load.pod, pod));
  const used = requestedBy(others);
  const { allocatable } = usage;
  const reasons: string[] = [];
  const check = (name: string, wanted: number, taken: number, there: number) => {
    // A pod that asks for nothing fits even where others took too much.
    if (wanted > 0 && wanted > there - taken) reasons.push(`Insufficient ${name}`);
  };
  if (others.length + 1 > usage.maxPods) reasons.push('Too many pods');
  check('cpu', requests.cpuMillis, used.cpuMillis, allocatable.cpuMillis);
  check('memory', requests.memoryBytes, used.memoryBytes, allocatable.memoryBytes);
  check(
    'ephemeral-storage',
    requests.ephemeralStorageBytes,
    used.ephemeralStorageBytes,
    allocatable.ephemeralStorageBytes,
  );
  for (const [name, wanted] of Object.entries(requests.extended)) {
    check(name, wanted, used.extended[name] ?? 0, allocatable.extended[name] ?? 0);
  }
  return reasons;
}

function claims({ claimHolders }: PodLoad, { node }: NodeUsage): string[] {
  const isElsewhere = claimHolders && claimHolders.size > 0 && !claimHolders.has(node.metadata.name);
  return isElsewhere ? ["node(s) couldn't attach a ReadWriteOnce volume in use on another node"] : [];
}

const isSame = (a: Pod, b: Pod) => a.metadata.uid === b.metadata.uid;

function collide(a: HostPort, b: HostPort): boolean {
  const isAny = a.hostIP === '0.0.0.0' || b.hostIP === '0.0.0.0';
  return a.port === b.port && a.protocol === b.protocol && (isAny || a.hostIP === b.hostIP);
}
