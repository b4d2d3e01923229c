// One HTTP GET as the kubelet makes it for probes and hooks: any certificate will do, redirects are followed on the
// same host only, and the words of what goes wrong are upstream's.
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { networkErrorText } from './network-error.ts';

const MAX_REDIRECTS = 10;
const MAX_BODY_BYTES = 10 * 1024;

export interface HttpGet {
  url: URL;
  /** Host, where given, names the virtual host. */
  headers: Readonly<Record<string, string | string[]>>;
  /** For all of it, redirects and body included. */
  signal: AbortSignal;
}

export interface HttpAnswer {
  statusCode: number;
  /** At most 10 KiB. */
  body: string;
}

/** Rejects with an Error in upstream's words. */
export async function httpGet({ url, headers, signal }: HttpGet): Promise<HttpAnswer> {
  let at = url;
  for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
    const answer = await once(at, headers, signal);
    const next = redirectOf(at, answer);
    if (!next || next.hostname !== url.hostname) return { statusCode: answer.statusCode, body: answer.body };
    at = next;
  }
  throw new Error(`Get "${url.href}": stopped after ${MAX_REDIRECTS} redirects`);
}

interface Answer extends HttpAnswer {
  location: string | undefined;
}

function redirectOf(from: URL, { statusCode, location }: Answer): URL | undefined {
  const isRedirect = [301, 302, 303, 307, 308].includes(statusCode);
  return isRedirect && location !== undefined ? (URL.parse(location, from.href) ?? undefined) : undefined;
}

function once(url: URL, headers: HttpGet['headers'], signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => reject(new Error(`Get "${url.href}": ${failureText(error, url, signal)}`));
    const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const sent = request(url, { headers, signal, agent: false, rejectUnauthorized: false });
    sent.once('error', fail);
    sent.once('response', (response) => {
      response.once('error', fail);
      readBody(response).then((body) => {
        const { statusCode = 0 } = response;
        resolve({ statusCode, body, location: response.headers.location });
        sent.destroy();
      }, fail);
    });
    sent.end();
  });
}

async function readBody(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= MAX_BODY_BYTES) break;
  }
  return Buffer.concat(chunks).subarray(0, MAX_BODY_BYTES).toString();
}

function failureText(error: Error, url: URL, signal: AbortSignal): string {
  if (signal.aborted) return 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)';
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80));
  return networkErrorText(error, url.hostname, port);
}
