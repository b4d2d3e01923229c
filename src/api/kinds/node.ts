// Node: names, columns, defaults and rules.
import { isIP } from 'node:net';
import { duplicate, forbiddenField, invalidEach, invalidValue, required } from '../field-error.ts';
import { labelValueProblems, qualifiedNameProblems } from '../names.ts';
import type { core, Node } from '../objects.ts';
import { oneOf } from '../pod-spec/validate-container.ts';
import { validateQuantity } from '../pod-spec/validate-resources.ts';
import { TAINT_EFFECTS } from '../pod-spec/validate-scheduling.ts';
import type { KindDefinition } from '../scheme.ts';
import type { FieldError } from '../status-error.ts';
import { nodeColumns } from './node-columns.ts';

function validateTaint(taint: core.Taint, field: string): FieldError[] {
  const key = taint.key
    ? invalidEach(`${field}.key`, taint.key, qualifiedNameProblems(taint.key))
    : [required(`${field}.key`)];
  const value = invalidEach(`${field}.value`, taint.value ?? '', labelValueProblems(taint.value ?? ''));
  return [...key, ...value, ...oneOf(taint.effect, TAINT_EFFECTS, `${field}.effect`)];
}

function validateTaints(taints: readonly core.Taint[]): FieldError[] {
  const seen = new Set<string>();
  return taints.flatMap((taint, i) => {
    const field = `spec.taints[${i}]`;
    const errors = validateTaint(taint, field);
    const id = `${taint.key}:${taint.effect}`;
    if (seen.has(id)) errors.push(duplicate(field, { ...taint }));
    seen.add(id);
    return errors;
  });
}

function validateRange(range: string | undefined, field: string): FieldError[] {
  if (!range) return [];
  const [address = '', bits = ''] = range.split('/');
  const most = isIP(address) === 4 ? 32 : 128;
  if (isIP(address) !== 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= most) return [];
  return [invalidValue(field, range, 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)')];
}

function validateAmounts(amounts: Readonly<Record<string, string>> | undefined, field: string): FieldError[] {
  return Object.entries(amounts ?? {}).flatMap(([name, text]) => validateQuantity(text, `${field}[${name}]`));
}

/** Of a board's pods, the first family's first; a person may have written the older field alone. */
export const podRangesOf = ({ podCIDR, podCIDRs }: core.NodeSpec): readonly string[] =>
  podCIDRs ?? (podCIDR ? [podCIDR] : []);

/** The first is what the older field says; there is one of each family at most. */
function validateRanges({ spec }: Node): FieldError[] {
  const { podCIDR, podCIDRs = [] } = spec;
  const field = 'spec.podCIDRs';
  const errors = podCIDRs.flatMap((range, i) => validateRange(range, `${field}[${i}]`));
  if (podCIDR && podCIDRs.length > 0 && podCIDRs[0] !== podCIDR)
    errors.push(invalidValue(`${field}[0]`, podCIDRs[0], 'must match `podCIDR`'));
  const families = new Set(podCIDRs.map((range) => isIP(range.split('/')[0] ?? '')));
  if (families.size < podCIDRs.length)
    errors.push(invalidValue(field, podCIDRs, 'may specify no more than one CIDR for each IP family'));
  return errors;
}

/**
 * Pod ranges and provider, once set, stay: pods on the node already have addresses from them. A cluster that gets a
 * second family adds its range to boards that are there, for which upstream has them registered anew.
 */
function validateUpdate(next: Node, previous: Node): FieldError[] {
  const errors: FieldError[] = [];
  const ranges = podRangesOf(next.spec);
  if (podRangesOf(previous.spec).some((range, i) => ranges[i] !== range)) {
    const why = 'node updates may not change podCIDR except from "" to valid';
    errors.push(forbiddenField('spec.podCIDRs', why));
  }
  if (previous.spec.providerID && next.spec.providerID !== previous.spec.providerID) {
    const why = 'node updates may not change providerID except from "" to valid';
    errors.push(forbiddenField('spec.providerID', why));
  }
  return errors;
}

export const nodes: KindDefinition<Node> = {
  group: '',
  version: 'v1',
  kind: 'Node',
  plural: 'nodes',
  singular: 'node',
  shortNames: ['no'],
  categories: [],
  namespaced: false,
  columns: nodeColumns,
  hasStatus: true,
  selectableFields: { 'spec.unschedulable': (node) => String(node.spec.unschedulable ?? false) },
  setDefaults(node) {
    node.spec ??= {};
  },
  validate: (node) => [
    ...validateTaints(node.spec.taints ?? []),
    ...validateRange(node.spec.podCIDR, 'spec.podCIDR'),
    ...validateRanges(node),
    ...validateAmounts(node.status?.capacity, 'status.capacity'),
    ...validateAmounts(node.status?.allocatable, 'status.allocatable'),
  ],
  validateUpdate,
};
