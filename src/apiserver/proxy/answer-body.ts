// What of an answer's body the client reads: a page of HTML with links that lead through the proxy, all else as it
// came.
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

/** Streams to put between the pod's answer and the client's; none when the body goes through as it is. */
export async function bodyStages(
  answer: IncomingMessage,
  method: string,
  rewrite: (link: string) => string,
): Promise<Duplex[]> {
  if (!isPage(answer, method)) return [];
  const { HtmlLinks } = await import('./html-links.ts');
  const links = new HtmlLinks(rewrite);
  const coding = codingOf(answer);
  if (coding === '') return [links];
  const { createDeflate, createGunzip, createGzip, createInflate } = await import('node:zlib');
  return coding === 'gzip'
    ? [createGunzip(), links, createGzip()]
    : [createInflate(), links, createDeflate()];
}

/** As upstream: a page in a coding that is not known here is left alone. */
function isPage(answer: IncomingMessage, method: string): boolean {
  const { statusCode = 0, headers } = answer;
  const hasBody = method !== 'HEAD' && statusCode !== 204 && statusCode !== 304;
  const isHtml = /^text\/html\s*(;|$)/i.test(headers['content-type'] ?? '');
  // A part of a page may begin anywhere, and says which bytes it is.
  return hasBody && isHtml && statusCode !== 206 && ['', 'gzip', 'deflate'].includes(codingOf(answer));
}

const codingOf = ({ headers }: IncomingMessage) => headers['content-encoding']?.trim().toLowerCase() ?? '';
