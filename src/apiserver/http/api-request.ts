// One request as the handlers see it: path and query read once, the user known, the answer not begun.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { badRequest } from '../../api/status-error.ts';

export interface User {
  /** Common name of the certificate, or what the token or password stands for. */
  name: string;
  uid?: string;
  groups: readonly string[];
  /** What authentication knows beside, such as the pod that a token is bound to. */
  extra?: Readonly<Record<string, readonly string[]>>;
}

export interface ApiRequest {
  method: string;
  path: string;
  /** The path's parts, decoded; a slash at the end makes no part of its own. */
  segments: readonly string[];
  query: URLSearchParams;
  /** Whom the request acts as; `undefined` for a client that nothing names. */
  user: User | undefined;
  incoming: IncomingMessage;
  response: ServerResponse;
}

/** @throws StatusError BadRequest for an URL that cannot be read. */
export function readUrl(url: string): Pick<ApiRequest, 'path' | 'segments' | 'query'> {
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  const query = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1));
  try {
    const segments = path
      .split('/')
      .filter((part) => part !== '')
      .map(decodeURIComponent);
    return { path, segments, query };
  } catch (error) {
    if (error instanceof URIError) throw badRequest(`the path ${path} is not valid percent-encoding`);
    throw error;
  }
}

export function header(request: Pick<ApiRequest, 'incoming'>, name: string): string {
  const value = request.incoming.headers[name];
  return Array.isArray(value) ? value.join(', ') : (value ?? '');
}

/** As upstream: nobody can tell whom a request without it was meant for. */
export const namesHost = ({ headers, httpVersion }: IncomingMessage): boolean =>
  headers.host !== undefined || httpVersion !== '1.1';

/** @throws StatusError BadRequest */
export function requireHost(incoming: IncomingMessage): void {
  if (!namesHost(incoming)) throw badRequest('missing required Host header');
}
