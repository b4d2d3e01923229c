// What a quota of CPU or memory wants to know of a pod before it counts it: how much each container asks for.
// Source: staging/src/k8s.io/apiserver/pkg/admission/plugin/resourcequota/controller.go CheckRequest
import type { Pod, ResourceQuota } from '../../api/objects.ts';
import { inScope, missingAmounts } from '../../api/quota.ts';
import type { KindDefinition } from '../../api/scheme.ts';
import { forbidden } from '../../api/status-error.ts';
import { resourceSubject } from '../registry/prepare.ts';

/** Changes that no quota can mind ask for nothing: a pod that was there before the quota may be labelled. */
export function isCounted({ spec: next }: Pod, previous: Pod | undefined): boolean {
  if (!previous) return true;
  return isTerminating(next) !== isTerminating(previous.spec) || amountsOf(next) !== amountsOf(previous.spec);
}

const isTerminating = ({ activeDeadlineSeconds = -1 }: Pod['spec']): boolean => activeDeadlineSeconds >= 0;

const amountsOf = ({ containers, initContainers = [] }: Pod['spec']): string =>
  JSON.stringify([...containers, ...initContainers].map(({ resources }) => resources));

/** @throws StatusError Forbidden, in upstream's words. */
export function requireAmounts(quota: ResourceQuota, kind: KindDefinition, pod: Pod): void {
  if (!inScope(quota, kind, pod)) return;
  const missing = missingAmounts(Object.keys(quota.spec.hard ?? {}), pod);
  if (missing.length === 0) return;
  const why = `failed quota: ${quota.metadata.name}: must specify ${missing.join('; ')}`;
  throw forbidden(resourceSubject(kind, pod.metadata.name), why);
}
