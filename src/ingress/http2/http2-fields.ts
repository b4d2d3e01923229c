// Header fields and trailers on their way to and from a backend that speaks HTTP/2.
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import type { BackendRequest } from '../backend-pool.ts';
import { endToEnd, toClient } from '../proxy-headers.ts';

/** With the pseudo fields; `te` is the client's own, of which one word alone may be passed on (RFC 9113, 8.2.2). */
export function requestFields(
  { method, path, tls, headers: { host, ...rest } }: BackendRequest,
  te: string | undefined,
): OutgoingHttpHeaders {
  const takesTrailers = (te ?? '').split(',').some((word) => word.trim().toLowerCase() === 'trailers');
  return {
    ':method': method,
    ':scheme': tls ? 'https' : 'http',
    ':authority': host,
    ':path': path,
    ...rest,
    ...(takesTrailers ? { te: 'trailers' } : {}),
  };
}

/** Fields that say how to read a message, who asks or what he may: none of them may come after it (RFC 9110, 6.5.1). */
const HEAD_ONLY =
  /^(host|content-.*|transfer-encoding|trailer|authorization|cookie|set-cookie|cache-control|range|if-.*|max-forwards|age|date|expires|location|retry-after|vary|www-authenticate|forwarded|x-forwarded-.*|x-original-.*|x-real-ip|x-scheme|x-request-id)$/;

/** Some servers read trailers as if they had been headers: what we have said in those cannot be said again. */
export function requestTrailers(
  trailers: IncomingHttpHeaders | NodeJS.Dict<string>,
  head: OutgoingHttpHeaders,
): OutgoingHttpHeaders {
  return withoutHeadOnly(endToEnd(trailers as IncomingHttpHeaders), (name) => name in head);
}

export function answerTrailers(trailers: IncomingHttpHeaders): OutgoingHttpHeaders {
  return withoutHeadOnly(toClient(trailers), () => false);
}

function withoutHeadOnly(
  trailers: OutgoingHttpHeaders,
  isSaid: (name: string) => boolean,
): OutgoingHttpHeaders {
  return Object.fromEntries(
    Object.entries(trailers).filter(([name]) => !HEAD_ONLY.test(name.toLowerCase()) && !isSaid(name)),
  );
}
