// From the Ingresses to virtual hosts with ordered locations. Pure.
import type { BoardIngress } from '../api/ingress/board-ingress.ts';
import { type IngressOptions, ingressOptions } from '../api/ingress/ingress-options.ts';
import { pathPattern } from '../api/ingress/ingress-problems.ts';
import type { networking } from '../api/objects.ts';
import { type Backend, byPrecedence, type Location } from './location.ts';

export interface VirtualHost {
  /** In the order in which they are tried. */
  locations: Location[];
  /** For paths that no location matches. */
  fallback: Location | undefined;
  /** One of the Ingresses that it is made of has a `tls` entry for it. */
  hasTls: boolean;
}

export interface RouteTable {
  /** By host; a wildcard by what follows its `*`, such as `.example.com`; `''` = every other host. */
  hosts: ReadonlyMap<string, VirtualHost>;
  /**
   * `namespace/name` of the Secret with the certificate of each host that some Ingress has a `tls` entry for, by the
   * same keys: such a host needs no rule of its own, and a wildcard's is for those that have. `undefined` = the
   * default one.
   */
  tls: ReadonlyMap<string, string | undefined>;
}

interface TableDraft {
  hosts: Map<string, VirtualHost>;
  tls: Map<string, string | undefined>;
}

const ANY_HOST = '';

export function buildRouteTable(ingresses: Iterable<BoardIngress>): RouteTable {
  const table: TableDraft = { hosts: new Map([[ANY_HOST, emptyHost()]]), tls: new Map() };
  for (const ingress of [...ingresses].sort(byAge)) addIngress(table, ingress);
  for (const host of table.hosts.values()) host.locations.sort(byPrecedence);
  return table;
}

/** An exact host goes before a wildcard, which stands for one label; none of them: what has no host. */
export function virtualHostOf({ hosts }: RouteTable, name: string): VirtualHost {
  const wildcard = hosts.get(wildcardOf(name));
  return (name && hosts.get(name)) || wildcard || (hosts.get(ANY_HOST) ?? emptyHost());
}

/** `namespace/name` of the Secret with the certificate for the name that a client asks for. */
export function tlsSecretOf({ tls }: RouteTable, name: string): string | undefined {
  return tls.get(name) ?? tls.get(wildcardOf(name)) ?? tls.get(ANY_HOST);
}

/** Key of the wildcard that stands for the host, which has one label more. */
function wildcardOf(name: string): string {
  const dot = name.indexOf('.');
  return dot > 0 ? name.slice(dot) : ANY_HOST;
}

const emptyHost = (): VirtualHost => ({
  locations: [],
  fallback: undefined,
  hasTls: false,
});

function byAge(a: BoardIngress, b: BoardIngress): number {
  const [first, second] = a.createdAt === b.createdAt ? [a.key, b.key] : [a.createdAt, b.createdAt];
  return first < second ? -1 : 1;
}

const hostKey = (host: string | undefined): string => (host ?? '').toLowerCase().replace(/^\*/, '');

function addIngress(table: TableDraft, ingress: BoardIngress): void {
  const { hosts } = table;
  const { options, problems } = ingressOptions(
    ingress.annotations,
    ingress.key.slice(0, ingress.key.indexOf('/')),
  );
  const isClosed = problems.some((problem) => problem.isClosing);
  const locationOf = (path: networking.HTTPIngressPath) => toLocation(ingress, path, options, isClosed);
  const { rules = [], defaultBackend } = ingress.spec;
  const fallback = defaultBackend && locationOf({ pathType: 'Prefix', path: '/', backend: defaultBackend });
  const touched = new Set<string>();
  for (const { host, http } of rules) {
    for (const name of namesOf(host, options)) {
      touched.add(name);
      const own = hostNamed(hosts, name);
      for (const path of http?.paths ?? []) addLocation(own, locationOf(path));
      own.fallback ??= fallback;
    }
  }
  if (rules.length === 0) hostNamed(hosts, ANY_HOST).fallback ??= fallback;
  addTls(table, ingress, touched);
}

const namesOf = (host: string | undefined, { serverAliases }: IngressOptions): string[] =>
  host ? [host, ...serverAliases].map(hostKey) : [ANY_HOST];

function hostNamed(hosts: Map<string, VirtualHost>, name: string): VirtualHost {
  const host = hosts.get(name) ?? emptyHost();
  hosts.set(name, host);
  return host;
}

/** The older Ingress came first and keeps what it has. */
function addLocation(host: VirtualHost, location: Location | undefined): void {
  if (!location) return;
  const isTaken = host.locations.some(({ sort, path }) => sort === location.sort && path === location.path);
  if (!isTaken) host.locations.push(location);
}

/** An entry without hosts is for those of the rules. */
function addTls({ hosts, tls }: TableDraft, { key, spec }: BoardIngress, touched: ReadonlySet<string>): void {
  const namespace = key.slice(0, key.indexOf('/'));
  for (const { hosts: names, secretName } of spec.tls ?? []) {
    const covered = names?.length ? new Set(names.map(hostKey)) : touched;
    const secret = secretName ? `${namespace}/${secretName}` : undefined;
    for (const name of covered) tls.set(name, tls.get(name) ?? secret);
    for (const name of touched) {
      if (covered.has(name) || covered.has(wildcardOf(name))) hostNamed(hosts, name).hasTls = true;
    }
  }
}

/** `undefined` for an expression that is none: the master says so in an Event. */
function toLocation(
  { key }: BoardIngress,
  { path = '/', pathType, backend }: networking.HTTPIngressPath,
  options: IngressOptions,
  isClosed: boolean,
): Location | undefined {
  const isRegex = options.useRegex && pathType !== 'Exact';
  const pattern = isRegex ? pathPattern(path) : undefined;
  if (isRegex && !pattern) return undefined;
  const sort = pattern
    ? 'regex'
    : pathType === 'Exact'
      ? 'exact'
      : pathType === 'Prefix'
        ? 'prefix'
        : 'start';
  const to = isClosed ? undefined : backendOf(key, backend);
  return { ingressKey: key, sort, path, ...(pattern ? { pattern } : {}), backend: to, options };
}

function backendOf(ingressKey: string, { service }: networking.IngressBackend): Backend | undefined {
  const port = service?.port?.number ?? service?.port?.name;
  if (!service || port === undefined) return undefined;
  return { serviceKey: `${ingressKey.slice(0, ingressKey.indexOf('/'))}/${service.name}`, port };
}
