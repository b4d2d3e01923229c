// How answers are written: JSON with its length, or YAML for whoever prefers it, errors as Status, warnings as headers.
import type { ServerResponse } from 'node:http';
import { gzip } from 'node:zlib';
import type { StatusError } from '../../api/status-error.ts';
import { prefersYaml, YAML_TYPE } from './accept.ts';

export const JSON_TYPE = 'application/json';

export function sendJson(
  response: ServerResponse,
  code: number,
  value: unknown,
  contentType = JSON_TYPE,
): void {
  if (contentType === JSON_TYPE && prefersYaml(response.req.headers.accept ?? '')) {
    sendYaml(response, code, value);
    return;
  }
  sendBytes(response, code, Buffer.from(`${JSON.stringify(value)}\n`), contentType);
}

/** As YAML 1.1 reads it, which Go's clients do: there `yes` is no text. Loaded when somebody asks for it. */
function sendYaml(response: ServerResponse, code: number, value: unknown): void {
  import('yaml')
    .then(({ stringify }) => {
      const plain: unknown = JSON.parse(JSON.stringify(value));
      const text = stringify(plain, { version: '1.1', aliasDuplicateObjects: false, lineWidth: 0 });
      sendBytes(response, code, Buffer.from(text), YAML_TYPE);
    })
    .catch((error: Error) => response.destroy(error));
}

export function sendText(response: ServerResponse, code: number, text: string): void {
  sendBytes(response, code, Buffer.from(text), 'text/plain; charset=utf-8');
}

export function sendBytes(response: ServerResponse, code: number, body: Buffer, contentType: string): void {
  const headers = { 'content-type': contentType, 'cache-control': 'no-cache, private' };
  if (body.length > GZIP_THRESHOLD_BYTES && takesGzip(response)) {
    sendCompressed(response, code, body, headers);
    return;
  }
  response.writeHead(code, { ...headers, 'content-length': body.length });
  response.end(body);
}

/** As upstream: what is smaller travels faster as it is. */
const GZIP_THRESHOLD_BYTES = 128 * 1024;
/** As upstream: most of the gain for the least time. */
const GZIP_LEVEL = 1;

const takesGzip = ({ req }: ServerResponse): boolean =>
  String(req.headers['accept-encoding'] ?? '')
    .split(',')
    .some((coding) => /^\s*gzip\s*(;\s*q=(1|0\.0*[1-9]).*)?$/i.test(coding));

/** On zlib's own threads: other requests go on. */
function sendCompressed(response: ServerResponse, code: number, body: Buffer, headers: object): void {
  gzip(body, { level: GZIP_LEVEL }, (error, compressed) => {
    if (error) {
      response.destroy(error);
      return;
    }
    response.writeHead(code, {
      ...headers,
      'content-encoding': 'gzip',
      vary: 'accept-encoding',
      'content-length': compressed.length,
    });
    response.end(compressed);
  });
}

export function sendError(response: ServerResponse, error: StatusError): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const retryAfterSeconds = error.details?.retryAfterSeconds;
  if (retryAfterSeconds) response.setHeader('retry-after', String(retryAfterSeconds));
  const status = error.toStatus();
  const listMeta = 'listMeta' in error ? error.listMeta : undefined;
  sendJson(response, error.code, listMeta ? { ...status, metadata: listMeta } : status);
}

/** Upstream's limits on what warnings may add to an answer. */
const MAX_WARNINGS = 20;
const MAX_WARNING_LENGTH = 256;

/** To what the answer warns of already. */
export function addWarnings(response: ServerResponse, warnings: readonly string[]): void {
  if (warnings.length === 0) return;
  const known = [response.getHeader('warning') ?? []].flat() as string[];
  response.setHeader('warning', [...known, ...warnings.map(warningLine)].slice(0, MAX_WARNINGS));
}

/** RFC 7234, 5.5: code 299, no agent, the text quoted. */
function warningLine(warning: string): string {
  const text = warning.slice(0, MAX_WARNING_LENGTH).replace(/[\\"]/g, '\\$&');
  // Headers hold Latin-1 at most: everything else is told by its number.
  return `299 - "${text.replace(/[^\x20-\x7e]/g, (c) => `U+${c.charCodeAt(0).toString(16).padStart(4, '0')}`)}"`;
}
