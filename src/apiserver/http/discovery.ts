// What this server offers, in the legacy form (one document per group and version) and in the aggregated one.
// https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api
import { createHash } from 'node:crypto';
import type { KindDefinition } from '../../api/scheme.ts';
import type { ServedKinds } from '../../api/served-kinds.ts';
import { storedKind } from '../../api/served-versions.ts';
import { notFound } from '../../api/status-error.ts';
import { isPublished, publishedDiscovery } from '../measured/published-discovery.ts';
import type { PublishedNumbers } from '../measured/published-numbers.ts';
import { parseAccept } from './accept.ts';
import { type ApiRequest, header } from './api-request.ts';
import { JSON_TYPE, sendJson } from './respond.ts';
import { isReview, shownKinds, shownVersions } from './review-kinds.ts';

interface ServedResource {
  /** `pods`, or `pods/status`. */
  name: string;
  kind: string;
  /** Where the body's kind lives, when it is not that of the resource. */
  group?: string;
  version?: string;
  verbs: readonly string[];
}

const OBJECT_VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const PROXY_VERBS = ['create', 'delete', 'get', 'patch', 'update'];

export function verbsOf(kind: KindDefinition): string[] {
  if (isReview(kind)) return ['create'];
  if (kind.measured) return ['get', 'list'];
  return OBJECT_VERBS.filter((verb) => verb !== 'deletecollection' || kind.plural !== 'namespaces');
}

function subresourcesOf(kind: KindDefinition): ServedResource[] {
  const name = (subresource: string) => `${kind.plural}/${subresource}`;
  const served: ServedResource[] = [];
  if (kind.hasStatus)
    served.push({ name: name('status'), kind: kind.kind, verbs: ['get', 'patch', 'update'] });
  if (kind.scale) {
    const verbs = ['get', 'patch', 'update'];
    served.push({ name: name('scale'), kind: 'Scale', group: 'autoscaling', version: 'v1', verbs });
  }
  if (kind.group === 'certificates.k8s.io') {
    served.push({ name: name('approval'), kind: kind.kind, verbs: ['get', 'patch', 'update'] });
  }
  if (kind.group !== '') return served;
  if (kind.kind === 'Pod') {
    served.push({
      name: name('eviction'),
      kind: 'Eviction',
      group: 'policy',
      version: 'v1',
      verbs: ['create'],
    });
    served.push({ name: name('ephemeralcontainers'), kind: 'Pod', verbs: ['get', 'patch', 'update'] });
    served.push({ name: name('resize'), kind: 'Pod', verbs: ['get', 'patch', 'update'] });
    served.push({ name: name('binding'), kind: 'Binding', verbs: ['create'] });
    served.push({ name: name('log'), kind: 'Pod', verbs: ['get'] });
    const connect = ['create', 'get'];
    served.push({ name: name('attach'), kind: 'PodAttachOptions', verbs: connect });
    served.push({ name: name('exec'), kind: 'PodExecOptions', verbs: connect });
    served.push({ name: name('portforward'), kind: 'PodPortForwardOptions', verbs: connect });
    served.push({ name: name('proxy'), kind: 'PodProxyOptions', verbs: PROXY_VERBS });
  }
  if (kind.kind === 'Node' && kind.group === '')
    served.push({ name: name('proxy'), kind: 'NodeProxyOptions', verbs: PROXY_VERBS });
  if (kind.kind === 'Service')
    served.push({ name: name('proxy'), kind: 'ServiceProxyOptions', verbs: PROXY_VERBS });
  if (kind.kind === 'ServiceAccount') {
    const body = { kind: 'TokenRequest', group: 'authentication.k8s.io', version: 'v1' };
    served.push({ name: name('token'), ...body, verbs: ['create'] });
  }
  if (kind.kind === 'Namespace')
    served.push({ name: name('finalize'), kind: 'Namespace', verbs: ['update'] });
  return served;
}

export function resourceList(served: ServedKinds, group: string, version: string): object {
  const kinds = shownKinds(served, group, version);
  if (kinds.length === 0) throw notFound({ group: '', kind: 'apigroups', name: `${group}/${version}` });
  return {
    kind: 'APIResourceList',
    ...(group ? { apiVersion: 'v1' } : {}),
    groupVersion: group ? `${group}/${version}` : version,
    resources: kinds.flatMap(legacyResources),
  };
}

function legacyResources(kind: KindDefinition): object[] {
  const { plural: name, singular: singularName, namespaced, shortNames, categories } = kind;
  const main = {
    name,
    singularName,
    namespaced,
    kind: kind.kind,
    verbs: verbsOf(kind),
    ...(shortNames.length > 0 ? { shortNames } : {}),
    ...(categories.length > 0 ? { categories } : {}),
    ...(isReview(kind) || kind.measured ? {} : { storageVersionHash: storageVersionHash(kind) }),
  };
  return [main, ...subresourcesOf(kind).map((sub) => ({ ...sub, singularName: '', namespaced }))];
}

/** Says in which version objects are stored, as upstream computes it: it changes when they are to be written anew. */
function storageVersionHash(kind: KindDefinition): string {
  const { group, version, kind: name } = storedKind(kind);
  const hash = createHash('sha256').update(`${group}/${version}/${name}`).digest();
  return hash.subarray(0, STORAGE_HASH_BYTES).toString('base64');
}

const STORAGE_HASH_BYTES = 8;

function groupList(served: ServedKinds): object {
  const groups = [...new Set(shownVersions(served).map(({ group }) => group))].filter((name) => name !== '');
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map((group) => groupOf(served, group)) };
}

/** @throws StatusError NotFound */
export function apiGroup(served: ServedKinds, group: string): object {
  if (group === '' || !shownVersions(served).some((entry) => entry.group === group)) {
    throw notFound({ group: '', kind: 'apigroups', name: group });
  }
  return { kind: 'APIGroup', apiVersion: 'v1', ...groupOf(served, group) };
}

function groupOf(served: ServedKinds, group: string) {
  const versions = shownVersions(served)
    .filter((entry) => entry.group === group)
    .map(({ version }) => ({ groupVersion: `${group}/${version}`, version }));
  return { name: group, versions, preferredVersion: versions[0] };
}

const coreVersions = (address: string) => ({
  kind: 'APIVersions',
  versions: ['v1'],
  serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: address }],
});

/** All that is served at this moment. */
export interface Offer {
  kinds: ServedKinds;
  numbers: PublishedNumbers | undefined;
}

/** GET /api (core) or /apis (the named groups), in the form that the client wants. */
export function sendDiscovery(request: ApiRequest, offer: Offer, core: boolean): void {
  const { kinds: served } = offer;
  const version = aggregatedVersion(header(request, 'accept'));
  if (version) {
    const type = `${JSON_TYPE};g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
    sendJson(request.response, 200, aggregated(offer, core, version), type);
    return;
  }
  const { localAddress, localPort } = request.incoming.socket;
  sendJson(request.response, 200, core ? coreVersions(`${localAddress}:${localPort}`) : groupList(served));
}

/** The first aggregated form that the client names before plain JSON. */
function aggregatedVersion(accept: string): 'v2' | 'v2beta1' | undefined {
  for (const { type, parameters } of parseAccept(accept)) {
    if (type !== JSON_TYPE) continue;
    if (!parameters.as) return undefined;
    const { g: group, v: version, as, profile } = parameters;
    if (group !== 'apidiscovery.k8s.io' || as !== 'APIGroupDiscoveryList' || profile) continue;
    if (version === 'v2' || version === 'v2beta1') return version;
  }
  return undefined;
}

function aggregated(offer: Offer, core: boolean, apiVersion: string): object {
  const { kinds: served } = offer;
  const entries = shownVersions(served).filter(({ group }) => (group === '') === core);
  const groups = [...new Set(entries.map(({ group }) => group))];
  const items = groups.map((group) => ({
    metadata: { name: group, creationTimestamp: null },
    versions: entries
      .filter((entry) => entry.group === group)
      .map(({ version }) => ({
        version,
        resources: aggregatedResources(offer, group, version),
        freshness: 'Current',
      })),
  }));
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: `apidiscovery.k8s.io/${apiVersion}`,
    metadata: {},
    items,
  };
}

function aggregatedResources({ kinds, numbers }: Offer, group: string, version: string): object[] {
  if (isPublished(group, version)) return publishedDiscovery(numbers, kinds, { group, version });
  return shownKinds(kinds, group, version).map(aggregatedResource);
}

function aggregatedResource(kind: KindDefinition): object {
  const responseKind = { group: kind.group, version: kind.version, kind: kind.kind };
  const subresources = subresourcesOf(kind).map((sub) => ({
    subresource: sub.name.slice(kind.plural.length + 1),
    responseKind: { group: sub.group ?? kind.group, version: sub.version ?? kind.version, kind: sub.kind },
    verbs: sub.verbs,
  }));
  return {
    resource: kind.plural,
    responseKind,
    scope: kind.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: kind.singular,
    verbs: verbsOf(kind),
    ...(kind.shortNames.length > 0 ? { shortNames: kind.shortNames } : {}),
    ...(kind.categories.length > 0 ? { categories: kind.categories } : {}),
    ...(subresources.length > 0 ? { subresources } : {}),
  };
}
