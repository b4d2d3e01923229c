// Finds the verb for a request that names objects.
import type { KindDefinition } from '../../api/scheme.ts';
import type { ServedKinds } from '../../api/served-kinds.ts';
import { methodNotAllowed, StatusError } from '../../api/status-error.ts';
import type { PodLogs } from '../pod-logs.ts';
import type { Sessions } from '../sessions.ts';
import type { ApiRequest } from './api-request.ts';
import { deleteCollectionVerb, deleteVerb } from './delete-verbs.ts';
import { verbsOf } from './discovery.ts';
import { getVerb, listVerb } from './read-verbs.ts';
import {
  type ResourceRequest,
  type ResourceServices,
  requireNamespace,
  wantedForm,
} from './resource-handler.ts';
import { isProxied, type ResourcePath } from './resource-path.ts';
import { addWarnings } from './respond.ts';
import { subresourceVerbs, type Verbs } from './subresource-verbs.ts';
import { createVerb, patchVerb, updateVerb } from './write-verbs.ts';

const collectionVerbs: Verbs = { GET: listVerb, POST: createVerb, DELETE: deleteCollectionVerb };

const collectionReads: Verbs = { GET: listVerb };
const objectReads: Verbs = { GET: getVerb };

/** As upstream: nobody empties a cluster with one request. */
function collectionVerbsOf(kind: KindDefinition): Verbs {
  const { DELETE: _all, ...others } = collectionVerbs;
  return verbsOf(kind).includes('deletecollection') ? collectionVerbs : others;
}

const objectVerbs: Verbs = {
  GET: getVerb,
  PUT: (request) => updateVerb(request),
  PATCH: (request) => patchVerb(request),
  DELETE: deleteVerb,
};

export class ResourceRouter {
  readonly #services: ResourceServices;
  readonly #kinds: ServedKinds;
  readonly #logs: PodLogs;
  readonly #sessions: Sessions;

  constructor(services: ResourceServices, kinds: ServedKinds, logs: PodLogs, sessions: Sessions) {
    this.#services = services;
    this.#kinds = kinds;
    this.#logs = logs;
    this.#sessions = sessions;
  }

  /** @throws StatusError NotFound for what is not served, MethodNotAllowed. */
  async handle(api: ApiRequest, path: ResourcePath): Promise<void> {
    const kind = this.#kinds.byResource(path.group, path.version, path.plural);
    if (!kind || (path.namespace !== undefined && !kind.namespaced)) throw unknownResource();
    if (path.subresource === 'proxy') return this.#proxy(api, path);
    const { namespace, name } = path;
    const request: ResourceRequest = { api, services: this.#services, kind, namespace, name };
    const verb = this.#verbs(request, path.subresource)[api.method];
    if (!verb) throw methodNotAllowed('the server does not allow this method on the requested resource');
    if (kind.deprecation) addWarnings(api.response, [kind.deprecation]);
    // What cannot be answered must not be done first.
    if (api.method !== 'GET') wantedForm(request);
    await verb(request);
  }

  /** With any method: what it means is the pod's to say. */
  async #proxy(api: ApiRequest, path: ResourcePath): Promise<void> {
    if (!isProxied(path)) throw unknownResource();
    const { proxyRequest } = await import('../proxy/pod-proxy.ts');
    const { registry, lasting } = this.#services;
    await lasting.during(api, api.response, () =>
      proxyRequest({ registry, sessions: this.#sessions }, api, path),
    );
  }

  #verbs(request: ResourceRequest, subresource: string | undefined): Verbs {
    const { measured } = request.kind;
    if (request.name === undefined) return measured ? collectionReads : collectionVerbsOf(request.kind);
    requireNamespace(request);
    if (subresource === undefined) return measured ? objectReads : objectVerbs;
    if (subresource === 'log' && request.kind.kind === 'Pod' && request.kind.group === '')
      return { GET: (r) => this.#logs.handle(r) };
    const verbs = subresourceVerbs(request.kind, subresource);
    if (!verbs) throw unknownResource();
    return verbs;
  }
}

/** Upstream's words, which kubectl turns into its own "doesn't have a resource type". */
const unknownResource = () =>
  new StatusError(404, 'NotFound', 'the server could not find the requested resource', {});
