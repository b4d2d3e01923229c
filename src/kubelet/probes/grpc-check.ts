// Asks a server of the gRPC health protocol how it is: one unary call over plain HTTP/2, its few bytes made by hand.
// https://github.com/grpc/grpc/blob/master/doc/health-checking.md
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import { networkErrorText } from './network-error.ts';

const STATUSES = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];
const SERVING = 'SERVING';
const NOT_FOUND = 5;
const UNIMPLEMENTED = 12;
/** A response is a few bytes; what sends more is no health service. */
const MAX_ANSWER_BYTES = 1024;

export interface GrpcCheck {
  host: string;
  port: number;
  /** Empty = the server as a whole. */
  service: string;
  timeoutMs: number;
  signal: AbortSignal;
}

/** Resolves when it serves; rejects with an Error in upstream's words when not. */
export async function grpcCheck(check: GrpcCheck): Promise<void> {
  const place = `${check.host}:${check.port}`;
  const session = connect(`http://${place}`);
  const giveUp = () => session.destroy(new Error('its time is over'));
  check.signal.addEventListener('abort', giveUp, { once: true });
  const isConnected = { now: false };
  session.once('connect', () => {
    isConnected.now = true;
  });
  try {
    judge(await answerOf(session, check));
  } catch (error) {
    throw check.signal.aborted ? new Error(timeoutText(check, isConnected.now)) : error;
  } finally {
    check.signal.removeEventListener('abort', giveUp);
    session.destroy();
  }
}

function timeoutText({ host, port, timeoutMs }: GrpcCheck, isConnected: boolean): string {
  const limit = `${timeoutMs / 1000}s`;
  if (isConnected) return `timeout: health rpc did not complete within ${limit}`;
  return `timeout: failed to connect service "${host}:${port}" within ${limit}: context deadline exceeded`;
}

interface GrpcAnswer {
  code: number;
  words: string;
  message: Buffer;
}

function answerOf(session: ClientHttp2Session, check: GrpcCheck): Promise<GrpcAnswer> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      // A stream that never began names what its connection died of as its cause.
      const cause = error.cause instanceof Error ? error.cause : error;
      reject(new Error(networkErrorText(cause, check.host, check.port)));
    };
    session.on('error', fail);
    const stream = session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: '/grpc.health.v1.Health/Check',
      'content-type': 'application/grpc',
      te: 'trailers',
      'user-agent': 'kube-probe',
    });
    stream.on('error', fail);
    collect(stream).then(resolve, fail);
    stream.end(requestFrame(check.service));
  });
}

/** gRPC's status comes in the trailers, or in the headers of an answer without a body. */
async function collect(stream: ClientHttp2Stream): Promise<GrpcAnswer> {
  const heads: Record<string, unknown>[] = [];
  stream.on('response', (headers) => heads.push(headers));
  stream.on('trailers', (headers) => heads.push(headers));
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_ANSWER_BYTES) throw new Error('the answer is too long for a health service');
    chunks.push(chunk);
  }
  const head = (name: string) => heads.map((headers) => headers[name]).find((value) => value !== undefined);
  const words = decodeURIComponent(String(head('grpc-message') ?? ''));
  return { code: Number(head('grpc-status') ?? 2), words, message: Buffer.concat(chunks).subarray(5) };
}

function judge({ code, words, message }: GrpcAnswer): void {
  if (code === UNIMPLEMENTED) {
    const protocol = 'this server does not implement the grpc health protocol (grpc.health.v1.Health)';
    throw new Error(`error: ${protocol}: ${words}`);
  }
  if (code === NOT_FOUND) throw new Error(`error: health rpc failed: service not found: ${words}`);
  if (code !== 0) throw new Error(`error: health rpc failed with gRPC status ${code}: ${words}`);
  // Field 1 of HealthCheckResponse, a varint; an absent one is 0.
  const status = STATUSES[message[0] === 0x08 ? (message[1] ?? 0) : 0] ?? 'UNKNOWN';
  if (status !== SERVING) throw new Error(`service unhealthy (responded with "${status}")`);
}

/** Length-prefixed HealthCheckRequest: field 1 is the service's name, left out when empty. */
function requestFrame(service: string): Buffer {
  const name = Buffer.from(service);
  const message = name.length === 0 ? name : Buffer.concat([Buffer.from([0x0a]), varint(name.length), name]);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return Buffer.from([...bytes, rest]);
    bytes.push((rest & 0x7f) | 0x80);
  }
}
