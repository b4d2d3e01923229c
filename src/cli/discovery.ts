// Which kinds the server has, by its own word: edgectl works with kinds that it was not built with.
// https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api
import type { meta } from '../api/objects.ts';
import { apiVersionOf } from '../api/scheme.ts';
import type { ApiConnection } from './api-connection.ts';
import { CliError } from './cli-error.ts';

/** One kind of the server. */
export interface Resource {
  group: string;
  version: string;
  kind: string;
  plural: string;
  singular: string;
  shortNames: readonly string[];
  categories: readonly string[];
  namespaced: boolean;
  verbs: readonly string[];
}

function resourceFrom(entry: meta.APIResource, groupVersion: string): Resource {
  const [group, version] = groupVersion.includes('/') ? groupVersion.split('/') : ['', groupVersion];
  return {
    group: entry.group ?? group ?? '',
    version: entry.version ?? version ?? 'v1',
    kind: entry.kind,
    plural: entry.name,
    singular: entry.singularName || entry.kind.toLowerCase(),
    shortNames: entry.shortNames ?? [],
    categories: entry.categories ?? [],
    namespaced: entry.namespaced,
    verbs: entry.verbs ?? [],
  };
}

function isNamed(resource: Resource, name: string, group: string): boolean {
  if (group !== '' && resource.group !== group && !resource.group.startsWith(`${group}.`)) return false;
  const { plural, singular, shortNames, kind } = resource;
  return plural === name || singular === name || kind.toLowerCase() === name || shortNames.includes(name);
}

export class Discovery {
  readonly #connection: ApiConnection;
  #core: Promise<Resource[]> | undefined;
  #groups: Promise<Resource[]> | undefined;

  constructor(connection: ApiConnection) {
    this.#connection = connection;
  }

  /** Everything served, the core group first; subresources left out. */
  async all(): Promise<Resource[]> {
    const [core, groups] = await Promise.all([this.#coreResources(), this.#groupResources()]);
    return [...core, ...groups];
  }

  /** By plural, singular, short name or kind, with `.group` at will. Rejects with a CliError for an unknown one. */
  async byName(text: string): Promise<Resource> {
    const [name = '', ...rest] = text.toLowerCase().split('.');
    const match = (resource: Resource) => isNamed(resource, name, rest.join('.'));
    const found = (await this.#coreResources()).find(match) ?? (await this.#groupResources()).find(match);
    if (found) return found;
    throw new CliError(
      `the server doesn't have a resource type "${text}": 'edgectl api-resources' lists those it has`,
    );
  }

  /** The kinds of a category, such as `all`; none when there is no such category. */
  async byCategory(category: string): Promise<Resource[]> {
    return (await this.all()).filter((resource) => resource.categories.includes(category));
  }

  /** By what stands in an object. Rejects with a CliError for an unknown one. */
  async byKind(apiVersion: string, kind: string): Promise<Resource> {
    const known = apiVersion.includes('/') ? await this.#groupResources() : await this.#coreResources();
    const found = known.find((resource) => resource.kind === kind && apiVersionOf(resource) === apiVersion);
    if (found) return found;
    throw new CliError(
      `no matches for kind "${kind}" in version "${apiVersion}": 'edgectl api-resources' lists the kinds that the server has`,
    );
  }

  #coreResources(): Promise<Resource[]> {
    this.#core ??= this.#groupVersion('/api/v1');
    return this.#core;
  }

  #groupResources(): Promise<Resource[]> {
    this.#groups ??= this.#loadGroups();
    return this.#groups;
  }

  async #loadGroups(): Promise<Resource[]> {
    const list = await this.#connection.json<meta.APIGroupList>({ method: 'GET', path: '/apis' });
    const versions = (list.groups ?? []).map(
      (group) => group.preferredVersion?.groupVersion ?? group.versions[0]?.groupVersion,
    );
    const known = versions.filter((version) => version !== undefined);
    return (await Promise.all(known.map((version) => this.#groupVersion(`/apis/${version}`)))).flat();
  }

  async #groupVersion(path: string): Promise<Resource[]> {
    const list = await this.#connection.json<meta.APIResourceList>({ method: 'GET', path });
    return list.resources
      .filter((entry) => !entry.name.includes('/'))
      .map((entry) => resourceFrom(entry, list.groupVersion));
  }
}
