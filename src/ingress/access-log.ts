// One line for each request: address, time, request, status, referer and agent in the order of the common log
// format, then seconds and backend as ingress-nginx adds them.
import type { IncomingHttpHeaders } from 'node:http';

export interface AccessEntry {
  remoteAddress: string;
  atMs: number;
  method: string;
  url: string;
  httpVersion: string;
  status: number;
  headers: IncomingHttpHeaders;
  durationMs: number;
  /** `namespace-service-port`; empty for what was answered here. */
  upstreamName: string;
  /** `ip:port`; empty as well. */
  upstreamAddress: string;
}

/** What a client sent must not be able to end the line or its quotes. */
const quoted = (text: string | undefined): string =>
  `"${(text ?? '-').replace(/[^\x20-\x7e]|["\\]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`)}"`;

export function accessLine(entry: AccessEntry): string {
  const { remoteAddress, atMs, method, url, httpVersion, status, headers } = entry;
  return [
    remoteAddress,
    '- -',
    `[${new Date(atMs).toISOString()}]`,
    quoted(`${method} ${url} HTTP/${httpVersion}`),
    status,
    quoted(headers.referer),
    quoted(headers['user-agent']),
    (entry.durationMs / 1000).toFixed(3),
    `[${entry.upstreamName}]`,
    entry.upstreamAddress || '-',
  ].join(' ');
}
