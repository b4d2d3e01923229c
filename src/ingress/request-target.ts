// The host and path that a request asks for, in one form however they were spelled, and the forms that are
// refused because two readers could understand them differently (request smuggling, RFC 9112 section 11.2).
import type { IncomingHttpHeaders } from 'node:http';

export interface RequestTarget {
  /** Lower case, without port. */
  host: string;
  /** As the client gave it: `name` or `name:port`. */
  authority: string;
  /** Decoded, without dot segments and doubled slashes: what locations are matched with. */
  path: string;
  /** As it was sent, without the query. */
  rawPath: string;
  /** With its `?`, or empty. */
  query: string;
}

export interface RequestLine {
  url: string;
  headers: IncomingHttpHeaders;
  /** Name, value, name, value, …, as they came. */
  rawHeaders: readonly string[];
  httpVersionMajor: number;
}

const AUTHORITY = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?$/;
/** Framing may be told once: a second one is for another reader. */
const ONCE = ['host', 'content-length', 'transfer-encoding'];

/** `undefined` for what must be answered with 400. */
export function readTarget(request: RequestLine): RequestTarget | undefined {
  if (!hasPlainFraming(request)) return undefined;
  const [authority, target] = split(request);
  const parts = AUTHORITY.exec(authority ?? '');
  const path = target?.startsWith('/') ? target : undefined;
  if (!parts?.[1] || !authority || path === undefined || hasControls(path)) return undefined;
  const mark = path.indexOf('?');
  const rawPath = mark < 0 ? path : path.slice(0, mark);
  const matched = normalizePath(rawPath);
  if (matched === undefined) return undefined;
  const query = mark < 0 ? '' : path.slice(mark);
  return { host: parts[1].toLowerCase().replace(/\.$/, ''), authority, path: matched, rawPath, query };
}

/** A request in absolute form carries its host in the target, which goes before the header (RFC 9112, 3.2.2). */
function split({ url, headers }: RequestLine): [string | undefined, string | undefined] {
  const absolute = /^https?:\/\/([^/?#]*)(.*)$/i.exec(url);
  if (!absolute) return [(headers[':authority'] as string | undefined) ?? headers.host, url];
  const [, authority, rest = ''] = absolute;
  return [authority, rest.startsWith('/') ? rest : `/${rest}`];
}

function hasPlainFraming({ rawHeaders, headers, httpVersionMajor }: RequestLine): boolean {
  const authority = headers[':authority'];
  if (authority !== undefined && headers.host !== undefined && authority !== headers.host) return false;
  const names = rawHeaders.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase());
  if (ONCE.some((name) => names.indexOf(name) !== names.lastIndexOf(name))) return false;
  const encoding = headers['transfer-encoding'];
  if (encoding === undefined) return true;
  return httpVersionMajor === 1 && encoding.toLowerCase() === 'chunked' && !names.includes('content-length');
}

/** Also `#`, which no client may send, and `\`, which some servers read as `/`. */
function hasControls(path: string): boolean {
  for (const char of path) if (char <= ' ' || char === '#' || char === '\\' || char === '\x7f') return true;
  return false;
}

/** `undefined` for a path that leaves its root or hides a NUL. */
function normalizePath(rawPath: string): string | undefined {
  const decoded = decode(rawPath);
  if (decoded === undefined || decoded.includes('\0')) return undefined;
  const elements: string[] = [];
  const given = decoded.split('/').slice(1);
  for (const element of given) {
    if (element === '..') {
      if (elements.pop() === undefined) return undefined;
    } else if (element !== '.' && element !== '') elements.push(element);
  }
  const last = given.at(-1);
  const isFolder = elements.length > 0 && (last === '' || last === '.' || last === '..');
  return `/${elements.join('/')}${isFolder ? '/' : ''}`;
}

/** What is not UTF-8 stays encoded, but for its ASCII. */
function decode(path: string): string | undefined {
  if (/%(?![0-9a-fA-F]{2})/.test(path)) return undefined;
  try {
    return decodeURIComponent(path);
  } catch {
    return path.replace(/%([0-7][0-9a-fA-F])/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
  }
}
