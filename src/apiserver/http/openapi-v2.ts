// The OpenAPI v2 document for clients that ask for nothing newer: in protobuf (kubectl before 1.27) and in JSON. It
// names for each kind a PATCH operation with its `dryRun` parameter, which is what kubectl looks for, and defines
// every kind whole. Made when asked for, kept nowhere.
// Field numbers: gnostic's openapiv2/OpenAPIv2.proto.

import type { FieldDescriptions } from '../../api/schema/field-descriptions.ts';
import type { Json, JsonObject } from '../../api/schema/json.ts';
import type { Schema } from '../../api/schema/schema.ts';
import type { KindDefinition } from '../../api/scheme.ts';
import type { ServedKinds } from '../../api/served-kinds.ts';
import { parseAccept } from './accept.ts';
import { extension, namedSchemas } from './openapi-v2-definitions.ts';
import { v2Definition } from './openapi-v2-schema.ts';
import { openApiSchemas } from './openapi-v3.ts';
import { encodeMessage } from './protobuf-writer.ts';
import { objectPathTemplate } from './resource-path.ts';
import { serverVersion } from './server-version.ts';

/** Not what is asked for: the `@` in that type breaks kubectl 1.20 as Debian builds it. */
export const OPENAPI_V2_TYPE = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

const DOCUMENT = { swagger: 1, info: 2, paths: 8, definitions: 9 } as const;
const INFO = { title: 1, version: 2 } as const;
const PATHS = { path: 2 } as const;
const NAMED = { name: 1, value: 2 } as const;
const PATH_ITEM = { patch: 8 } as const;
const OPERATION = { operationId: 5, parameters: 8, responses: 9, vendorExtension: 13 } as const;
const QUERY_PARAMETER = { in: 2, name: 4, type: 6 } as const;
/** What a client may ask of a PATCH. */
const QUERY = ['dryRun', 'fieldValidation'];
/** ParametersItem, Parameter and NonBodyParameter each wrap the next. */
const WRAPPERS = { parameter: 1, nonBody: 2, query: 3 } as const;

/**
 * Whether the client asks for protobuf, by whichever of its names, before JSON; JSON is what upstream gives unasked.
 */
export function wantsProtobuf(accept: string): boolean {
  const known = parseAccept(accept).find(({ type }) => isProtobuf(type) || JSON_TYPES.includes(type));
  return known !== undefined && isProtobuf(known.type);
}

const JSON_TYPES = ['application/json', 'application/*', '*/*'];
const isProtobuf = (type: string) => type.startsWith('application/com.github.proto-openapi.spec.v2');

/** The document in JSON. */
export function openApiV2Json(schema: Schema, { served }: ServedKinds, texts: FieldDescriptions): JsonObject {
  return {
    swagger: '2.0',
    info: { title: 'Kubernetes', version: serverVersion.gitVersion },
    paths: Object.fromEntries(served.map((kind) => [objectPathTemplate(kind), { patch: patchJson(kind) }])),
    definitions: definitionsOf(schema, served, texts),
  };
}

function definitionsOf(
  schema: Schema,
  served: readonly KindDefinition[],
  texts: FieldDescriptions,
): JsonObject {
  const schemas = Object.entries(openApiSchemas(schema, served, texts));
  return Object.fromEntries(schemas.map(([name, definition]) => [name, v2Definition(definition as Json)]));
}

function patchJson({ group, version, kind }: KindDefinition): JsonObject {
  return {
    operationId: `patch${kind}`,
    parameters: QUERY.map((name) => ({ in: 'query', name, type: 'string' })),
    responses: { '200': { description: 'OK' } },
    'x-kubernetes-action': 'patch',
    'x-kubernetes-group-version-kind': { group, kind, version },
  };
}

/** The document in protobuf. */
export function openApiV2(schema: Schema, { served }: ServedKinds, texts: FieldDescriptions): Buffer {
  const info = encodeMessage([INFO.title, 'Kubernetes'], [INFO.version, serverVersion.gitVersion]);
  const paths = encodeMessage(...served.map((kind): [number, Buffer] => [PATHS.path, namedPath(kind)]));
  const definitions = encodeMessage(...namedSchemas(definitionsOf(schema, served, texts)));
  return encodeMessage(
    [DOCUMENT.swagger, '2.0'],
    [DOCUMENT.info, info],
    [DOCUMENT.paths, paths],
    [DOCUMENT.definitions, definitions],
  );
}

function namedPath(kind: KindDefinition): Buffer {
  return encodeMessage(
    [NAMED.name, objectPathTemplate(kind)],
    [NAMED.value, encodeMessage([PATH_ITEM.patch, patchOperation(kind)])],
  );
}

function patchOperation(kind: KindDefinition): Buffer {
  const { group, version } = kind;
  return encodeMessage(
    [OPERATION.operationId, `patch${kind.kind}`],
    ...QUERY.map((name): [number, Buffer] => [OPERATION.parameters, queryParameter(name)]),
    [OPERATION.responses, encodeMessage()],
    [OPERATION.vendorExtension, extension('x-kubernetes-action', 'patch\n')],
    [
      OPERATION.vendorExtension,
      extension(
        'x-kubernetes-group-version-kind',
        `group: ${JSON.stringify(group)}\nkind: ${kind.kind}\nversion: ${version}\n`,
      ),
    ],
  );
}

function queryParameter(name: string): Buffer {
  const query = encodeMessage(
    [QUERY_PARAMETER.in, 'query'],
    [QUERY_PARAMETER.name, name],
    [QUERY_PARAMETER.type, 'string'],
  );
  const nonBody = encodeMessage([WRAPPERS.query, query]);
  return encodeMessage([WRAPPERS.parameter, encodeMessage([WRAPPERS.nonBody, nonBody])]);
}
