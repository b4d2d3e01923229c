// A request to leave HTTP for a stream, and how it is granted or refused. Nothing has been answered yet.
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { badRequest } from '../../api/status-error.ts';
import type { Clock } from '../../base/clock.ts';
import type { ApiRequest } from '../http/api-request.ts';

export interface UpgradeRequest extends Omit<ApiRequest, 'response'> {
  socket: Duplex;
  /** What the client sent behind the head of its request. */
  head: Buffer;
  /** Set once the client has been answered: from then on it cannot be refused in HTTP. */
  isGranted?: boolean;
}

/** The largest message of a client; python's sends in one what its caller writes at once. */
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;
/**
 * A client that was killed while nothing of it is read (its process is slow) shows only when something is sent;
 * routers forget connections that are silent for minutes.
 */
export const PING_INTERVAL_MS = 5_000;
const KEEP_ALIVE_DELAY_MS = 15_000;

/** The values of a header that may be repeated or hold a list. */
export function listHeader({ incoming }: UpgradeRequest, name: string): string[] {
  const value = incoming.headers[name] ?? '';
  const text = Array.isArray(value) ? value.join(',') : value;
  return text.split(',').flatMap((part) => part.trim() || []);
}

export const isWebSocket = ({ incoming }: UpgradeRequest): boolean =>
  (incoming.headers.upgrade ?? '').toLowerCase() === 'websocket';

export const isSpdy = ({ incoming }: UpgradeRequest): boolean =>
  (incoming.headers.upgrade ?? '').toLowerCase() === 'spdy/3.1';

/**
 * The first of `known` (best first) that the client offers as a subprotocol; '' stands for a client that offers
 * none. A bearer token that a browser sends as a subprotocol is no offer. @throws StatusError BadRequest
 */
export function chooseProtocol(request: UpgradeRequest, known: readonly string[]): string {
  const offered = listHeader(request, 'sec-websocket-protocol').filter(
    (name) => !name.startsWith('base64url.bearer.authorization.k8s.io.'),
  );
  if (offered.length === 0 && known.includes('')) return '';
  const chosen = known.find((name) => offered.includes(name));
  if (chosen === undefined) {
    throw badRequest(
      `none of the subprotocols (${offered.join(', ')}) is served: offer ${known.filter(Boolean).join(', ')}`,
    );
  }
  return chosen;
}

/** The socket is paused: nothing is read from it before resume(). */
export async function acceptWebSocket(
  request: UpgradeRequest,
  protocol: string,
  clock: Clock,
): Promise<WebSocket> {
  const { incoming, socket, head } = request;
  const { WebSocketServer } = await import('ws');
  const options = { noServer: true, clientTracking: false, perMessageDeflate: false } as const;
  const server = new WebSocketServer({ ...options, maxPayload: MAX_MESSAGE_BYTES });
  // `ws` refuses the whole request for a name with a slash in it (SPDY/3.1+…): so the name is answered here.
  delete incoming.headers['sec-websocket-protocol'];
  server.on('headers', (headers) => {
    if (protocol) headers.push(`Sec-WebSocket-Protocol: ${protocol}`);
  });
  incoming.socket.setKeepAlive(true, KEEP_ALIVE_DELAY_MS);
  request.isGranted = true;
  return new Promise((resolve, reject) => {
    socket.once('close', () => reject(badRequest('the client left before it was answered')));
    server.handleUpgrade(incoming, socket, head, (webSocket) => {
      webSocket.pause();
      const pings = clock.every(PING_INTERVAL_MS, () =>
        webSocket.ping(undefined, undefined, () => undefined),
      );
      webSocket.on('close', () => pings.cancel());
      // It closes too, and that is acted on.
      webSocket.on('error', () => undefined);
      resolve(webSocket);
    });
  });
}
