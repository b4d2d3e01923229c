// What a board's writes may say, once their outcome is known: upstream's NodeRestriction admission. A board that was
// stolen must not draw pods to itself by labels, nor speak for another.
// https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#noderestriction
import type { Event, KubeObject, Node, Pod } from '../../api/objects.ts';
import { podReferences } from '../../api/pod-references.ts';
import { jsonEqual } from '../../api/schema/json.ts';
import type { KindDefinition } from '../../api/scheme.ts';
import { CONFIG_MIRROR_ANNOTATION, isMirrorPod } from '../../api/static-pod.ts';
import { forbidden } from '../../api/status-error.ts';
import type { WriteGuard } from '../registry/create.ts';
import { LEASE_NAMESPACE } from './node-authorizer.ts';

/** Labels of Kubernetes' own domains that a board may give itself. */
const OWN_LABELS = new Set([
  'kubernetes.io/hostname',
  'kubernetes.io/os',
  'kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/arch',
  'beta.kubernetes.io/instance-type',
  'node.kubernetes.io/instance-type',
  'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
]);
const OWN_DOMAINS = ['kubelet.kubernetes.io', 'node.kubernetes.io'];
const GUARDED_DOMAINS = ['kubernetes.io', 'k8s.io'];

type Check = (node: string, next: KubeObject, previous: KubeObject | undefined) => string | undefined;

const CHECKS: Readonly<Record<string, Check>> = {
  '/nodes': (node, next, previous) => nodeProblem(node, next as Node, previous as Node | undefined),
  '/pods': (node, next, previous) => podProblem(node, next as Pod, previous as Pod | undefined),
  '/events': eventProblem,
  'events.k8s.io/events': eventProblem,
  'coordination.k8s.io/leases': leaseProblem,
};

/** `undefined` where its right to the verb says all. The guard throws StatusError Forbidden. */
export function nodeRestriction({ group, plural }: KindDefinition, node: string): WriteGuard | undefined {
  const check = CHECKS[`${group}/${plural}`];
  if (!check) return undefined;
  return (next, previous) => {
    const problem = check(node, next, previous);
    if (problem) throw forbidden({ group, kind: plural, name: next.metadata.name }, problem);
  };
}

function nodeProblem(node: string, next: Node, previous: Node | undefined): string | undefined {
  const { name, labels = {}, ownerReferences } = next.metadata;
  if (name !== node) return `node "${node}" is not allowed to modify node "${name}"`;
  const before = previous?.metadata.labels ?? {};
  const changed = Object.keys({ ...labels, ...before }).filter((key) => labels[key] !== before[key]);
  const refused = changed.filter(isRefusedLabel).sort();
  if (refused.length > 0) {
    const what = previous ? 'modify labels' : 'set the following labels';
    return `node "${node}" is not allowed to ${what}: ${refused.join(', ')}`;
  }
  if (previous && !jsonEqual(next.spec.taints ?? [], previous.spec.taints ?? [])) {
    return `node "${node}" is not allowed to modify taints`;
  }
  if (previous && !jsonEqual(ownerReferences ?? [], previous.metadata.ownerReferences ?? [])) {
    return `node "${node}" is not allowed to modify ownerReferences`;
  }
  return undefined;
}

/** As upstream: labels outside Kubernetes' own domains are a board's to set. */
function isRefusedLabel(label: string): boolean {
  const domain = label.includes('/') ? label.slice(0, label.indexOf('/')) : '';
  if (!isWithin(domain, GUARDED_DOMAINS)) return false;
  return !OWN_LABELS.has(label) && !isWithin(domain, OWN_DOMAINS);
}

const isWithin = (domain: string, domains: readonly string[]): boolean =>
  domains.some((parent) => domain === parent || domain.endsWith(`.${parent}`));

function podProblem(node: string, next: Pod, previous: Pod | undefined): string | undefined {
  if (!previous) return newPodProblem(node, next);
  if (previous.spec.nodeName !== node) {
    return `node "${node}" can only update pod status for pods with spec.nodeName set to itself`;
  }
  if (jsonEqual(next.metadata.labels ?? {}, previous.metadata.labels ?? {})) return undefined;
  return `node "${node}" cannot update labels through pod status`;
}

/** A board makes mirrors of the pods that its own files describe, which can need nothing of the cluster. */
function newPodProblem(node: string, pod: Pod): string | undefined {
  const { ownerReferences = [] } = pod.metadata;
  if (!isMirrorPod(pod)) {
    return `pod does not have "${CONFIG_MIRROR_ANNOTATION}" annotation, node "${node}" can only create mirror pods`;
  }
  if (pod.spec.nodeName !== node) {
    return `node "${node}" can only create pods with spec.nodeName set to itself`;
  }
  const [owner, ...more] = ownerReferences;
  if (more.length > 0 || (owner && (owner.kind !== 'Node' || owner.name !== node))) {
    return `node "${node}" can only create pods with an owner reference set to itself`;
  }
  if (pod.spec.serviceAccountName)
    return `node "${node}" can not create pods that reference a service account`;
  const { configMaps, secrets, claims } = podReferences(pod);
  for (const [names, what] of [
    [secrets, 'secrets'],
    [configMaps, 'configmaps'],
    [claims, 'persistentvolumeclaims'],
  ] as const) {
    if (names.size > 0) return `node "${node}" can not create pods that reference ${what}`;
  }
  return undefined;
}

/** It may count its own events up, and not rewrite what others said. */
function eventProblem(node: string, _next: KubeObject, previous: KubeObject | undefined): string | undefined {
  if (!previous) return undefined;
  const { source, reportingInstance } = previous as Event;
  if (source?.host === node || reportingInstance === node) return undefined;
  return `node "${node}" can only change events that it reported`;
}

function leaseProblem(node: string, { metadata }: KubeObject): string | undefined {
  if (metadata.namespace !== LEASE_NAMESPACE) {
    return `can only access leases in the "${LEASE_NAMESPACE}" system namespace`;
  }
  if (metadata.name === node) return undefined;
  return `can only access node lease with the same name as the requesting node`;
}
