// Header fields on their way through: those of one hop stay behind, and a backend is told who asked. What a
// client claims of itself in X-Forwarded-* is replaced, as it could claim anything.
import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import type { IngressOptions } from '../api/ingress/ingress-options.ts';
import type { RequestTarget } from './request-target.ts';

/** RFC 9110 section 7.6.1; `expect` is answered here. */
const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'expect',
];

/** Of a field's value all but the tab (RFC 9110, 5.5). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROLS = /[\x00-\x08\x0a-\x1f\x7f]/;

export interface ClientSide {
  remoteAddress: string;
  isTls: boolean;
  /** Where this board listens. */
  port: number;
}

export function toBackend(
  headers: IncomingHttpHeaders,
  target: RequestTarget,
  client: ClientSide,
  { upstreamVhost, forwardedPrefix }: IngressOptions,
): OutgoingHttpHeaders {
  const kept = endToEnd(headers);
  const scheme = client.isTls ? 'https' : 'http';
  const claimed = headers['x-forwarded-for'];
  // HTTP/2 may send cookies in pieces, which HTTP/1 knows only as one (RFC 9113, 8.2.3).
  const { cookie } = headers;
  return {
    ...kept,
    ...(cookie === undefined ? {} : { cookie: Array.isArray(cookie) ? cookie.join('; ') : cookie }),
    host: upstreamVhost ?? target.authority,
    'x-request-id': headers['x-request-id'] ?? randomUUID().replaceAll('-', ''),
    'x-real-ip': client.remoteAddress,
    'x-forwarded-for': client.remoteAddress,
    'x-forwarded-host': target.authority,
    'x-forwarded-port': String(client.port),
    'x-forwarded-proto': scheme,
    'x-forwarded-scheme': scheme,
    'x-scheme': scheme,
    ...(claimed === undefined ? {} : { 'x-original-forwarded-for': claimed }),
    ...(forwardedPrefix === undefined ? {} : { 'x-forwarded-prefix': forwardedPrefix }),
  };
}

/** Without what belongs to one connection, without HTTP/2's pseudo fields, and without names that hold `_`. */
export function endToEnd(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  const named = (headers.connection ?? '')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim());
  const dropped = new Set([...HOP_BY_HOP, ...named]);
  return Object.fromEntries(
    // Some servers read `_` as `-`: X_Forwarded_For would come past us.
    Object.entries(headers).filter(
      ([name]) => !dropped.has(name) && !name.startsWith(':') && !name.includes('_'),
    ),
  );
}

/**
 * An answer's names may hold `_`: they go to a client, who trusts the backend already. A field that cannot be sent
 * on, as it holds control characters, is left out.
 */
export function toClient(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  const named = (headers.connection ?? '')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim());
  const dropped = new Set([...HOP_BY_HOP, ...named]);
  return Object.fromEntries(
    Object.entries(headers).filter(
      ([name, value]) =>
        !dropped.has(name) &&
        !name.startsWith(':') &&
        ![value ?? ''].flat().some((text) => CONTROLS.test(text)),
    ),
  );
}
