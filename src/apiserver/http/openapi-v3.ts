// The OpenAPI v3 documents that kubectl reads before it creates, applies or explains: made from the schema table
// when asked for, kept nowhere (kubectl keeps them by their hash).
import { createHash } from 'node:crypto';
import type { FieldDescriptions } from '../../api/schema/field-descriptions.ts';
import type { MessageSpec, OwnSchema, Schema } from '../../api/schema/schema.ts';
import type { FieldSpec, FieldType, ScalarName } from '../../api/schema/table.ts';
import type { KindDefinition } from '../../api/scheme.ts';
import type { ServedKinds } from '../../api/served-kinds.ts';
import { isPublished } from '../measured/published-discovery.ts';
import { objectPathTemplate } from './resource-path.ts';
import { shownKinds, shownVersions } from './review-kinds.ts';
import { serverVersion } from './server-version.ts';
import { TYPE_DESCRIPTIONS } from './type-descriptions.ts';

const documentPath = (group: string, version: string) =>
  group ? `apis/${group}/${version}` : `api/${version}`;

/** GET /openapi/v3 */
export function openApiIndex(schema: Schema, kinds: ServedKinds, texts: FieldDescriptions): object {
  const documented = shownVersions(kinds).filter(({ group, version }) => !isPublished(group, version));
  const entries = documented.map(({ group, version }) => {
    const path = documentPath(group, version);
    const text = JSON.stringify(openApiDocument(schema, shownKinds(kinds, group, version), texts));
    const hash = createHash('sha512').update(text).digest('hex').toUpperCase();
    return [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` }];
  });
  return { paths: Object.fromEntries(entries) };
}

/** `kinds` are those of one group and version; `undefined` when there are none. */
export function openApiDocument(
  schema: Schema,
  kinds: readonly KindDefinition[],
  texts: FieldDescriptions,
): object | undefined {
  if (kinds.length === 0) return undefined;
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: serverVersion.gitVersion },
    paths: Object.fromEntries(kinds.map(operationsOf)),
    components: { schemas: openApiSchemas(schema, kinds, texts) },
  };
}

/** The schemas of all these kinds and of what they are made of, by upstream's names. */
export function openApiSchemas(
  schema: Schema,
  kinds: readonly KindDefinition[],
  texts: FieldDescriptions,
): Record<string, object> {
  const schemas = new Schemas(schema, texts);
  for (const kind of kinds) schemas.addKind(kind);
  return schemas.result;
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

const OBJECT_META = 'meta/v1.ObjectMeta';

class Schemas {
  readonly result: Record<string, object> = {};
  readonly #schema: Schema;
  readonly #texts: FieldDescriptions;

  constructor(schema: Schema, texts: FieldDescriptions) {
    this.#schema = schema;
    this.#texts = texts;
  }

  addKind(kind: KindDefinition): void {
    if (kind.ownSchema) this.#addCustom(kind, kind.ownSchema);
    else this.#addKnown(kind);
  }

  #addKnown(kind: KindDefinition): void {
    const message = this.#schema.messageOf(kind);
    this.#add(message);
    const object = this.result[schemaName(message.name)] as Record<string, unknown>;
    // One message may be several kinds: an older version that is an alias.
    const known = (object['x-kubernetes-group-version-kind'] ?? []) as object[];
    object['x-kubernetes-group-version-kind'] = [...known, gvk(kind)];
  }

  /** Under upstream's name for it: the group's parts turned round, as in `com.example.v1.Widget`. */
  #addCustom(kind: KindDefinition, own: OwnSchema): void {
    const { properties, ...root } = own.openApi() as { properties?: Record<string, object> };
    const typeMeta = {
      apiVersion: { type: 'string', description: TYPE_DESCRIPTIONS.apiVersion },
      kind: { type: 'string', description: TYPE_DESCRIPTIONS.kind },
    };
    const metadata = {
      ...this.#type({ shape: 'message', message: OBJECT_META }),
      description: TYPE_DESCRIPTIONS.metadata,
    };
    const name = [...kind.group.split('.').reverse(), kind.version, kind.kind].join('.');
    this.result[name] = {
      ...root,
      type: 'object',
      properties: { ...properties, ...typeMeta, metadata },
      'x-kubernetes-group-version-kind': [gvk(kind)],
    };
  }

  #add(message: MessageSpec): void {
    const name = schemaName(message.name);
    if (this.result[name]) return;
    const properties: Record<string, object> = {};
    const texts = this.#texts[message.name] ?? {};
    this.result[name] = { ...describedBy(texts['']), type: 'object', properties, ...requiredOf(message) };
    for (const [field, spec] of message.fields) {
      const typeText = field === 'apiVersion' || field === 'kind' ? TYPE_DESCRIPTIONS[field] : undefined;
      properties[field] = { ...this.#field(spec), ...describedBy(texts[field] ?? typeText) };
    }
  }

  #field(spec: FieldSpec): object {
    const type = this.#type(spec.type);
    const strategies = patchStrategies(spec);
    if (strategies.length === 0) return type;
    return {
      ...type,
      ...(spec.mergeKey ? { 'x-kubernetes-patch-merge-key': spec.mergeKey } : {}),
      'x-kubernetes-patch-strategy': strategies.join(','),
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

const describedBy = (description: string | undefined) => (description ? { description } : {});

/** What differs from the rule that objects merge and lists are replaced. */
function patchStrategies({ type, patchStrategy, retainKeys }: FieldSpec): string[] {
  const usual = type.shape === 'list' ? 'replace' : 'merge';
  return [...(patchStrategy === usual ? [] : [patchStrategy]), ...(retainKeys ? ['retainKeys'] : [])];
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
