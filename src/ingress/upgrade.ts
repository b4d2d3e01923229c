// WebSocket through to a backend: the handshake is forwarded, then bytes go both ways until one end leaves or
// both are silent for the read timeout, as nginx has it.
import { type IncomingMessage, STATUS_CODES } from 'node:http';
import { type Duplex, pipeline } from 'node:stream';
import type { Endpoint } from './backend-endpoints.ts';
import type { BackendPool, BackendRequest } from './backend-pool.ts';
import { toClient } from './proxy-headers.ts';

export interface UpgradeClient {
  socket: Duplex;
  /** Bytes that came with the handshake. */
  head: Buffer;
}

/** @returns the status that the client got. */
export async function forwardUpgrade(
  pool: BackendPool,
  client: UpgradeClient,
  endpoints: readonly Endpoint[],
  request: BackendRequest,
): Promise<number> {
  const upgrading = {
    ...request,
    headers: { ...request.headers, connection: 'Upgrade', upgrade: 'websocket' },
  };
  for (const endpoint of endpoints) {
    if (client.socket.destroyed) return 499;
    const status = await tryEndpoint(pool, client, endpoint, upgrading);
    if (status !== undefined) return status;
  }
  return refuse(client.socket, 502);
}

/** `undefined`: the endpoint could not be reached, and has heard nothing. */
async function tryEndpoint(
  pool: BackendPool,
  client: UpgradeClient,
  endpoint: Endpoint,
  wanted: BackendRequest,
): Promise<number | undefined> {
  const opened = await pool.open(endpoint, wanted).catch(() => undefined);
  if (!opened) return undefined;
  const { request } = opened;
  return new Promise((resolve) => {
    const abandon = () => request.destroy();
    client.socket.once('close', abandon);
    const fail = () => resolve(refuse(client.socket, 502));
    request.once('error', fail);
    request.once('response', (response) => {
      request.off('error', fail).on('error', () => undefined);
      client.socket.write(head(response));
      // An answer that breaks off ends the connection, so that its client neither waits for the rest nor reads on.
      pipeline(response, client.socket, () => undefined);
      resolve(response.statusCode);
    });
    request.once('upgrade', (response, backend, early: Buffer) => {
      client.socket.off('close', abandon);
      client.socket.write(head(response, { connection: 'Upgrade', upgrade: 'websocket' }));
      join(client, backend, early, wanted.readTimeoutMs);
      resolve(response.statusCode);
    });
    request.end();
  });
}

/** The backend's clock of silence counts for both: whatever goes either way goes through its socket. */
function join(client: UpgradeClient, backend: Duplex, early: Buffer, silenceMs: number): void {
  const { socket } = client;
  if (early.length > 0) socket.write(early);
  if (client.head.length > 0) backend.write(client.head);
  if ('setTimeout' in backend && typeof backend.setTimeout === 'function') {
    backend.setTimeout(silenceMs, () => backend.destroy());
  }
  for (const [from, to] of [
    [socket, backend],
    [backend, socket],
  ] as const) {
    from.on('error', () => to.destroy());
    from.on('close', () => to.destroy());
    from.pipe(to);
  }
}

function head(response: IncomingMessage, extra: Record<string, string> = { connection: 'close' }): string {
  const { statusCode = 502, statusMessage = '' } = response;
  const fields = Object.entries({ ...toClient(response.headers), ...extra }).flatMap(([name, value]) =>
    [value ?? []].flat().map((item) => `${name}: ${item}`),
  );
  return `HTTP/1.1 ${statusCode} ${statusMessage}\r\n${fields.join('\r\n')}\r\n\r\n`;
}

/** Answers in place of a backend and ends the connection. */
export function refuse(socket: Duplex, status: number, fields: Record<string, string> = {}): number {
  const lines = Object.entries({ ...fields, connection: 'close', 'content-length': '0' });
  const text = lines.map(([name, value]) => `${name}: ${value}`).join('\r\n');
  if (socket.writable) socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${text}\r\n\r\n`);
  return status;
}
