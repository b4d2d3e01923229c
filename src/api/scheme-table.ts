// All kinds that are compiled in, and the ways to look one up.

import { certificateSigningRequests } from './kinds/certificate-signing-request.ts';
import { clusterRoles } from './kinds/cluster-role.ts';
import { clusterRoleBindings } from './kinds/cluster-role-binding.ts';
import { componentStatuses } from './kinds/component-status.ts';
import { configMaps } from './kinds/config-map.ts';
import { controllerRevisions } from './kinds/controller-revision.ts';
import { cronJobs } from './kinds/cron-job.ts';
import { customResourceDefinitions } from './kinds/custom-resource-definition.ts';
import { daemonSets } from './kinds/daemon-set.ts';
import { deployments } from './kinds/deployment.ts';
import { endpointSlices } from './kinds/endpoint-slice.ts';
import { endpoints } from './kinds/endpoints.ts';
import { events } from './kinds/event.ts';
import { horizontalPodAutoscalers } from './kinds/horizontal-pod-autoscaler.ts';
import { ingresses } from './kinds/ingress.ts';
import { ingressClasses } from './kinds/ingress-class.ts';
import { jobs } from './kinds/job.ts';
import { leases } from './kinds/lease.ts';
import { limitRanges } from './kinds/limit-range.ts';
import { namespaces } from './kinds/namespace.ts';
import { networkPolicies } from './kinds/network-policy.ts';
import { nodes } from './kinds/node.ts';
import { nodeMetrics } from './kinds/node-metrics.ts';
import { persistentVolumes } from './kinds/persistent-volume.ts';
import { persistentVolumeClaims } from './kinds/persistent-volume-claim.ts';
import { pods } from './kinds/pod.ts';
import { podDisruptionBudgets } from './kinds/pod-disruption-budget.ts';
import { podMetrics } from './kinds/pod-metrics.ts';
import { podTemplates } from './kinds/pod-template.ts';
import { priorityClasses } from './kinds/priority-class.ts';
import { replicaSets } from './kinds/replica-set.ts';
import { replicationControllers } from './kinds/replication-controller.ts';
import { resourceQuotas } from './kinds/resource-quota.ts';
import { roles } from './kinds/role.ts';
import { roleBindings } from './kinds/role-binding.ts';
import { runtimeClasses } from './kinds/runtime-class.ts';
import { secrets } from './kinds/secret.ts';
import { services } from './kinds/service.ts';
import { serviceAccounts } from './kinds/service-account.ts';
import { statefulSets } from './kinds/stateful-set.ts';
import { storageClasses } from './kinds/storage-class.ts';
import { apiVersionOf, type KindDefinition } from './scheme.ts';

export const allKinds: readonly KindDefinition[] = [
  namespaces,
  nodes,
  pods,
  replicationControllers,
  services,
  endpoints,
  events,
  configMaps,
  secrets,
  serviceAccounts,
  resourceQuotas,
  limitRanges,
  podTemplates,
  persistentVolumes,
  persistentVolumeClaims,
  deployments,
  replicaSets,
  statefulSets,
  daemonSets,
  controllerRevisions,
  jobs,
  cronJobs,
  horizontalPodAutoscalers,
  podDisruptionBudgets,
  roles,
  clusterRoles,
  roleBindings,
  clusterRoleBindings,
  ingresses,
  ingressClasses,
  networkPolicies,
  endpointSlices,
  leases,
  storageClasses,
  priorityClasses,
  runtimeClasses,
  certificateSigningRequests,
  customResourceDefinitions,
];

/** Kinds that are served beside them and have no stored objects. */
export const measuredKinds: readonly KindDefinition[] = [nodeMetrics, podMetrics, componentStatuses];

/** By the parts of a path: `('', 'v1', 'pods')`. */
export function kindByResource(group: string, version: string, plural: string): KindDefinition | undefined {
  return allKinds.find((k) => k.plural === plural && k.group === group && k.version === version);
}

/** Every group and version served, in the order of the table: `[{ group: '', version: 'v1' }]`. */
export function groupVersions(): { group: string; version: string }[] {
  const seen = new Map(allKinds.map((k) => [apiVersionOf(k), { group: k.group, version: k.version }]));
  return [...seen.values()];
}
