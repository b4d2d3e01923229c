// The pod that a DaemonSet makes for one board, and which board a daemon pod is for. The scheduler places it: node
// affinity names the board, as upstream's does.
// https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/#how-daemon-pods-are-scheduled
import type { core, DaemonSet, Pod } from '../api/objects.ts';
import {
  NETWORK_UNAVAILABLE_TAINT,
  NOT_READY_TAINT,
  UNREACHABLE_TAINT,
  UNSCHEDULABLE_TAINT,
} from '../api/taints.ts';
import type { NewObject } from '../client/client.ts';
import { controllerReference } from './claims.ts';
import { REVISION_LABEL } from './template-revision.ts';

const NAME_FIELD = 'metadata.name';

function exists(key: string, effect: 'NoExecute' | 'NoSchedule'): core.Toleration {
  return { key, operator: 'Exists', effect };
}

/** Upstream's: a daemon stays on a board that is lost, and comes to one that is cordoned or short of something. */
const DAEMON_TOLERATIONS: readonly core.Toleration[] = [
  exists(NOT_READY_TAINT, 'NoExecute'),
  exists(UNREACHABLE_TAINT, 'NoExecute'),
  exists('node.kubernetes.io/disk-pressure', 'NoSchedule'),
  exists('node.kubernetes.io/memory-pressure', 'NoSchedule'),
  exists('node.kubernetes.io/pid-pressure', 'NoSchedule'),
  exists(UNSCHEDULABLE_TAINT, 'NoSchedule'),
];
const HOST_NETWORK_TOLERATION = exists(NETWORK_UNAVAILABLE_TAINT, 'NoSchedule');

/** `hash` is that of the DaemonSet's present revision. */
export function daemonPod(daemonSet: DaemonSet, nodeName: string, hash: string): NewObject<Pod> {
  const { metadata } = daemonSet.spec.template;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: `${daemonSet.metadata.name}-`,
      namespace: daemonSet.metadata.namespace ?? 'default',
      labels: { ...metadata?.labels, [REVISION_LABEL]: hash },
      ...(metadata?.annotations ? { annotations: { ...metadata.annotations } } : {}),
      ...(metadata?.finalizers ? { finalizers: [...metadata.finalizers] } : {}),
      ownerReferences: [controllerReference(daemonSet)],
    },
    spec: { ...daemonSpec(daemonSet), affinity: affinityTo(daemonSet, nodeName) },
  };
}

/** The template's pod with what every daemon tolerates, for no board in particular. */
export function daemonSpec({ metadata, spec }: DaemonSet): core.PodSpec {
  const template = spec.template.spec;
  if (!template) throw new Error(`daemonset ${metadata.name} has no pod template`);
  const added = [...DAEMON_TOLERATIONS, ...(template.hostNetwork ? [HOST_NETWORK_TOLERATION] : [])];
  const isReplaced = (own: core.Toleration) =>
    added.some((t) => t.key === own.key && t.effect === own.effect && t.operator === own.operator);
  const tolerations = [...(template.tolerations ?? []).filter((own) => !isReplaced(own)), ...added];
  return { ...structuredClone(template), tolerations };
}

/** The board that the pod is on or meant for. */
export function targetNode({ spec }: Pod): string | undefined {
  if (spec.nodeName) return spec.nodeName;
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const fields = (required?.nodeSelectorTerms ?? []).flatMap((term) => term.matchFields ?? []);
  const field = fields.find(({ key, operator }) => key === NAME_FIELD && operator === 'In');
  return field?.values?.length === 1 ? field.values[0] : undefined;
}

/** In place of what the template requires of boards, which was asked of this one already. */
function affinityTo({ spec }: DaemonSet, nodeName: string): core.Affinity {
  const { affinity } = spec.template.spec ?? {};
  const matchFields = [{ key: NAME_FIELD, operator: 'In', values: [nodeName] }];
  const required = { nodeSelectorTerms: [{ matchFields }] };
  const nodeAffinity = {
    ...affinity?.nodeAffinity,
    requiredDuringSchedulingIgnoredDuringExecution: required,
  };
  return { ...affinity, nodeAffinity };
}
