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
  /** Some Ingress has a `tls` entry for it. */
  hasTls: boolean;
  /** `namespace/name` of the Secret with its certificate. */
  tlsSecret: string | undefined;
}

export interface RouteTable {
  /** By host; a wildcard by what follows its `*`, such as `.example.com`; `''` = every other host. */
  hosts: ReadonlyMap<string, VirtualHost>;
}

const ANY_HOST = '';

export function buildRouteTable(ingresses: Iterable<BoardIngress>): RouteTable {
  const hosts = new Map<string, VirtualHost>([[ANY_HOST, emptyHost()]]);
  for (const ingress of [...ingresses].sort(byAge)) addIngress(hosts, ingress);
  for (const host of hosts.values()) host.locations.sort(byPrecedence);
  return { hosts };
}

/** An exact host goes before a wildcard, which stands for one label; none of them: what has no host. */
export function virtualHostOf({ hosts }: RouteTable, name: string): VirtualHost {
  const dot = name.indexOf('.');
  const wildcard = dot > 0 ? hosts.get(name.slice(dot)) : undefined;
  return (name && hosts.get(name)) || wildcard || (hosts.get(ANY_HOST) ?? emptyHost());
}

const emptyHost = (): VirtualHost => ({
  locations: [],
  fallback: undefined,
  hasTls: false,
  tlsSecret: undefined,
});

function byAge(a: BoardIngress, b: BoardIngress): number {
  const [first, second] = a.createdAt === b.createdAt ? [a.key, b.key] : [a.createdAt, b.createdAt];
  return first < second ? -1 : 1;
}

const hostKey = (host: string | undefined): string => (host ?? '').toLowerCase().replace(/^\*/, '');

function addIngress(hosts: Map<string, VirtualHost>, ingress: BoardIngress): void {
  const { options, problems } = ingressOptions(ingress.annotations);
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
  addTls(hosts, ingress, touched);
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
function addTls(
  hosts: Map<string, VirtualHost>,
  { key, spec }: BoardIngress,
  touched: ReadonlySet<string>,
): void {
  const namespace = key.slice(0, key.indexOf('/'));
  for (const { hosts: names, secretName } of spec.tls ?? []) {
    for (const name of names?.length ? names.map(hostKey) : touched) {
      const host = hostNamed(hosts, name);
      host.hasTls = true;
      if (secretName) host.tlsSecret ??= `${namespace}/${secretName}`;
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
