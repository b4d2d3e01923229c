// One path of an Ingress and what it does with a request; and whether a path matches it, as Kubernetes has it.
// https://kubernetes.io/docs/concepts/services-networking/ingress/#path-types
import type { IngressOptions } from '../api/ingress/ingress-options.ts';

/** A Service's port, by number or by name. */
export interface Backend {
  /** `namespace/name` */
  serviceKey: string;
  port: number | string;
}

export interface Location {
  /** `namespace/name` of the Ingress. */
  ingressKey: string;
  sort: 'exact' | 'prefix' | 'start' | 'regex';
  path: string;
  /** Of sort `regex` only. */
  pattern?: RegExp;
  /** `undefined`: it cannot be served, and is answered with 503. */
  backend: Backend | undefined;
  options: IngressOptions;
}

/** The match's groups, or `undefined` where the path is not this location's. */
export function matchPath(location: Location, path: string): readonly string[] | undefined {
  if (location.sort === 'regex') return location.pattern?.exec(path)?.map((group) => group ?? '');
  return isMatch(location, path) ? [] : undefined;
}

function isMatch({ sort, path: wanted }: Location, path: string): boolean {
  if (sort === 'exact') return path === wanted;
  if (sort === 'start') return path.startsWith(wanted);
  // By whole elements: /api matches /api and /api/v1, not /apis.
  const base = wanted.replace(/\/+$/, '');
  return path === base || path.startsWith(`${base}/`);
}

const ORDER = { exact: 0, regex: 1, prefix: 1, start: 1 } as const;

/** Exact paths first, then the longest; of equal ones Prefix goes before ImplementationSpecific. */
export function byPrecedence(a: Location, b: Location): number {
  if (ORDER[a.sort] !== ORDER[b.sort]) return ORDER[a.sort] - ORDER[b.sort];
  const longer = b.path.length - a.path.length;
  if (longer !== 0) return longer;
  return Number(a.sort !== 'prefix') - Number(b.sort !== 'prefix');
}
