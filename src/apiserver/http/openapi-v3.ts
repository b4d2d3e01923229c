// The OpenAPI v3 documents that kubectl reads before it creates, applies or explains: made from the schema table
// when asked for, kept nowhere (kubectl keeps them by their hash).
import { createHash } from 'node:crypto';
import type { MessageSpec, Schema } from '../../api/schema/schema.ts';
import type { FieldSpec, FieldType, ScalarName } from '../../api/schema/table.ts';
import type { KindDefinition } from '../../api/scheme.ts';
import { groupVersions } from '../../api/scheme-table.ts';
import { kindsOf } from './discovery.ts';
import { objectPathTemplate } from './resource-path.ts';
import { serverVersion } from './server-version.ts';

const documentPath = (group: string, version: string) =>
  group ? `apis/${group}/${version}` : `api/${version}`;

/** GET /openapi/v3 */
export function openApiIndex(schema: Schema): object {
  const entries = groupVersions().map(({ group, version }) => {
    const path = documentPath(group, version);
    const text = JSON.stringify(openApiDocument(schema, group, version));
    const hash = createHash('sha512').update(text).digest('hex').toUpperCase();
    return [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` }];
  });
  return { paths: Object.fromEntries(entries) };
}

/** `undefined` when no kind of this group and version is served. */
export function openApiDocument(schema: Schema, group: string, version: string): object | undefined {
  const kinds = kindsOf(group, version);
  if (kinds.length === 0) return undefined;
  const schemas = new Schemas(schema);
  for (const kind of kinds) schemas.addKind(kind);
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: serverVersion.gitVersion },
    paths: Object.fromEntries(kinds.map(operationsOf)),
    components: { schemas: schemas.result },
  };
}

const gvk = ({ group, version, kind }: KindDefinition) => ({ group, version, kind });

/**
 * kubectl looks for a PATCH operation with the kind and a `fieldValidation` parameter. That it lists no patch types
 * makes kubectl build patches from its own compiled-in types, which are right for every kind here.
 */
function operationsOf(kind: KindDefinition): [string, object] {
  const query = (name: string) => ({ name, in: 'query', schema: { type: 'string', uniqueItems: true } });
  const operation = (action: string) => ({
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': gvk(kind),
    parameters: ['dryRun', 'fieldManager', 'fieldValidation'].map(query),
    responses: { '200': { description: 'OK' } },
  });
  const operations = { get: operation('get'), put: operation('put'), patch: operation('patch') };
  return [objectPathTemplate(kind), operations];
}

class Schemas {
  readonly result: Record<string, object> = {};
  readonly #schema: Schema;

  constructor(schema: Schema) {
    this.#schema = schema;
  }

  addKind(kind: KindDefinition): void {
    const message = this.#schema.messageOf(kind);
    this.#add(message);
    const object = this.result[schemaName(message.name)] as Record<string, unknown>;
    object['x-kubernetes-group-version-kind'] = [gvk(kind)];
  }

  #add(message: MessageSpec): void {
    const name = schemaName(message.name);
    if (this.result[name]) return;
    const properties: Record<string, object> = {};
    this.result[name] = { type: 'object', properties, ...requiredOf(message) };
    for (const [field, spec] of message.fields) properties[field] = this.#field(spec);
  }

  #field(spec: FieldSpec): object {
    const type = this.#type(spec.type);
    if (!spec.mergeKey && spec.patchStrategy !== 'merge') return type;
    if (spec.type.shape !== 'list') return type;
    return {
      ...type,
      ...(spec.mergeKey ? { 'x-kubernetes-patch-merge-key': spec.mergeKey } : {}),
      'x-kubernetes-patch-strategy': 'merge',
    };
  }

  #type(type: FieldType): object {
    if (type.shape === 'scalar') return scalar(type.name);
    if (type.shape === 'list') return { type: 'array', items: this.#type(type.of) };
    if (type.shape === 'map') return { type: 'object', additionalProperties: this.#type(type.of) };
    this.#add(this.#schema.message(type.message));
    return { allOf: [{ $ref: `#/components/schemas/${schemaName(type.message)}` }], default: {} };
  }
}

function requiredOf(message: MessageSpec): { required?: string[] } {
  const required = [...message.fields].filter(([, spec]) => spec.required).map(([name]) => name);
  return required.length > 0 ? { required } : {};
}

/** `core/v1.Pod` → `io.k8s.api.core.v1.Pod`, upstream's name, which `kubectl explain` takes apart. */
function schemaName(message: string): string {
  const root = message.startsWith('meta/') ? 'io.k8s.apimachinery.pkg.apis' : 'io.k8s.api';
  return `${root}.${message.replaceAll('/', '.')}`;
}

const SCALARS: Readonly<Record<ScalarName, object>> = {
  string: { type: 'string' },
  bool: { type: 'boolean' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  double: { type: 'number', format: 'double' },
  bytes: { type: 'string', format: 'byte' },
  Quantity: { oneOf: [{ type: 'string' }, { type: 'number' }] },
  IntOrString: { oneOf: [{ type: 'integer' }, { type: 'string' }], format: 'int-or-string' },
  Time: { type: 'string', format: 'date-time' },
  MicroTime: { type: 'string', format: 'date-time' },
  Duration: { type: 'string' },
  Any: { type: 'object' },
};

const scalar = (name: ScalarName): object => ({ ...SCALARS[name] });
