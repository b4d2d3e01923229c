// Which endpoint a request tries first, and which after it: in turn, or as the client's cookie says.
import { createHash } from 'node:crypto';
import type { StickyCookie } from '../api/ingress/sticky-cookie.ts';
import type { Endpoint } from './backend-endpoints.ts';

export class Balancer {
  /** Next turn by Service and port. */
  readonly #turns = new Map<string, number>();

  /** All endpoints, each once, in the order in which they are to be tried. */
  order(id: string, endpoints: readonly Endpoint[]): Endpoint[] {
    const first = (this.#turns.get(id) ?? 0) % Math.max(endpoints.length, 1);
    this.#turns.set(id, first + 1);
    return [...endpoints.slice(first), ...endpoints.slice(0, first)];
  }

  /** Forgets what no table names any more. */
  keep(ids: ReadonlySet<string>): void {
    for (const id of this.#turns.keys()) if (!ids.has(id)) this.#turns.delete(id);
  }
}

/** Says nothing of addresses to who reads it. */
export function cookieValue({ ip, port }: Endpoint): string {
  return createHash('sha256').update(`${ip}:${port}`).digest('base64url').slice(0, 22);
}

/** The endpoint of the client's cookie moved to the front; `isKnown`: it is still there. */
export function stickyOrder(
  endpoints: readonly Endpoint[],
  cookie: string | undefined,
): { endpoints: Endpoint[]; isKnown: boolean } {
  const own =
    cookie === undefined ? undefined : endpoints.find((endpoint) => cookieValue(endpoint) === cookie);
  if (!own) return { endpoints: [...endpoints], isKnown: false };
  return { endpoints: [own, ...endpoints.filter((endpoint) => endpoint !== own)], isKnown: true };
}

export function readCookie(header: string | undefined, name: string): string | undefined {
  for (const part of header?.split(';') ?? []) {
    const equals = part.indexOf('=');
    if (part.slice(0, equals).trim() === name) return part.slice(equals + 1).trim();
  }
  return undefined;
}

export function writeCookie(
  cookie: StickyCookie,
  endpoint: Endpoint,
  routePath: string,
  isTls: boolean,
): string {
  const { name, path = routePath, domain, maxAgeSeconds, sameSite, secure } = cookie;
  return [
    `${name}=${cookieValue(endpoint)}`,
    ...(maxAgeSeconds === undefined ? [] : [`Max-Age=${maxAgeSeconds}`]),
    ...(domain ? [`Domain=${domain}`] : []),
    `Path=${path}`,
    ...(isTls || secure ? ['Secure'] : []),
    'HttpOnly',
    ...(sameSite ? [`SameSite=${sameSite}`] : []),
  ].join('; ');
}
