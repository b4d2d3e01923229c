// What this server offers, in the legacy form (one document per group and version) and in the aggregated one.
// https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api
import type { KindDefinition } from '../../api/scheme.ts';
import { allKinds, groupVersions } from '../../api/scheme-table.ts';
import { notFound } from '../../api/status-error.ts';
import { parseAccept } from './accept.ts';
import { type ApiRequest, header } from './api-request.ts';
import { JSON_TYPE, sendJson } from './respond.ts';

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

export function verbsOf(kind: KindDefinition): string[] {
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
  if (kind.kind === 'Pod') {
    served.push({ name: name('binding'), kind: 'Binding', verbs: ['create'] });
    served.push({ name: name('log'), kind: 'Pod', verbs: ['get'] });
  }
  if (kind.kind === 'Namespace')
    served.push({ name: name('finalize'), kind: 'Namespace', verbs: ['update'] });
  return served;
}

export function resourceList(group: string, version: string): object {
  const kinds = kindsOf(group, version);
  if (kinds.length === 0) throw notFound({ group: '', kind: 'apigroups', name: `${group}/${version}` });
  return {
    kind: 'APIResourceList',
    ...(group ? { apiVersion: 'v1' } : {}),
    groupVersion: group ? `${group}/${version}` : version,
    resources: kinds.flatMap(legacyResources),
  };
}

export const kindsOf = (group: string, version: string): KindDefinition[] =>
  allKinds.filter((kind) => kind.group === group && kind.version === version);

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
  };
  return [main, ...subresourcesOf(kind).map((sub) => ({ ...sub, singularName: '', namespaced }))];
}

function groupList(): object {
  const groups = [...new Set(groupVersions().map(({ group }) => group))].filter((group) => group !== '');
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map(groupOf) };
}

/** @throws StatusError NotFound */
export function apiGroup(group: string): object {
  if (group === '' || !groupVersions().some((served) => served.group === group)) {
    throw notFound({ group: '', kind: 'apigroups', name: group });
  }
  return { kind: 'APIGroup', apiVersion: 'v1', ...groupOf(group) };
}

function groupOf(group: string) {
  const versions = groupVersions()
    .filter((served) => served.group === group)
    .map(({ version }) => ({ groupVersion: `${group}/${version}`, version }));
  return { name: group, versions, preferredVersion: versions[0] };
}

const coreVersions = (address: string) => ({
  kind: 'APIVersions',
  versions: ['v1'],
  serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: address }],
});

/** GET /api (core) or /apis (the named groups), in the form that the client wants. */
export function sendDiscovery(request: ApiRequest, core: boolean): void {
  const version = aggregatedVersion(header(request, 'accept'));
  if (version) {
    const type = `${JSON_TYPE};g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
    sendJson(request.response, 200, aggregated(core, version), type);
    return;
  }
  const { localAddress, localPort } = request.incoming.socket;
  sendJson(request.response, 200, core ? coreVersions(`${localAddress}:${localPort}`) : groupList());
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

function aggregated(core: boolean, apiVersion: string): object {
  const served = groupVersions().filter(({ group }) => (group === '') === core);
  const groups = [...new Set(served.map(({ group }) => group))];
  const items = groups.map((group) => ({
    metadata: { name: group, creationTimestamp: null },
    versions: served
      .filter((entry) => entry.group === group)
      .map(({ version }) => ({
        version,
        resources: kindsOf(group, version).map(aggregatedResource),
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
