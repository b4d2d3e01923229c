// Subresources: status, scale, and the ones that only pods and namespaces have. One table says who has which.
import type { Scale } from 'kubernetes-types/autoscaling/v1.js';
import { certificateSigningRequests } from '../../api/kinds/certificate-signing-request.ts';
import type { core, KubeObject } from '../../api/objects.ts';
import type { KindDefinition } from '../../api/scheme.ts';
import { badRequest } from '../../api/status-error.ts';
import { scaleKind, withScale } from '../registry/scale.ts';
import { header } from './api-request.ts';
import { readBody } from './body.ts';
import { decodeObject, parseBody } from './decode.ts';
import { fieldWriter } from './field-manager.ts';
import { dryRun, fieldValidation } from './query.ts';
import { getVerb } from './read-verbs.ts';
import { keyOfRequest, placeObject, type ResourceRequest } from './resource-handler.ts';
import { addWarnings, sendJson } from './respond.ts';
import { sendScale } from './scale-answer.ts';
import { patchVerb, updateVerb } from './write-verbs.ts';

type Verb = (request: ResourceRequest) => Promise<void>;

/** By HTTP method. */
export type Verbs = Readonly<Record<string, Verb>>;

const status: Verbs = {
  GET: getVerb,
  PUT: (request) => updateVerb(request, 'status'),
  PATCH: (request) => patchVerb(request, 'status'),
};

const scale: Verbs = { GET: getScale, PUT: putScale, PATCH: (request) => patchVerb(request, 'scale') };
const finalize: Verbs = { PUT: (request) => updateVerb(request, 'finalize') };
const binding: Verbs = { POST: bind };
const eviction: Verbs = {
  async POST(request) {
    const { evictionVerb } = await import('./eviction-verb.ts');
    await evictionVerb(request);
  },
};
const approval: Verbs = {
  GET: getVerb,
  PUT: (request) => updateVerb(request, 'approval'),
  PATCH: (request) => patchVerb(request, 'approval'),
};
const ephemeralContainers: Verbs = {
  GET: getVerb,
  PUT: (request) => updateVerb(request, 'ephemeralcontainers'),
  PATCH: (request) => patchVerb(request, 'ephemeralcontainers'),
};
const resize: Verbs = {
  GET: getVerb,
  PUT: (request) => updateVerb(request, 'resize'),
  PATCH: (request) => patchVerb(request, 'resize'),
};
/** Those that upgrade never come here. */
const stream: Verbs = { GET: refuseWithoutUpgrade, POST: refuseWithoutUpgrade };
const STREAMS = ['exec', 'attach', 'portforward'];

/** `undefined` when the kind has no such subresource. `pods/log` is served elsewhere: it is no object. */
export function subresourceVerbs(kind: KindDefinition, subresource: string): Verbs | undefined {
  if (subresource === 'status' && kind.hasStatus) return status;
  if (subresource === 'scale' && kind.scale) return scale;
  if (subresource === 'approval' && kind.plural === certificateSigningRequests.plural && !kind.ownSchema)
    return approval;
  if (kind.group !== '') return undefined;
  if (subresource === 'eviction' && kind.plural === 'pods') return eviction;
  if (subresource === 'ephemeralcontainers' && kind.plural === 'pods') return ephemeralContainers;
  if (subresource === 'resize' && kind.plural === 'pods') return resize;
  if (STREAMS.includes(subresource) && kind.plural === 'pods') return stream;
  if (subresource === 'finalize' && kind.plural === 'namespaces') return finalize;
  return subresource === 'binding' && kind.plural === 'pods' ? binding : undefined;
}

async function refuseWithoutUpgrade(): Promise<void> {
  throw badRequest('Upgrade request required');
}

async function getScale(request: ResourceRequest): Promise<void> {
  sendScale(request, request.services.registry.get(request.kind, keyOfRequest(request)));
}

async function putScale(request: ResourceRequest): Promise<void> {
  const { api, services, kind } = request;
  const parsed = await parseBody(await readBody(api.incoming), header(api, 'content-type'));
  const { object, warnings } = decodeObject(
    await services.schema(),
    scaleKind,
    parsed,
    fieldValidation(api.query),
  );
  placeObject(request, object);
  const change = (current: KubeObject) => withScale(kind, current, object as KubeObject & Scale);
  const options = { dryRun: dryRun(api.query), writer: fieldWriter(api, 'Update', 'scale') };
  const updated = await services.registry.update(kind, keyOfRequest(request), change, options);
  addWarnings(api.response, warnings);
  sendScale(request, updated);
}

const bindingKind = { group: '', version: 'v1', kind: 'Binding' } as const;

async function bind(request: ResourceRequest): Promise<void> {
  const { api, services } = request;
  const parsed = await parseBody(await readBody(api.incoming), header(api, 'content-type'));
  const { object } = decodeObject(await services.schema(), bindingKind, parsed, fieldValidation(api.query));
  placeObject(request, object);
  const { target } = object as unknown as core.Binding;
  if (!target?.name || (target.kind && target.kind !== 'Node')) {
    throw badRequest('a Binding must name a Node as its target');
  }
  await services.registry.bind(keyOfRequest(request), target, object.metadata.uid);
  sendJson(api.response, 201, {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    code: 201,
  });
}
