// The answer of a backend that speaks HTTP/2 on its way to the client: head, body and trailers as they come. One that
// breaks off is broken for the client too, by the backend's own word where there is one.
import { type ClientHttp2Stream, constants, type IncomingHttpHeaders } from 'node:http2';
import { type ClientRequestSide, type Exchange, hasLeft } from '../forwarding.ts';
import { grpcFields, isGrpcType } from '../grpc-answer.ts';
import { toClient } from '../proxy-headers.ts';
import { answerTrailers } from './http2-fields.ts';

export interface AnswerHead {
  headers: IncomingHttpHeaders & { ':status'?: number };
  /** The head is all of it. */
  isWhole: boolean;
  setCookie: string | undefined;
}

/** Why the backend's stream ended before its answer did. */
export interface Break {
  /** Of HTTP, where it was ended from here or its connection is gone. */
  status: number;
  /** What the backend said, of HTTP/2's codes, where it did. */
  resetCode: number | undefined;
}

/** Throws on a head that no client may be sent. `whyBroken` is asked when it has broken off. */
export function relayAnswer(
  stream: ClientHttp2Stream,
  { headers, isWhole, setCookie }: AnswerHead,
  exchange: Exchange,
  whyBroken: () => Break,
): void {
  const { res } = exchange;
  const fields = toClient(headers);
  if (setCookie) fields['set-cookie'] = [...(headers['set-cookie'] ?? []), setCookie];
  if (isWhole) {
    res.statusCode = headers[':status'] ?? 502;
    for (const [name, value] of Object.entries(fields)) if (value !== undefined) res.setHeader(name, value);
    res.end();
    stream.resume();
    leaveUnread(stream);
    return;
  }
  res.writeHead(headers[':status'] ?? 502, fields);
  res.flushHeaders();
  relayBody(stream, exchange, isGrpcType(headers['content-type']), whyBroken);
}

function relayBody(
  stream: ClientHttp2Stream,
  exchange: Exchange,
  isGrpc: boolean,
  whyBroken: () => Break,
): void {
  const { res } = exchange;
  let trailers: IncomingHttpHeaders | undefined;
  let hasEnded = false;
  stream.once('trailers', (fields) => {
    trailers = fields;
  });
  stream.pipe(res, { end: false });
  stream.once('end', () => {
    if (stream.rstCode !== constants.NGHTTP2_NO_ERROR) return;
    hasEnded = true;
    leaveUnread(stream);
    // node:http2 has a stream that was reset with NO_ERROR end as if it were whole; of gRPC it can be seen.
    if (!trailers && isGrpc) return breakOff(exchange, isGrpc, { status: 502, resetCode: undefined });
    if (trailers) res.addTrailers(answerTrailers(trailers) as Record<string, string>);
    res.end();
  });
  stream.once('close', () => {
    if (!hasEnded) breakOff(exchange, isGrpc, whyBroken());
  });
}

/** What the client still sends after its answer nobody reads. */
function leaveUnread(stream: ClientHttp2Stream): void {
  if (!stream.writableEnded) stream.close(constants.NGHTTP2_CANCEL);
}

/** A gRPC client is told in its own words, as it would be told of a connection that it lost itself. */
function breakOff(exchange: Exchange, isGrpc: boolean, { status, resetCode }: Break): void {
  const { req, res } = exchange;
  if (hasLeft(exchange) || res.writableEnded) return;
  const client = streamOf(req);
  if (!client) res.destroy();
  else if (resetCode !== undefined) client.close(resetCode);
  else if (isGrpc) {
    res.addTrailers(grpcFields(status) as Record<string, string>);
    res.end();
  } else client.close(constants.NGHTTP2_INTERNAL_ERROR);
}

/** Of clients that speak HTTP/2. */
export const streamOf = (req: ClientRequestSide) => ('stream' in req ? req.stream : undefined);
