// PATCH with an apply configuration, in YAML or in JSON, which is YAML too. Loaded when the first one comes.
import type { Scale } from 'kubernetes-types/autoscaling/v1.js';
import { managedFieldsOf } from '../../api/apply/managed-fields.ts';
import type { KubeObject } from '../../api/objects.ts';
import { strictYamlError, undeclaredFieldsError } from '../../api/schema/decoding-errors.ts';
import { type ParsedJson, parseJson } from '../../api/schema/parse-json.ts';
import type { KindRef, Schema } from '../../api/schema/schema.ts';
import { apiVersionOf, type KindDefinition } from '../../api/scheme.ts';
import { badRequest } from '../../api/status-error.ts';
import type { PatchOptions } from '../registry/patcher.ts';
import { scaleKind, scalePaths } from '../registry/scale.ts';
import { readBody } from './body.ts';
import { checkObject, type Decoded } from './decode.ts';
import { fieldWriter, forceParameter } from './field-manager.ts';
import { dryRun, fieldValidation } from './query.ts';
import { placeObject, type ResourceRequest, sendObject } from './resource-handler.ts';
import { addWarnings } from './respond.ts';
import { sendScale } from './scale-answer.ts';
import { checkNew } from './write-verbs.ts';

export async function applyVerb(
  request: ResourceRequest,
  subresource: PatchOptions['subresource'],
): Promise<void> {
  const { api, kind, services } = request;
  const writer = fieldWriter(api, 'Apply', subresource);
  const force = forceParameter(api, true);
  const parsed = await parseConfig(await readBody(api.incoming));
  const target = subresource === 'scale' ? scaleKind : kind;
  const { object, warnings } = decodeConfig(await services.schema(), target, parsed, request);
  placeObject(request, object);
  if (managedFieldsOf(object.metadata)?.length) throw badRequest('metadata.managedFields must be nil');
  await checkNew(kind, object);
  const messages = [...warnings];
  const config = subresource === 'scale' ? scaledConfig(kind, object as KubeObject & Scale) : object;
  const { object: applied, created } = await services.registry.apply(kind, config, {
    writer,
    force,
    scope: subresource === undefined || subresource === 'scale' ? 'main' : subresource,
    dryRun: dryRun(api.query),
    prepareNew: (fresh) => api.user && kind.setAuthor?.(fresh, api.user),
    guard: services.guards.for(kind, api.user, true),
    warn: (message) => messages.push(message),
  });
  addWarnings(api.response, messages);
  if (subresource === 'scale') sendScale(request, applied);
  else sendObject(request, created ? 201 : 200, applied);
}

/**
 * As upstream: whoever applies owns the fields that it names, so one that the kind does not have is refused whatever
 * `fieldValidation` says; that is about keys that stand twice.
 */
function decodeConfig(
  schema: Schema,
  target: KindRef,
  parsed: ParsedJson,
  request: ResourceRequest,
): Decoded {
  const { api, namespace = '', name } = request;
  const validation = fieldValidation(api.query);
  const { duplicateFields } = parsed;
  if (validation === 'Strict' && duplicateFields.length > 0) throw strictYamlError(duplicateFields);
  const { object, unknownFields } = checkObject(schema, target, parsed);
  if (unknownFields.length > 0) throw undeclaredFieldsError(target, `${namespace}/${name}`, unknownFields);
  return { object, warnings: validation === 'Warn' ? duplicateFields : [] };
}

/** What a Scale says of the object that it scales. */
function scaledConfig(kind: KindDefinition, scale: KubeObject & Scale): KubeObject {
  const { name, namespace, uid, resourceVersion } = scale.metadata;
  const metadata = {
    name,
    ...(namespace ? { namespace } : {}),
    ...(uid ? { uid } : {}),
    ...(resourceVersion ? { resourceVersion } : {}),
  } as KubeObject['metadata'];
  const config = { apiVersion: apiVersionOf(kind), kind: kind.kind, metadata, spec: {} };
  if (scale.spec?.replicas !== undefined) scalePaths(kind).setSpecReplicas(config, scale.spec.replicas);
  return config;
}

/** kubectl sends JSON under this name: reading that as JSON is quicker, and finds keys that stand twice. */
async function parseConfig(body: Buffer) {
  if (body.subarray(0, 1).toString() === '{') return parseJson(body);
  const { parseYaml } = await import('./parse-yaml.ts');
  return parseYaml(body);
}
