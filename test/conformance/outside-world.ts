// Stands in for the internet, of which upstream's network tests want to see a page before they begin: an HTTP proxy
// that answers every request by itself, so that a run needs no network.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Resolves when `use` has ended, with what it resolved with; the proxy is gone then, however it ended. */
export async function withOutsideWorld<T>(use: (proxyUrl: string) => Promise<T>): Promise<T> {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/plain' }).end('a page of the outside world\n');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}
