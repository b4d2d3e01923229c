// A program for a pod that speaks gRPC: sends each message back as it comes, and after the last says which pod and method
// it was. Run as `grpc-server.ts PORT`; takes nothing but Node, so that it needs no other files in the pod.
import { createServer } from 'node:http2';
import { hostname } from 'node:os';

const server = createServer();
server.on('stream', (stream, headers) => {
  stream.on('error', () => undefined);
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.once('wantTrailers', () =>
    stream.sendTrailers({ 'grpc-status': '0', 'x-pod': hostname(), 'x-method': headers[':path'] }),
  );
  stream.pipe(stream);
});
server.listen(Number(process.argv[2]), '0.0.0.0');
process.once('SIGTERM', () => process.exit(0));
