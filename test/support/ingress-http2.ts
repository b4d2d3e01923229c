// HTTP/2 clients of Ingress and HTTP/2 backends behind it, as programs that speak gRPC are.
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  createSecureServer,
  createServer,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type SecureServerOptions,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Test } from 'tap';
import { systemClock } from '../../src/base/clock.ts';
import { portOf } from '../../src/base/listener.ts';
import { makeSelfMadeCertificate } from '../../src/pki/self-made-certificate.ts';
import type { IngressLab } from './ingress-lab.ts';
import { labWith, toWeb } from './ingress-talk.ts';

/** Host example.com leads to Service `web`, by gRPC unless `annotations` say otherwise. */
export function grpcLab(t: Test, annotations: Record<string, string> = {}): Promise<IngressLab> {
  return labWith(t, { paths: toWeb, annotations: { 'backend-protocol': 'GRPC', ...annotations } });
}

export interface Http2Answer {
  headers: IncomingHttpHeaders & { ':status'?: number };
  /** Its head ended it. */
  isHeadOnly: boolean;
  trailers: IncomingHttpHeaders;
  body: string;
  /** 0 = ended as it should. */
  resetCode: number;
}

export type OnStream = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

export interface Http2BackendOptions {
  isTls?: boolean;
  /** Its certificate, and what it asks of clients. */
  tls?: SecureServerOptions;
  settings?: { maxConcurrentStreams?: number };
  port?: number;
}

export interface Http2Backend {
  port: number;
  /** Every connection that it ever had. */
  sessions: ServerHttp2Session[];
  stop(): Promise<void>;
}

/** A backend that is the Service `default/<name>`. */
export async function http2Backend(
  lab: IngressLab,
  name: string,
  onStream: OnStream,
  { tls, isTls = tls !== undefined, settings = {}, port = 0 }: Http2BackendOptions = {},
): Promise<Http2Backend> {
  const server = isTls
    ? createSecureServer({ ...(tls ?? (await pair())), settings })
    : createServer({ settings });
  const sessions: ServerHttp2Session[] = [];
  server.on('tlsClientError', () => undefined);
  server.on('session', (session) => {
    sessions.push(session);
    session.on('error', () => undefined);
  });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    onStream(stream, headers);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const stop = async () => {
    for (const session of sessions) session.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
  lab.test.teardown(stop);
  lab.service(name, [portOf(server)]);
  return { port: portOf(server), sessions, stop };
}

async function pair(): Promise<{ key: string; cert: string }> {
  const { keyPem, certificatePem } = await makeSelfMadeCertificate(['pod.test'], systemClock);
  return { key: keyPem, cert: certificatePem };
}

export function http2Client(lab: IngressLab): ClientHttp2Session {
  const session = connect(`https://127.0.0.1:${lab.ports.https}`, { rejectUnauthorized: false });
  session.on('error', () => undefined);
  lab.test.teardown(() => session.destroy());
  return session;
}

/** A request that stays open for its body. */
export function open(session: ClientHttp2Session, headers: OutgoingHttpHeaders = {}): ClientHttp2Stream {
  const stream = session.request(
    { ':method': 'POST', ':authority': 'example.com', ...headers },
    { endStream: false },
  );
  stream.on('error', () => undefined);
  return stream;
}

export const grpcHead = { 'content-type': 'application/grpc', te: 'trailers' };

export function call(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders = {},
  body = '',
): Promise<Http2Answer> {
  const stream = open(session, headers);
  stream.end(body);
  return answerOf(stream);
}

/** A call of gRPC. */
export const grpc = (session: ClientHttp2Session, path: string, body = 'ask'): Promise<Http2Answer> =>
  call(session, { ':path': path, ...grpcHead }, body);

/** Resolves when the stream is closed. */
export function answerOf(stream: ClientHttp2Stream): Promise<Http2Answer> {
  const answer: Http2Answer = { headers: {}, isHeadOnly: false, trailers: {}, body: '', resetCode: 0 };
  stream.once('response', (headers, flags) => {
    answer.headers = headers;
    answer.isHeadOnly = (flags & 1) !== 0;
  });
  stream.once('trailers', (trailers) => {
    answer.trailers = trailers;
  });
  stream.setEncoding('utf8').on('data', (part: string) => {
    answer.body += part;
  });
  return new Promise((resolve) => {
    stream.once('close', () => resolve({ ...answer, resetCode: stream.rstCode }));
  });
}

/** Answers with what it was sent, and a status of gRPC after it. */
export const echoGrpc: OnStream = (stream, headers) => {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.once('wantTrailers', () =>
    stream.sendTrailers({ 'grpc-status': '0', 'x-asked': `${headers[':method']} ${headers[':path']}` }),
  );
  stream.pipe(stream);
};
