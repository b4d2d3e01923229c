// Joins a client's connection to one endpoint: bytes both ways with back-pressure, each direction closed by
// itself (TCP half-close), a reset passed on as a reset.
import { connect, type Socket } from 'node:net';
import type { Endpoint } from './service-view.ts';

/** A board that does not answer at all must not hold a client longer than it would wait. */
const CONNECT_TIMEOUT_MS = 3000;

/**
 * Tries the endpoints in order until one accepts; the client notices nothing of those that refused.
 * A client for whom none is left is reset. `client` must be paused and allow half-open connections.
 */
export async function relay(client: Socket, endpoints: readonly Endpoint[]): Promise<void> {
  // Until the two are joined an early reset of the client has nobody else to tell.
  const ignore = () => undefined;
  client.on('error', ignore);
  const upstream = await firstToAccept(client, endpoints);
  client.off('error', ignore);
  if (!upstream || client.destroyed) {
    upstream?.destroy();
    client.resetAndDestroy();
    return;
  }
  join(client, upstream);
}

async function firstToAccept(client: Socket, endpoints: readonly Endpoint[]): Promise<Socket | undefined> {
  for (const endpoint of endpoints) {
    const upstream = await tryEndpoint(endpoint);
    if (upstream || client.destroyed) return upstream;
  }
  return undefined;
}

function tryEndpoint({ ip, port }: Endpoint): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: ip, port, allowHalfOpen: true, noDelay: true });
    const fail = () => {
      socket.destroy();
      resolve(undefined);
    };
    socket.setTimeout(CONNECT_TIMEOUT_MS, fail);
    socket.once('error', fail);
    socket.once('connect', () => {
      socket.setTimeout(0);
      socket.off('error', fail);
      socket.off('timeout', fail);
      resolve(socket);
    });
  });
}

function join(client: Socket, upstream: Socket): void {
  client.setNoDelay(true);
  forward(client, upstream);
  forward(upstream, client);
}

function forward(from: Socket, to: Socket): void {
  from.pipe(to);
  from.on('error', () => to.resetAndDestroy());
  from.on('close', () => {
    if (!from.readableEnded) to.destroy();
  });
}
