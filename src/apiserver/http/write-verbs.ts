// POST, PUT and PATCH of objects and of their status.

import { strictDecodingError } from '../../api/schema/decoding-errors.ts';
import { isJsonObject } from '../../api/schema/json.ts';
import { parseJson } from '../../api/schema/parse-json.ts';
import { badRequest, unsupportedMediaType } from '../../api/status-error.ts';
import type { Patch } from '../../client/client.ts';
import type { PatchOptions } from '../registry/patcher.ts';
import type { WriteScope } from '../registry/update.ts';
import { header } from './api-request.ts';
import { readBody } from './body.ts';
import { type Decoded, decodeObject, mediaType, parseBody } from './decode.ts';
import { dryRun, fieldValidation } from './query.ts';
import {
  keyOfRequest,
  placeObject,
  type ResourceRequest,
  requireNamespace,
  sendObject,
} from './resource-handler.ts';
import { addWarnings } from './respond.ts';

async function decoded(request: ResourceRequest): Promise<Decoded> {
  const { api, kind, services } = request;
  const validation = fieldValidation(api.query);
  const parsed = await parseBody(await readBody(api.incoming), header(api, 'content-type'));
  const result = decodeObject(await services.schema(), kind, parsed, validation);
  placeObject(request, result.object);
  return result;
}

export async function createVerb(request: ResourceRequest): Promise<void> {
  requireNamespace(request);
  const { registry } = request.services;
  const { object, warnings } = await decoded(request);
  const created = await registry.create(request.kind, object, { dryRun: dryRun(request.api.query) });
  addWarnings(request.api.response, warnings);
  sendObject(request, 201, created);
}

export async function updateVerb(request: ResourceRequest, scope: WriteScope = 'main'): Promise<void> {
  const { registry } = request.services;
  const { object, warnings } = await decoded(request);
  const options = { scope, dryRun: dryRun(request.api.query) };
  const updated = await registry.update(request.kind, keyOfRequest(request), () => object, options);
  addWarnings(request.api.response, warnings);
  sendObject(request, 200, updated);
}

const patchTypes = new Map<string, Patch['type']>([
  ['application/json-patch+json', 'json'],
  ['application/merge-patch+json', 'merge'],
  ['application/strategic-merge-patch+json', 'strategic'],
]);

/** @throws StatusError UnsupportedMediaType */
function patchType(contentType: string): Patch['type'] {
  const type = patchTypes.get(mediaType(contentType));
  if (type) return type;
  throw unsupportedMediaType(
    `the body of the request was in an unknown format - accepted media types include: ${[...patchTypes.keys()].join(', ')}`,
  );
}

export async function patchVerb(
  request: ResourceRequest,
  subresource?: PatchOptions['subresource'],
): Promise<void> {
  const { api, kind, services } = request;
  const validation = fieldValidation(api.query);
  const type = patchType(header(api, 'content-type'));
  const { value, duplicateFields } = parseJson(await readBody(api.incoming));
  if (validation === 'Strict' && duplicateFields.length > 0) throw strictDecodingError(kind, duplicateFields);
  const options = { subresource, dryRun: dryRun(api.query), strict: validation === 'Strict' };
  const result = await services.patcher.patch(kind, keyOfRequest(request), asPatch(type, value), options);
  if (validation === 'Warn') addWarnings(api.response, [...result.unknownFields, ...duplicateFields]);
  sendObject(request, 200, result.object);
}

function asPatch(type: Patch['type'], value: unknown): Patch {
  if (type === 'json') {
    if (Array.isArray(value)) return { type, body: value };
    throw badRequest('a JSON patch must be a list of operations');
  }
  if (isJsonObject(value)) return { type, body: value };
  throw badRequest(`a ${type === 'merge' ? 'JSON' : 'strategic'} merge patch must be a JSON object`);
}
