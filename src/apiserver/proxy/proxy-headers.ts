// What of a request's and an answer's head goes through a proxy: nothing of a single hop (RFC 9110, 7.6.1), nothing
// that says who the client is to the API server, and links that still lead through it.
import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http';

const SINGLE_HOP = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/** Where the client sees what it reaches. */
export interface ProxyPlace {
  /** `/api/v1/namespaces/NS/pods/NAME/proxy`, as the client wrote it. */
  prefix: string;
  /** What is asked of the pod, with the query; begins with `/`. */
  path: string;
  /** Nothing stands behind the prefix, not even a slash. */
  isBare: boolean;
}

/** A credential is for the API server alone: a pod that saw it could act as the client. */
const isCredential = (name: string) => name === 'authorization' || name.startsWith('impersonate-');

export function requestHeaders(incoming: IncomingMessage, { prefix, path }: ProxyPlace): OutgoingHttpHeaders {
  const { headers, socket } = incoming;
  const kept = endToEnd(headers, incoming.headersDistinct, isCredential);
  const protocols = endToEndProtocols(headers['sec-websocket-protocol']);
  if (protocols === undefined) delete kept['sec-websocket-protocol'];
  else kept['sec-websocket-protocol'] = protocols;
  const before = headers['x-forwarded-for'];
  return {
    ...kept,
    'x-forwarded-for': [before, socket.remoteAddress].filter(Boolean).join(', '),
    'x-forwarded-host': headers.host ?? '',
    'x-forwarded-proto': 'encrypted' in socket ? 'https' : 'http',
    'x-forwarded-uri': prefix + path.replace(/\?.*$/s, ''),
  };
}

/** Browsers send their token among the subprotocols. */
function endToEndProtocols(offered: string | undefined): string | undefined {
  const names = offered?.split(',').map((name) => name.trim()) ?? [];
  return (
    names.filter((name) => !name.startsWith('base64url.bearer.authorization.k8s.io.')).join(', ') || undefined
  );
}

export function answerHeaders(
  answer: IncomingMessage,
  incoming: IncomingMessage,
  prefix: string,
): OutgoingHttpHeaders {
  const kept = endToEnd(answer.headers, answer.headersDistinct, () => false);
  const { location } = answer.headers;
  return location === undefined
    ? kept
    : { ...kept, location: throughProxy(location, incoming.headers.host ?? '', prefix) };
}

/** As upstream: a path from the root, or on the same host, is put under the proxy; others are left as they are. */
export function throughProxy(location: string, host: string, prefix: string): string {
  const [, , authority, path = ''] = /^([a-z][a-z\d+.-]*:)?(?:\/\/([^/?#]*))?(.*)$/is.exec(location) ?? [];
  const isElsewhere = authority !== undefined && authority !== host;
  if (isElsewhere || !path.startsWith('/') || path.startsWith(`${prefix}/`)) return location;
  return prefix + path;
}

function endToEnd(
  { connection }: IncomingHttpHeaders,
  all: NodeJS.Dict<string[]>,
  isDropped: (name: string) => boolean,
): OutgoingHttpHeaders {
  const named = (connection ?? '').split(',').map((name) => name.trim().toLowerCase());
  const entries = Object.entries(all).filter(
    ([name]) => !SINGLE_HOP.includes(name) && !named.includes(name) && !isDropped(name),
  );
  return Object.fromEntries(
    entries.map(([name, values = []]) => [name, values.length === 1 ? values[0] : values]),
  );
}
