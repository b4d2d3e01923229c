// An HTTP server that leaves as one behind a load balancer should: asked to end, it takes what still comes for a
// while, tells each kept connection with its next answer to close, and ends when the last one has. Run as a program:
// `kept-server.ts PORT DRAIN_MS`. Its body is the same in every process.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { pathToFileURL } from 'node:url';

const BODY_BYTES = 16 * 1024;

export function body(): Buffer {
  const blocks = Array.from({ length: BODY_BYTES / 32 }, (_, i) =>
    createHash('sha256').update(`${i}`).digest(),
  );
  return Buffer.concat(blocks);
}

function serve(port: number, drainMs: number): void {
  const content = body();
  let isLeaving = false;
  const server = createServer((_, response) => {
    response.setHeader('content-length', content.length);
    if (isLeaving) response.setHeader('connection', 'close');
    // In two parts, so that whoever cuts it short is seen.
    response.write(content.subarray(0, BODY_BYTES / 2));
    setImmediate(() => response.end(content.subarray(BODY_BYTES / 2)));
  });
  server.keepAliveTimeout = 0;
  server.listen(port, '0.0.0.0');
  process.once('SIGTERM', () => {
    isLeaving = true;
    setTimeout(() => endWhenEmpty(), drainMs);
  });
  const endWhenEmpty = () =>
    server.getConnections((_, count) => (count > 0 ? setTimeout(endWhenEmpty, 50) : process.exit(0)));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  serve(Number(process.argv[2]), Number(process.argv[3]));
}
