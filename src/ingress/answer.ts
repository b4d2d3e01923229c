// What a client is told in place of a backend.
import { STATUS_CODES } from 'node:http';
import { type ClientRequestSide, type ClientResponseSide, hasBody, hasLeft } from './forwarding.ts';
import { grpcFields, isGrpc } from './grpc-answer.ts';

/** A body that was not read ends an HTTP/1 connection: what follows is not a request. */
export function answer(
  req: ClientRequestSide,
  res: ClientResponseSide,
  status: number,
  fields: Record<string, string> = {},
): void {
  if (res.headersSent || hasLeft({ req, res })) return;
  if (status >= 400 && isGrpc(req)) return void answerGrpc(res, status);
  const text = `${status} ${STATUS_CODES[status] ?? ''}\n`;
  const isUnread = req.httpVersionMajor === 1 && hasBody(req) && !req.complete;
  res.writeHead(status, {
    ...fields,
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    ...(isUnread ? { connection: 'close' } : {}),
  });
  res.end(req.method === 'HEAD' ? undefined : text);
}

/** Head and end in one frame: of a head alone gRPC's clients would wait for trailers. */
function answerGrpc(res: ClientResponseSide, status: number): void {
  res.statusCode = 200;
  const fields = { 'content-type': 'application/grpc', ...grpcFields(status) };
  for (const [name, value] of Object.entries(fields)) res.setHeader(name, value ?? '');
  res.end();
}
