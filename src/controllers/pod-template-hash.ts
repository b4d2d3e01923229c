// Whether two pod templates mean the same, and a short name for what one means. What is written in two ways
// (no labels or an empty map of them, `1` or `1000m` of CPU) is the same, so it starts no rollout.
// https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#pod-template-hash-label
import type { core } from '../api/objects.ts';
import { canonicalQuantity, tryParseQuantity } from '../api/quantity.ts';
import { fnv1a } from '../base/fnv1a.ts';

export const HASH_LABEL = 'pod-template-hash';

/** Of these an empty one says no more than none; elsewhere `{}` may mean something, as in `emptyDir: {}`. */
const mapFields = new Set(['annotations', 'labels', 'limits', 'matchLabels', 'nodeSelector', 'requests']);
const quantityMaps = new Set(['limits', 'overhead', 'requests']);
const quantityFields = new Set(['divisor', 'sizeLimit']);
/** No vowels and nothing that looks like one, so that no hash spells a word: upstream's SafeEncodeString. */
const SAFE_LETTERS = 'bcdfghjklmnpqrstvwxz2456789';

/** The label that tells ReplicaSets apart is left out. */
export function sameTemplate(
  a: core.PodTemplateSpec | undefined,
  b: core.PodTemplateSpec | undefined,
): boolean {
  return meaningOf(withoutHash(a)) === meaningOf(withoutHash(b));
}

/** At most ten letters, good in a label and in a name. `collisions` gives another one for the same template. */
export function templateHash(template: core.PodTemplateSpec | undefined, collisions = 0): string {
  const text = meaningOf(withoutHash(template)) + (collisions > 0 ? `#${collisions}` : '');
  return [...String(fnv1a(text))]
    .map((digit) => SAFE_LETTERS[digit.charCodeAt(0) % SAFE_LETTERS.length])
    .join('');
}

/** What people wrote: the template without the label that tells ReplicaSets apart. */
export function withoutHash(template: core.PodTemplateSpec = {}): core.PodTemplateSpec {
  const { [HASH_LABEL]: _, ...labels } = template.metadata?.labels ?? {};
  return { ...template, metadata: { ...template.metadata, labels } };
}

/** A text that is equal for values that mean the same: keys in order, nothing that says nothing. */
function meaningOf(value: unknown, field = '', parent = ''): string {
  if (isQuantity(value, field, parent)) return JSON.stringify(canonicalQuantity(value));
  if (Array.isArray(value)) return `[${value.map((item) => meaningOf(item)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value)
    .filter(([key, item]) => !saysNothing(item, key))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, item]) => `${JSON.stringify(key)}:${meaningOf(item, key, field)}`);
  return `{${entries.join(',')}}`;
}

function isQuantity(value: unknown, field: string, parent: string): value is string | number {
  if (typeof value !== 'string' && typeof value !== 'number') return false;
  const mayBe = quantityMaps.has(parent) || quantityFields.has(field);
  return mayBe && tryParseQuantity(value) !== undefined;
}

function saysNothing(value: unknown, key: string): boolean {
  if (value === undefined || value === null) return true;
  if (Array.isArray(value)) return value.length === 0;
  return mapFields.has(key) && typeof value === 'object' && Object.keys(value).length === 0;
}
