// Fields that nobody owns: what the server alone writes, and what every object must say.
// Source: apimachinery, pkg/util/managedfields/internal/stripmeta.go.
import { childOf, type FieldSet, nodeOf } from './field-set.ts';

const ROOT: readonly string[] = ['f:apiVersion', 'f:kind'];
const TOUCHED: readonly string[] = [...ROOT, 'f:metadata'];
const METADATA: readonly string[] = [
  'f:name',
  'f:namespace',
  'f:creationTimestamp',
  'f:selfLink',
  'f:uid',
  'f:generation',
  'f:managedFields',
  'f:resourceVersion',
];

export function withoutUnowned(fields: FieldSet): FieldSet {
  // Most writes change none of these.
  if (!TOUCHED.some((name) => Object.hasOwn(fields, name))) return fields;
  const metadata = childOf(fields, 'f:metadata');
  const left = metadata && nodeOf(false, except(metadata, [...METADATA, '.']));
  const others = except(fields, TOUCHED);
  return nodeOf(false, left ? [['f:metadata', left], ...others] : others) ?? {};
}

const except = (fields: FieldSet, names: readonly string[]): [string, FieldSet][] =>
  Object.entries(fields).filter(([name]) => !names.includes(name));
