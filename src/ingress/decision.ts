// What is to be done with a request, before anything is sent anywhere. Pure.
import { BlockList, isIPv4 } from 'node:net';
import { type Location, matchPath } from './location.ts';
import type { RequestTarget } from './request-target.ts';
import { type RouteTable, type VirtualHost, virtualHostOf } from './route-table.ts';

export interface ClientFacts {
  method: string;
  isTls: boolean;
  remoteAddress: string;
  contentLength: number | undefined;
}

export type Decision =
  | { action: 'answer'; status: number; location?: Location }
  | { action: 'redirect'; status: number; url: string; location: Location }
  | { action: 'forward'; location: Location; path: string };

export function decide(table: RouteTable, target: RequestTarget, client: ClientFacts): Decision {
  if (client.method === 'TRACE' || client.method === 'CONNECT') return { action: 'answer', status: 405 };
  const host = virtualHostOf(table, target.host);
  const found = findLocation(host, target.path) ?? findFallback(table, host);
  if (!found) return { action: 'answer', status: 404 };
  const { location, groups } = found;
  if (!isAllowed(location, client.remoteAddress)) return { action: 'answer', status: 403, location };
  const hasTls = host.hasTls || table.tls.has(target.host);
  const redirect = redirectOf(hasTls, location, target, client);
  if (redirect) return { action: 'redirect', location, ...redirect };
  if (!location.backend) return { action: 'answer', status: 503, location };
  const limit = location.options.bodyLimitBytes;
  if (limit > 0 && (client.contentLength ?? 0) > limit) return { action: 'answer', status: 413, location };
  return { action: 'forward', location, path: pathFor(location, groups, target) };
}

interface Found {
  location: Location;
  groups: readonly string[];
}

function findLocation({ locations }: VirtualHost, path: string): Found | undefined {
  for (const location of locations) {
    const groups = matchPath(location, path);
    if (groups) return { location, groups };
  }
  return undefined;
}

/** The default backend of the host's Ingress, then that of an Ingress for all hosts. */
function findFallback({ hosts }: RouteTable, host: VirtualHost): Found | undefined {
  const location = host.fallback ?? hosts.get('')?.fallback;
  return location && { location, groups: [] };
}

function isAllowed({ options: { allowedRanges } }: Location, remoteAddress: string): boolean {
  if (allowedRanges.length === 0) return true;
  const list = new BlockList();
  for (const range of allowedRanges) {
    const [address = '', bits] = range.split('/');
    list.addSubnet(address, Number(bits), isIPv4(address) ? 'ipv4' : 'ipv6');
  }
  return list.check(remoteAddress, isIPv4(remoteAddress) ? 'ipv4' : 'ipv6');
}

/** 308, so that a POST stays a POST. */
function redirectOf(
  hasTls: boolean,
  { options }: Location,
  target: RequestTarget,
  { isTls }: ClientFacts,
): { status: number; url: string } | undefined {
  const wantsTls = options.forceSslRedirect || (options.sslRedirect && hasTls);
  const scheme = isTls ? 'https' : 'http';
  if (!isTls && wantsTls) {
    return { status: 308, url: `https://${target.host}${target.rawPath}${target.query}` };
  }
  if (options.redirect) return { status: options.redirect.code, url: options.redirect.url };
  const isRoot = options.appRoot !== undefined && target.path === '/';
  return isRoot ? { status: 302, url: `${scheme}://${target.authority}${options.appRoot}` } : undefined;
}

function pathFor(
  { options }: Location,
  groups: readonly string[],
  { rawPath, query }: RequestTarget,
): string {
  const { rewriteTarget } = options;
  if (rewriteTarget === undefined) return rawPath + query;
  // A group comes from the decoded path: what may not stand in a request line is encoded again.
  const path = rewriteTarget.replace(/\$(\d)/g, (_, n) => encodePath(groups[Number(n)] ?? ''));
  const rooted = path.replace(/^\/{2,}/, '/');
  return rooted.includes('?') && query ? `${rooted}&${query.slice(1)}` : rooted + query;
}

const encodePath = (text: string): string =>
  text
    .split('/')
    .map((element) => encodeURIComponent(element).replace(/%(3A|40|2C|3B|3D|26|2B|24)/g, decodeURIComponent))
    .join('/');
