// The pod of one ordinal of a StatefulSet: its stable name, host name, labels and claims.
// https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#pod-identity
import type { core, PersistentVolumeClaim, Pod, StatefulSet } from '../api/objects.ts';
import type { NewObject } from '../client/client.ts';
import { controllerReference } from './claims.ts';
import { REVISION_LABEL } from './template-revision.ts';

const POD_NAME_LABEL = 'statefulset.kubernetes.io/pod-name';
const POD_INDEX_LABEL = 'apps.kubernetes.io/pod-index';

export function podNameOf(set: StatefulSet, ordinal: number): string {
  return `${set.metadata.name}-${ordinal}`;
}

/** `undefined` for a pod whose name is not one of the set's. */
export function ordinalOf(set: StatefulSet, { metadata }: Pick<Pod, 'metadata'>): number | undefined {
  const dash = metadata.name.lastIndexOf('-');
  const ordinal = metadata.name.slice(dash + 1);
  const isOurs = metadata.name.slice(0, dash) === set.metadata.name && /^(0|[1-9]\d{0,8})$/.test(ordinal);
  return isOurs ? Number(ordinal) : undefined;
}

/** `template` is that of the revision named `revision`. */
export function statefulPod(
  set: StatefulSet,
  { template, revision, ordinal }: { template: core.PodTemplateSpec; revision: string; ordinal: number },
): NewObject<Pod> {
  const { metadata, spec } = template;
  if (!spec) throw new Error(`statefulset ${set.metadata.name} has no pod template`);
  const name = podNameOf(set, ordinal);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: set.metadata.namespace ?? 'default',
      labels: { ...metadata?.labels, [REVISION_LABEL]: revision, ...identityLabels(set, ordinal) },
      ...(metadata?.annotations ? { annotations: { ...metadata.annotations } } : {}),
      ...(metadata?.finalizers ? { finalizers: [...metadata.finalizers] } : {}),
      ownerReferences: [controllerReference(set)],
    },
    spec: {
      ...structuredClone(spec),
      hostname: name,
      ...(set.spec.serviceName ? { subdomain: set.spec.serviceName } : {}),
      ...withClaimVolumes(set, spec.volumes, ordinal),
    },
  };
}

/** What tells the pod of `ordinal` from the others; an adopted one may lack it. */
export function identityLabels(set: StatefulSet, ordinal: number): Record<string, string> {
  return { [POD_NAME_LABEL]: podNameOf(set, ordinal), [POD_INDEX_LABEL]: String(ordinal) };
}

/** The claims of `ordinal`, one per template: kept when the pod goes, found again by the next one. */
export function volumeClaimsOf(set: StatefulSet, ordinal: number): NewObject<PersistentVolumeClaim>[] {
  const { persistentVolumeClaimRetentionPolicy: policy, selector, volumeClaimTemplates } = set.spec;
  return (volumeClaimTemplates ?? []).map(({ metadata, spec }) => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name: claimName(set, metadata?.name ?? '', ordinal),
      namespace: set.metadata.namespace ?? 'default',
      labels: { ...metadata?.labels, ...selector.matchLabels },
      ...(metadata?.annotations ? { annotations: { ...metadata.annotations } } : {}),
      ...(policy?.whenDeleted === 'Delete' ? { ownerReferences: [controllerReference(set)] } : {}),
    },
    spec: structuredClone(spec ?? {}),
  }));
}

function claimName(set: StatefulSet, template: string, ordinal: number): string {
  return `${template}-${podNameOf(set, ordinal)}`;
}

/** A claim takes the place of a volume of its name. */
function withClaimVolumes(set: StatefulSet, own: readonly core.Volume[] | undefined, ordinal: number) {
  const claims = (set.spec.volumeClaimTemplates ?? []).map(({ metadata }): core.Volume => {
    const name = metadata?.name ?? '';
    return { name, persistentVolumeClaim: { claimName: claimName(set, name, ordinal) } };
  });
  const rest = (own ?? []).filter(({ name }) => !claims.some((claim) => claim.name === name));
  return claims.length + rest.length > 0 ? { volumes: [...claims, ...rest] } : {};
}
