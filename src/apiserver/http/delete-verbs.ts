// DELETE of one object or of a selected collection; the options come in the body or the query.
import type { KubeObject } from '../../api/objects.ts';
import { isJsonObject, type JsonObject } from '../../api/schema/json.ts';
import { badRequest, invalid, isNotFound } from '../../api/status-error.ts';
import type { DeleteResult, ServerDeleteOptions } from '../registry/delete.ts';
import { header } from './api-request.ts';
import { readBody } from './body.ts';
import { parseBody } from './decode.ts';
import {
  booleanParameter,
  dryRun,
  isDryRun,
  listOptions,
  numberParameter,
  propagationPolicy,
} from './query.ts';
import { keyOfRequest, listKind, type ResourceRequest, sendObject } from './resource-handler.ts';
import { sendJson } from './respond.ts';

export async function deleteVerb(request: ResourceRequest): Promise<void> {
  const options = await deleteOptions(request);
  request.services.guards.confirm(request.api);
  const result = await request.services.registry.delete(request.kind, keyOfRequest(request), options);
  if (returnsObject(request, result)) return sendObject(request, 200, result.object);
  sendJson(request.api.response, 200, success(request, result.object));
}

/** As upstream: pods and namespaces are given back, and what waits for its end. */
function returnsObject({ kind }: ResourceRequest, { removed }: DeleteResult): boolean {
  return !removed || (kind.group === '' && (kind.plural === 'pods' || kind.plural === 'namespaces'));
}

function success({ kind }: ResourceRequest, { metadata }: KubeObject): object {
  const group = kind.group ? { group: kind.group } : {};
  const details = { name: metadata.name, ...group, kind: kind.plural, uid: metadata.uid };
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details };
}

export async function deleteCollectionVerb(request: ResourceRequest): Promise<void> {
  const { kind, services, api } = request;
  const options = await deleteOptions(request);
  const { items, resourceVersion } = services.registry.list(kind, listOptions(api.query, request.namespace));
  const gone: KubeObject[] = [];
  for (const item of items) {
    const { namespace, name } = item.metadata;
    const deleted = await deleteListed(request, namespace ? `${namespace}/${name}` : name, options);
    if (deleted) gone.push(deleted);
  }
  sendJson(api.response, 200, { ...listKind(kind), metadata: { resourceVersion }, items: gone });
}

/** `undefined` when somebody else was faster. */
async function deleteListed(
  { services, kind }: ResourceRequest,
  key: string,
  options: ServerDeleteOptions,
): Promise<KubeObject | undefined> {
  try {
    return (await services.registry.delete(kind, key, options)).object;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

const deleteOptionsKind = { group: '', version: 'v1', kind: 'DeleteOptions' } as const;

async function deleteOptions({ api, services }: ResourceRequest): Promise<ServerDeleteOptions> {
  const raw = await readBody(api.incoming);
  const parsed = raw.length > 0 ? await parseBody(raw, header(api, 'content-type')) : undefined;
  // Whatever group and version a client writes into its options: their fields are the same in all of them.
  const decoded = parsed?.decode?.(await services.schema(), deleteOptionsKind);
  const body = decoded ?? parsed?.value ?? {};
  if (body !== null && !isJsonObject(body)) throw badRequest('the body of a DELETE must be DeleteOptions');
  const fields: JsonObject = body ?? {};
  return optionsFrom(fields, api.query);
}

/** `fields` are a DeleteOptions' own; what they leave out may stand in the query. */
export function optionsFrom(fields: JsonObject, query: URLSearchParams): ServerDeleteOptions {
  const grace = fields.gracePeriodSeconds ?? numberParameter(query, 'gracePeriodSeconds');
  const policy = policyOf(fields, query);
  return {
    ...(grace === undefined || grace === null ? {} : { gracePeriodSeconds: wholeNumber(grace) }),
    ...(policy ? { propagationPolicy: policy } : {}),
    preconditions: preconditionsOf(fields),
    dryRun: isDryRun(Array.isArray(fields.dryRun) ? fields.dryRun.map(String) : []) || dryRun(query),
  };
}

function policyOf(fields: JsonObject, query: URLSearchParams) {
  const policy = propagationPolicy(fields.propagationPolicy ?? query.get('propagationPolicy'));
  const orphan =
    fields.orphanDependents ??
    (query.has('orphanDependents') ? booleanParameter(query, 'orphanDependents') : null);
  if (orphan === null || orphan === undefined) return policy;
  if (policy) throw bothSaid(policy);
  return orphan ? 'Orphan' : 'Background';
}

function bothSaid(policy: string) {
  const message = `Invalid value: "${policy}": orphanDependents and deletionPropagation cannot be both set`;
  return invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions', name: '' }, [
    { reason: 'FieldValueInvalid', field: 'propagationPolicy', message },
  ]);
}

function wholeNumber(value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value)) return value;
  throw badRequest('gracePeriodSeconds must be a whole number');
}

function preconditionsOf({ preconditions }: JsonObject): { uid?: string; resourceVersion?: string } {
  if (preconditions === undefined || preconditions === null) return {};
  if (!isJsonObject(preconditions)) throw badRequest('preconditions must be an object');
  const { uid, resourceVersion } = preconditions;
  return {
    ...(typeof uid === 'string' ? { uid } : {}),
    ...(typeof resourceVersion === 'string' ? { resourceVersion } : {}),
  };
}
