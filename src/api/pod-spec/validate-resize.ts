// Resizing a pod that runs: CPU and memory only, within its QoS class, and nothing that was asked for is dropped.
// Source: pkg/apis/core/validation ValidatePodResize and validateResizePolicy
import { isDeepStrictEqual } from 'node:util';
import { duplicate, forbiddenField, invalidValue, notSupported } from '../field-error.ts';
import type { core, Pod } from '../objects.ts';
import { RESIZABLE, resizePoliciesOf } from '../pod-resize.ts';
import { qosClass } from '../qos-class.ts';
import { isMirrorPod } from '../static-pod.ts';
import type { FieldError } from '../status-error.ts';

type Resources = core.ResourceRequirements | undefined;
const WHICH = ['requests', 'limits'] as const;
const LISTS = ['containers', 'initContainers'] as const;
const POLICIES = ['NotRequired', 'RestartContainer'];

/** Of a write to `pods/resize`. */
export function validateResize(next: Pod, previous: Pod): FieldError[] {
  if (isMirrorPod(previous)) return [forbiddenField('', 'static pods cannot be resized')];
  const hasOwn = ({ spec }: Pod) => (spec as { resources?: unknown }).resources !== undefined;
  if (hasOwn(previous)) return [forbiddenField('spec', 'pods with pod-level resources cannot be resized')];
  const errors = LISTS.flatMap((list) => listErrors(list, next.spec[list], previous.spec[list]));
  const qos = qosClass(next.spec);
  if (qos !== qosClass(previous.spec)) {
    errors.push(invalidValue('spec', qos, 'Pod QOS Class may not change as a result of resizing'));
  }
  return errors;
}

function listErrors(
  list: (typeof LISTS)[number],
  next: readonly core.Container[] = [],
  previous: readonly core.Container[] = [],
): FieldError[] {
  return previous.flatMap((before, i) => {
    const after = next[i]?.resources;
    if (isDeepStrictEqual(after, before.resources)) return [];
    if (list === 'initContainers' && before.restartPolicy !== 'Always') {
      return [forbiddenField('spec', 'resources for non-sidecar init containers are immutable')];
    }
    return containerErrors(after, before.resources, `spec.${list}[${i}].resources`);
  });
}

function containerErrors(next: Resources, previous: Resources, field: string): FieldError[] {
  const errors = WHICH.flatMap((which) => {
    const isGone = Object.keys(previous?.[which] ?? {}).some((name) => next?.[which]?.[name] === undefined);
    return isGone ? [forbiddenField(field, `resource ${which} cannot be removed`)] : [];
  });
  if (isDeepStrictEqual(fixed(next), fixed(previous))) return errors;
  return [...errors, forbiddenField('spec', 'only cpu and memory resources are mutable')];
}

/** All but what may be resized. */
function fixed(resources: Resources): object {
  const { requests, limits, ...rest } = resources ?? {};
  const others = (amounts: Readonly<Record<string, string>> | undefined) =>
    Object.fromEntries(Object.entries(amounts ?? {}).filter(([name]) => !isResizable(name)));
  return { ...rest, requests: others(requests), limits: others(limits) };
}

const isResizable = (name: string) => (RESIZABLE as readonly string[]).includes(name);

export function validateResizePolicies(
  container: core.Container,
  podRestartPolicy: string | undefined,
  field: string,
): FieldError[] {
  const names = new Set<string>();
  return resizePoliciesOf(container).flatMap(({ resourceName, restartPolicy }, i) => {
    const at = `${field}.resizePolicy[${i}]`;
    const errors: FieldError[] = [];
    if (names.has(resourceName)) errors.push(duplicate(at, resourceName));
    names.add(resourceName);
    if (!isResizable(resourceName)) errors.push(notSupported(`${at}.resourceName`, resourceName, RESIZABLE));
    if (!POLICIES.includes(restartPolicy))
      errors.push(notSupported(`${at}.restartPolicy`, restartPolicy, POLICIES));
    if (podRestartPolicy === 'Never' && restartPolicy === 'RestartContainer') {
      const why = "must be 'NotRequired' when `restartPolicy` is 'Never'";
      errors.push(invalidValue(`${at}.restartPolicy`, restartPolicy, why));
    }
    return errors;
  });
}
