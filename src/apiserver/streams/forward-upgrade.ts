// pods/NAME/portforward: over SPDY, SPDY inside WebSocket, or WebSocket channels.
import type { Pod } from '../../api/objects.ts';
import type { Clock } from '../../base/clock.ts';
import type { Sessions } from '../sessions.ts';
import { type ClientForwards, relayForwards } from './forward-relay.ts';
import { dialBoard } from './pod-target.ts';
import {
  acceptWebSocket,
  chooseProtocol,
  isWebSocket,
  listHeader,
  type UpgradeRequest,
} from './upgrade-request.ts';

/** Resolves when the client or the board is gone. @throws StatusError while the client has not been answered. */
export async function upgradeToForwards(
  request: UpgradeRequest,
  pod: Pod,
  { sessions, clock }: { sessions: Sessions; clock: Clock },
): Promise<void> {
  const connect = await connector(request, clock);
  const session = await dialBoard(sessions, pod, { kind: 'portforward' });
  const left = () => session.leave();
  request.socket.once('close', left);
  await session.begun();
  try {
    await relayForwards(session, await connect(), pod);
  } finally {
    session.leave();
    request.socket.off('close', left);
  }
}

/** Refuses what cannot be spoken before a board is asked; the answer is written only when `connect` is called. */
async function connector(request: UpgradeRequest, clock: Clock): Promise<() => Promise<ClientForwards>> {
  const { SPDY_FORWARD_PROTOCOL, SpdyForwards, TUNNEL_PROTOCOL } = await import('./spdy-forwards.ts');
  if (!isWebSocket(request)) {
    const { acceptSpdy, chooseSpdyProtocol } = await import('./accept-spdy.ts');
    const name = chooseSpdyProtocol(request, [SPDY_FORWARD_PROTOCOL]);
    return async () => new SpdyForwards(acceptSpdy(request, name, clock));
  }
  if (listHeader(request, 'sec-websocket-protocol').includes(TUNNEL_PROTOCOL)) {
    const { SpdyConnection } = await import('../spdy/spdy-connection.ts');
    const { webSocketDuplex } = await import('./websocket-duplex.ts');
    return async () => {
      const socket = await acceptWebSocket(request, TUNNEL_PROTOCOL, clock);
      return new SpdyForwards(new SpdyConnection(webSocketDuplex(socket), clock));
    };
  }
  const { channelProtocol, FORWARD_PROTOCOLS } = await import('./channel-protocol.ts');
  const { forwardedPorts, WebSocketForwards } = await import('./websocket-forwards.ts');
  const name = chooseProtocol(request, FORWARD_PROTOCOLS);
  const ports = forwardedPorts(request.query);
  return async () =>
    new WebSocketForwards(await acceptWebSocket(request, name, clock), channelProtocol(name), ports);
}
