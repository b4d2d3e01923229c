// The OpenAPI v2 document, in protobuf, for clients that ask for nothing newer (kubectl before 1.27). It names for
// each kind a PATCH operation with its `dryRun` parameter, which is what those clients look for, and defines every
// kind whole. Made when asked for, kept nowhere.
// Field numbers: gnostic's openapiv2/OpenAPIv2.proto.
import type { Schema } from '../../api/schema/schema.ts';
import type { KindDefinition } from '../../api/scheme.ts';
import type { ServedKinds } from '../../api/served-kinds.ts';
import { extension, namedSchemas } from './openapi-v2-definitions.ts';
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
/** ParametersItem, Parameter and NonBodyParameter each wrap the next. */
const WRAPPERS = { parameter: 1, nonBody: 2, query: 3 } as const;

export function openApiV2(schema: Schema, { served }: ServedKinds): Buffer {
  const info = encodeMessage([INFO.title, 'Kubernetes'], [INFO.version, serverVersion.gitVersion]);
  const paths = encodeMessage(...served.map((kind): [number, Buffer] => [PATHS.path, namedPath(kind)]));
  const definitions = encodeMessage(...namedSchemas(openApiSchemas(schema, served)));
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
    [OPERATION.parameters, queryParameter('dryRun')],
    [OPERATION.parameters, queryParameter('fieldValidation')],
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
