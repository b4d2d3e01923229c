// Pods that wait for storage: one whose claim is missing or has no volume yet is given no board.
// Source: pkg/scheduler/framework/plugins/volumebinding PreFilter
// And pods whose ReadWriteOnce volume another board holds: they wait for that board's word.
// https://kubernetes.io/docs/concepts/storage/persistent-volumes/#access-modes
import type { PersistentVolumeClaim, Pod } from '../api/objects.ts';
import type { NodeUsage } from './node-usage.ts';

type ClaimOf = (key: string) => PersistentVolumeClaim | undefined;

/** Why the pod has to wait, in upstream's words; `undefined` when all its claims are bound. */
export function claimProblem({ metadata, spec }: Pod, claimOf: ClaimOf): string | undefined {
  for (const name of claimNames(spec)) {
    const claim = claimOf(`${metadata.namespace}/${name}`);
    if (!claim) return `persistentvolumeclaim "${name}" not found`;
    if (claim.metadata.deletionTimestamp) return `persistentvolumeclaim "${name}" is being deleted`;
    if (!isBound(claim)) return 'pod has unbound immediate PersistentVolumeClaims';
  }
  return undefined;
}

export function isBound({ spec, status }: PersistentVolumeClaim): boolean {
  return Boolean(spec.volumeName) && status?.phase === 'Bound';
}

/**
 * Boards that hold a ReadWriteOnce claim of the pod: a pod with it is there, perhaps on its way out or out of reach.
 * None = any board will do. More than one is somebody else's doing, and none of them is refused.
 */
export function claimHolders(
  { metadata, spec }: Pod,
  usages: readonly NodeUsage[],
  claimOf: ClaimOf,
): ReadonlySet<string> {
  const exclusive = claimNames(spec).filter((name) => isExclusive(claimOf(`${metadata.namespace}/${name}`)));
  if (exclusive.length === 0) return new Set();
  const holds = ({ pod }: { pod: Pod }) =>
    pod.metadata.uid !== metadata.uid &&
    pod.metadata.namespace === metadata.namespace &&
    claimNames(pod.spec).some((name) => exclusive.includes(name));
  const holding = usages.filter(({ pods }) => [...pods.values()].some(holds));
  return new Set(holding.map(({ node }) => node.metadata.name));
}

function isExclusive(claim: PersistentVolumeClaim | undefined): boolean {
  return !(claim?.spec.accessModes ?? []).some((mode) => mode === 'ReadWriteMany' || mode === 'ReadOnlyMany');
}

function claimNames({ volumes }: Pod['spec']): string[] {
  return (volumes ?? []).flatMap(({ persistentVolumeClaim: claim }) => claim?.claimName ?? []);
}
