// pods/NAME/proxy and services/NAME/proxy: any request, and what it upgrades to, goes to a port of a pod as it came;
// nodes/NAME/proxy to what the board says of itself.
// https://kubernetes.io/docs/concepts/cluster-administration/proxies/
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Duplex, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { notFound } from '../../api/status-error.ts';
import type { ApiRequest } from '../http/api-request.ts';
import type { ResourcePath } from '../http/resource-path.ts';
import type { Registry } from '../registry/registry.ts';
import type { Sessions } from '../sessions.ts';
import type { UpgradeRequest } from '../streams/upgrade-request.ts';
import { bodyStages } from './answer-body.ts';
import { connectToNode, connectToPod, notReached, type ProxyConnection } from './proxy-connection.ts';
import { answerHeaders, type ProxyPlace, requestHeaders, throughProxy } from './proxy-headers.ts';
import { proxiedNode, proxyTarget } from './proxy-target.ts';

interface ProxyServices {
  registry: Registry;
  sessions: Sessions;
}

/** Resolves when the answer has gone out, or its reader has. @throws StatusError while nothing was answered. */
export async function proxyRequest(
  services: ProxyServices,
  request: ApiRequest,
  path: ResourcePath,
): Promise<void> {
  const { incoming, response, method } = request;
  const place = placeOf(request);
  if (place.isBare && (method === 'GET' || method === 'HEAD')) return redirectToRoot(incoming, response);
  const connection = await connect(services, path);
  response.once('close', () => connection.leave());
  if (response.destroyed) return connection.leave();
  const answer = await answerTo(connection, request, place);
  const rewrite = (link: string) => throughProxy(link, incoming.headers.host ?? '', place.prefix);
  const stages = await bodyStages(answer, method, rewrite);
  const headers = answerHeaders(answer, incoming, place.prefix);
  // Its length is not known before its end.
  if (stages.length > 0) delete headers['content-length'];
  response.writeHead(answer.statusCode ?? 502, answer.statusMessage, headers);
  response.flushHeaders();
  // A break in the middle must look like one to the client: the answer is cut off, not ended.
  await pipeline([answer, ...stages, response]).catch(() => response.destroy());
}

/** Joins the client's socket to the pod's, once the pod has agreed; its refusal is passed on as it is. */
export async function proxyUpgrade(
  services: ProxyServices,
  request: UpgradeRequest,
  path: ResourcePath,
): Promise<void> {
  const { incoming, socket, head, method } = request;
  const place = placeOf(request);
  const connection = await connect(services, path);
  socket.once('close', () => connection.leave());
  if (socket.destroyed) return connection.leave();
  const { upgrade } = incoming.headers;
  const headers = { ...requestHeaders(incoming, place), connection: 'Upgrade', upgrade };
  const sent = connection.request(method, place.path, headers);
  sent.end();
  const { answer, stream, first } = await upgraded(sent);
  request.isGranted = true;
  socket.write(headOf(answer));
  if (first.length > 0) socket.write(first);
  if (head.length > 0) stream.write(head);
  await joined(socket, stream);
  connection.leave();
}

/** Resolves when both are closed; either takes the other with it. */
async function joined(one: Duplex, other: Duplex): Promise<void> {
  const ends = [one, other].map((stream) => new Promise((resolve) => stream.once('close', resolve)));
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.pipe(to);
    from.once('error', () => to.destroy());
    from.once('close', () => to.end(() => to.destroy()));
  }
  await Promise.all(ends);
}

async function connect({ registry, sessions }: ProxyServices, path: ResourcePath): Promise<ProxyConnection> {
  const { plural, namespace, name = '' } = path;
  const isUnreached = (error: Error) => Promise.reject(notReached(error));
  if (plural === 'nodes') {
    return connectToNode(sessions, proxiedNode(registry, name)).catch(isUnreached);
  }
  if (namespace === undefined) throw notFound({ group: '', kind: plural, name });
  const target = proxyTarget(registry, plural, namespace, name);
  return connectToPod(sessions, target).catch(isUnreached);
}

/** Splits the path as the client wrote it: escapes are the pod's to read. */
function placeOf({ path, incoming }: Pick<ApiRequest, 'path' | 'incoming'>): ProxyPlace {
  // /api/v1/namespaces/NS/PLURAL/NAME/proxy are eight parts with the empty one before the first slash, those of nodes six.
  const parts = path.replace(/\/+/g, '/').split('/');
  const prefix = parts.slice(0, parts[3] === 'nodes' ? 6 : 8).join('/');
  const rest = path.replace(/\/+/g, '/').slice(prefix.length);
  const url = incoming.url ?? '';
  const query = url.includes('?') ? url.slice(url.indexOf('?')) : '';
  return { prefix, path: (rest || '/') + query, isBare: rest === '' };
}

/** As upstream: relative links of a page only hold below a path that ends in a slash. */
function redirectToRoot(incoming: IncomingMessage, response: ServerResponse): void {
  const [path, query] = (incoming.url ?? '').split(/\?(.*)/s);
  response.writeHead(301, {
    location: `${path}/${query === undefined ? '' : `?${query}`}`,
    'content-length': 0,
  });
  response.end();
}

function answerTo(
  connection: ProxyConnection,
  request: ApiRequest,
  place: ProxyPlace,
): Promise<IncomingMessage> {
  const { incoming, method } = request;
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const headers = requestHeaders(incoming, place);
  const framing = incoming.headers['transfer-encoding'] ? { 'transfer-encoding': 'chunked' } : {};
  const sent = connection.request(method, place.path, { ...headers, ...framing, connection: 'close' });
  sent.once('response', resolve);
  sent.on('error', (error) => reject(notReached(error)));
  incoming.pipe(sent);
  return promise;
}

interface Upgraded {
  answer: IncomingMessage;
  stream: Duplex;
  first: Buffer;
}

function upgraded(sent: ReturnType<ProxyConnection['request']>): Promise<Upgraded> {
  const { promise, resolve, reject } = Promise.withResolvers<Upgraded>();
  sent.once('upgrade', (answer, stream, first) => resolve({ answer, stream, first }));
  sent.once('response', (answer) => resolve({ answer, stream: refusing(answer), first: Buffer.alloc(0) }));
  sent.on('error', (error) => reject(notReached(error)));
  return promise;
}

/** The body of a refusal, as a stream that takes nothing from the client. */
const refusing = (answer: IncomingMessage): Duplex =>
  Duplex.from({ readable: answer, writable: new Writable({ write: (_chunk, _encoding, done) => done() }) });

/** As the pod sent it. */
function headOf({ statusCode, statusMessage, rawHeaders }: IncomingMessage): string {
  const lines = [`HTTP/1.1 ${statusCode} ${statusMessage}`];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    // A refusal's chunks have been put together: it ends with its connection.
    if (!/^transfer-encoding$/i.test(rawHeaders[i] ?? ''))
      lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`);
  }
  return `${lines.join('\r\n')}\r\n\r\n`;
}
