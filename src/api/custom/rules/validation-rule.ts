// A rule in the Common Expression Language beside a node of a custom kind's schema (`x-kubernetes-validations`).
// https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation-rules
import type { SchemaProps } from '../schema-props.ts';

export interface ValidationRule {
  /** Must come out as true; `self` is the value of the node, `oldSelf` what it was before. */
  rule: string;
  /** `failed rule: RULE` unless said. */
  message?: string;
  /** Says the message, as a string; `message` where it fails. */
  messageExpression?: string;
  /** One of REASONS; FieldValueInvalid unless said. */
  reason?: string;
  /** Path below the node that is told instead of it, such as `.spec.size`. */
  fieldPath?: string;
  /** `oldSelf` is an optional, and the rule holds for new values too. */
  optionalOldSelf?: boolean;
}

export const REASONS = [
  'FieldValueDuplicate',
  'FieldValueForbidden',
  'FieldValueInvalid',
  'FieldValueRequired',
] as const;

export interface PlacedRule {
  rule: ValidationRule;
  /** Where it stands beside its node, such as `.x-kubernetes-validations[0]`. */
  at: string;
}

const KEY = 'x-kubernetes-validations';

/** The rules of one node; what stands in its `allOf` holds for the same value. */
export function rulesOf(node: SchemaProps): PlacedRule[] {
  const own = (node[KEY] ?? []).map((rule, i) => ({ rule: asRule(rule), at: `.${KEY}[${i}]` }));
  const nested = (node.allOf ?? []).flatMap((inner, i) =>
    (inner[KEY] ?? []).map((rule, j) => ({ rule: asRule(rule), at: `.allOf[${i}].${KEY}[${j}]` })),
  );
  return [...own, ...nested];
}

const asRule = (rule: unknown) => rule as ValidationRule;

/** The nodes right below one, each with its place in the schema. */
export function childrenOf(node: SchemaProps): { child: SchemaProps; at: string }[] {
  const { properties = {}, items, additionalProperties } = node;
  const children = Object.entries(properties).map(([name, child]) => ({ child, at: `.properties[${name}]` }));
  if (items) children.push({ child: items, at: '.items' });
  if (typeof additionalProperties === 'object') {
    children.push({ child: additionalProperties, at: '.additionalProperties' });
  }
  return children;
}

/** Whether any node of the schema has a rule: only then the language is loaded. */
export function hasRules(node: SchemaProps): boolean {
  return rulesOf(node).length > 0 || childrenOf(node).some(({ child }) => hasRules(child));
}

/** Upstream's `ruleErrorString`: how a rule is named in what went wrong with it. */
export const nameOfRule = ({ rule, message }: ValidationRule): string => (message || rule).trim();
