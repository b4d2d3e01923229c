// POST, PUT and PATCH of objects and of their status.

import type { KubeObject } from '../../api/objects.ts';
import { strictDecodingError } from '../../api/schema/decoding-errors.ts';
import { isJsonObject } from '../../api/schema/json.ts';
import { parseJson } from '../../api/schema/parse-json.ts';
import type { KindDefinition } from '../../api/scheme.ts';
import { badRequest, unsupportedMediaType } from '../../api/status-error.ts';
import type { Patch } from '../../client/client.ts';
import { isCertificateRequest } from '../auth/signer-check.ts';
import type { PatchOptions } from '../registry/patcher.ts';
import type { WriteScope } from '../registry/update.ts';
import { header } from './api-request.ts';
import { readBody } from './body.ts';
import { type Decoded, decodeObject, mediaType, parseBody } from './decode.ts';
import { fieldWriter, forceParameter } from './field-manager.ts';
import { dryRun, fieldValidation } from './query.ts';
import {
  keyOfRequest,
  placeObject,
  type ResourceRequest,
  requireNamespace,
  sendObject,
} from './resource-handler.ts';
import { addWarnings } from './respond.ts';
import { sendScale } from './scale-answer.ts';

async function decoded(request: ResourceRequest): Promise<Decoded> {
  const { api, kind, services } = request;
  const validation = fieldValidation(api.query);
  const parsed = await parseBody(await readBody(api.incoming), header(api, 'content-type'));
  const result = decodeObject(await services.schema(), kind, parsed, validation);
  placeObject(request, result.object);
  return result;
}

/** Holds the write against what this user may grant, and collects what they should be told. */
export function watched({ kind, services, api }: ResourceRequest, warnings: string[]) {
  return { guard: services.guards.for(kind, api.user), warn: (text: string) => void warnings.push(text) };
}

/** What takes more than the object's own fields to refuse. @throws StatusError Forbidden */
export async function checkNew(kind: KindDefinition, object: KubeObject): Promise<void> {
  if (!isCertificateRequest(kind)) return;
  const { checkCertificateSubject } = await import('./certificate-subject.ts');
  await checkCertificateSubject(object);
}

export async function createVerb(request: ResourceRequest): Promise<void> {
  requireNamespace(request);
  const { registry } = request.services;
  const { object, warnings } = await decoded(request);
  await checkNew(request.kind, object);
  if (request.api.user) request.kind.setAuthor?.(object, request.api.user);
  const writer = fieldWriter(request.api, 'Update');
  const options = { dryRun: dryRun(request.api.query), writer, ...watched(request, warnings) };
  const created = await registry.create(request.kind, object, options);
  addWarnings(request.api.response, warnings);
  sendObject(request, 201, created);
}

export async function updateVerb(request: ResourceRequest, scope: WriteScope = 'main'): Promise<void> {
  const { registry } = request.services;
  const { object, warnings } = await decoded(request);
  const writer = fieldWriter(request.api, 'Update', scope === 'main' ? undefined : scope);
  const options = { scope, dryRun: dryRun(request.api.query), writer, ...watched(request, warnings) };
  const updated = await registry.update(request.kind, keyOfRequest(request), () => object, options);
  addWarnings(request.api.response, warnings);
  sendObject(request, 200, updated);
}

const patchTypes = new Map<string, Patch['type']>([
  ['application/json-patch+json', 'json'],
  ['application/merge-patch+json', 'merge'],
  ['application/strategic-merge-patch+json', 'strategic'],
]);

const APPLY_TYPE = 'application/apply-patch+yaml';

/** @throws StatusError UnsupportedMediaType */
function patchType(contentType: string, { ownSchema }: KindDefinition): Patch['type'] {
  // As upstream: a custom kind's schema does not say how a strategic merge would treat its lists.
  const known = [...patchTypes].filter(([, type]) => !(ownSchema && type === 'strategic'));
  const type = new Map(known).get(mediaType(contentType));
  if (type) return type;
  const accepted = [...known.map(([name]) => name), APPLY_TYPE].join(', ');
  throw unsupportedMediaType(
    `the body of the request was in an unknown format - accepted media types include: ${accepted}`,
  );
}

export async function patchVerb(
  request: ResourceRequest,
  subresource?: PatchOptions['subresource'],
): Promise<void> {
  const { api, kind, services } = request;
  if (mediaType(header(api, 'content-type')) === APPLY_TYPE) {
    const { applyVerb } = await import('./apply-verb.ts');
    return applyVerb(request, subresource);
  }
  const validation = fieldValidation(api.query);
  forceParameter(api, false);
  const writer = fieldWriter(api, 'Update', subresource);
  const type = patchType(header(api, 'content-type'), kind);
  const { value, duplicateFields } = parseJson(await readBody(api.incoming));
  if (validation === 'Strict' && duplicateFields.length > 0) throw strictDecodingError(kind, duplicateFields);
  const strict = validation === 'Strict';
  const warnings: string[] = [];
  const options = { subresource, dryRun: dryRun(api.query), strict, writer, ...watched(request, warnings) };
  const result = await services.patcher.patch(kind, keyOfRequest(request), asPatch(type, value), options);
  if (validation === 'Warn') warnings.push(...result.unknownFields, ...duplicateFields);
  addWarnings(api.response, warnings);
  if (subresource === 'scale') sendScale(request, result.object);
  else sendObject(request, 200, result.object);
}

function asPatch(type: Patch['type'], value: unknown): Patch {
  if (type === 'json') {
    if (Array.isArray(value)) return { type, body: value };
    throw badRequest('a JSON patch must be a list of operations');
  }
  if (isJsonObject(value)) return { type, body: value };
  throw badRequest(`a ${type === 'merge' ? 'JSON' : 'strategic'} merge patch must be a JSON object`);
}
