// The names that a ResourceQuota may count, and the scopes that may narrow what is counted.
// https://kubernetes.io/docs/concepts/policy/resource-quotas/
import { invalidEach, invalidValue } from '../field-error.ts';
import { qualifiedNameProblems } from '../names.ts';
import { validateQuantity } from '../pod-spec/validate-resources.ts';
import { tryParseQuantity } from '../quantity.ts';
import type { FieldError } from '../status-error.ts';

/** Counted in whole objects. */
const OBJECTS = [
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
];
const COMPUTE = [
  'cpu',
  'memory',
  'ephemeral-storage',
  'requests.cpu',
  'requests.memory',
  'requests.ephemeral-storage',
  'limits.cpu',
  'limits.memory',
  'limits.ephemeral-storage',
];
const STORAGE = ['requests.storage'];
/** What pods use: all that most scopes may be applied to. */
const OF_PODS = ['pods', ...COMPUTE];

export const QUOTA_SCOPES = [
  'BestEffort',
  'CrossNamespacePodAffinity',
  'NotBestEffort',
  'NotTerminating',
  'PriorityClass',
  'Terminating',
  'VolumeAttributesClass',
];

const isHugePages = (name: string) => name.startsWith('hugepages-') || name.startsWith('requests.hugepages-');

function isKnown(name: string): boolean {
  return (
    name.includes('/') ||
    OBJECTS.includes(name) ||
    COMPUTE.includes(name) ||
    STORAGE.includes(name) ||
    isHugePages(name)
  );
}

/** True for resources counted in whole objects or devices. */
const isWhole = (name: string) => OBJECTS.includes(name) || name.startsWith('count/');

/** One list of amounts: `spec.hard`, `status.used`. */
export function validateQuotaAmounts(
  amounts: Readonly<Record<string, string>> | undefined,
  field: string,
): FieldError[] {
  return Object.entries(amounts ?? {}).flatMap(([name, text]) => {
    const at = `${field}[${name}]`;
    const errors = invalidEach(at, name, qualifiedNameProblems(name));
    if (errors.length === 0 && !isKnown(name)) {
      errors.push(invalidValue(at, name, 'must be a standard resource for quota'));
    }
    errors.push(...validateQuantity(text, at));
    const quantity = tryParseQuantity(text);
    if (isWhole(name) && quantity && quantity.nanos % 10n ** 9n !== 0n) {
      errors.push(invalidValue(at, text, 'must be an integer'));
    }
    return errors;
  });
}

/** Whether a quota with this scope may count this resource. */
export function scopeAllows(scope: string, resource: string): boolean {
  switch (scope) {
    case 'BestEffort':
      return resource === 'pods';
    case 'VolumeAttributesClass':
      return resource === 'persistentvolumeclaims' || STORAGE.includes(resource);
    default:
      return OF_PODS.includes(resource);
  }
}
