// A custom schema in the form of the table's messages, so that server-side apply knows its lists and maps.
import type { MessageSpec } from '../schema/schema.ts';
import type { FieldSpec, FieldType } from '../schema/table.ts';
import { isAtomicMap, isIntOrString, keepsUnknown, type SchemaProps } from './schema-props.ts';

const METADATA: FieldType = { shape: 'message', message: 'meta/v1.ObjectMeta' };
const TEXT: FieldType = { shape: 'scalar', name: 'string' };
const ANY: FieldType = { shape: 'scalar', name: 'Any' };

/** The root first, then the messages it refers to; `name` must be free of what the table uses. */
export function messageSpecs(root: SchemaProps, name: string, goName: string): MessageSpec[] {
  const nested: MessageSpec[] = [];
  const fields = fieldsOf(root, name, goName, nested);
  fields.set('apiVersion', specOf({}, TEXT, false));
  fields.set('kind', specOf({}, TEXT, false));
  fields.set('metadata', specOf({}, METADATA, false));
  return [{ name, goName, fields }, ...nested];
}

function fieldsOf(
  node: SchemaProps,
  name: string,
  goName: string,
  nested: MessageSpec[],
): Map<string, FieldSpec> {
  const fields = new Map<string, FieldSpec>();
  for (const [key, child] of Object.entries(node.properties ?? {})) {
    const type = typeOf(child, `${name}.${key}`, goName, nested);
    fields.set(key, specOf(child, type, node.required?.includes(key) ?? false));
  }
  return fields;
}

function typeOf(node: SchemaProps, name: string, goName: string, nested: MessageSpec[]): FieldType {
  if (isIntOrString(node)) return { shape: 'scalar', name: 'IntOrString' };
  if (node.type === 'array') {
    return { shape: 'list', of: node.items ? typeOf(node.items, `${name}.items`, goName, nested) : ANY };
  }
  if (node.type === 'string') return TEXT;
  if (node.type === 'boolean') return { shape: 'scalar', name: 'bool' };
  if (node.type === 'integer') return { shape: 'scalar', name: 'int64' };
  if (node.type === 'number') return { shape: 'scalar', name: 'double' };
  if (typeof node.additionalProperties === 'object') {
    return { shape: 'map', of: typeOf(node.additionalProperties, `${name}.values`, goName, nested) };
  }
  if (!node.properties || keepsUnknown(node)) return ANY;
  nested.push({ name, goName, fields: fieldsOf(node, name, goName, nested) });
  return { shape: 'message', message: name };
}

function specOf(node: SchemaProps, type: FieldType, required: boolean): FieldSpec {
  return {
    number: 0,
    type,
    required,
    pointer: false,
    inline: false,
    patchStrategy: type.shape === 'list' ? 'replace' : 'merge',
    mergeKey: undefined,
    retainKeys: false,
    listType: node['x-kubernetes-list-type'] as FieldSpec['listType'],
    listMapKeys: node['x-kubernetes-list-map-keys'] ?? [],
    atomicMap: isAtomicMap(node),
  };
}
