// Joins a client's connection to one endpoint: bytes both ways with back-pressure, each direction closed by
// itself (TCP half-close), a reset passed on as a reset.
import { connect, type Socket } from 'node:net';
import type { Endpoint } from './endpoint-choice.ts';

/** A board that does not answer at all must not hold a client longer than it would wait. */
const CONNECT_TIMEOUT_MS = 3000;

/** What happens on the way, for whoever counts and remembers. */
export interface RelayHooks {
  /** Sent to the endpoint before the client's first byte. */
  greeting: Buffer | undefined;
  /** Called once, when an endpoint has accepted and the client is still there. */
  onJoined(endpoint: Endpoint): void;
  /** No endpoint took a client that is still there. */
  onFailed(): void;
}

interface Accepted {
  socket: Socket;
  endpoint: Endpoint;
}

/**
 * Tries the endpoints in order until one accepts; the client notices nothing of those that refused.
 * A client for whom none is left is reset. `client` must be paused and allow half-open connections.
 */
export async function relay(
  client: Socket,
  endpoints: readonly Endpoint[],
  hooks: RelayHooks,
): Promise<void> {
  // Until the two are joined an early reset of the client has nobody else to tell.
  const ignore = () => undefined;
  client.on('error', ignore);
  const accepted = await firstToAccept(client, endpoints);
  client.off('error', ignore);
  if (!accepted || client.destroyed) {
    accepted?.socket.destroy();
    if (!client.destroyed) hooks.onFailed();
    client.resetAndDestroy();
    return;
  }
  hooks.onJoined(accepted.endpoint);
  if (hooks.greeting) accepted.socket.write(hooks.greeting);
  join(client, accepted.socket);
}

async function firstToAccept(client: Socket, endpoints: readonly Endpoint[]): Promise<Accepted | undefined> {
  for (const endpoint of endpoints) {
    const socket = await tryEndpoint(endpoint);
    if (socket) return { socket, endpoint };
    if (client.destroyed) return undefined;
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
