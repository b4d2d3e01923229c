// Leaves HTTP for SPDY/3.1 on the same connection.

import { forbidden } from '../../api/status-error.ts';
import type { Clock } from '../../base/clock.ts';
import { SpdyConnection } from '../spdy/spdy-connection.ts';
import { listHeader, PING_INTERVAL_MS, type UpgradeRequest } from './upgrade-request.ts';

const PROTOCOL_HEADER = 'x-stream-protocol-version';

/**
 * The first of `known` (best first) that the client offers; the last one is what older clients mean.
 * @throws StatusError Forbidden
 */
export function chooseSpdyProtocol(request: UpgradeRequest, known: readonly string[]): string {
  const offered = listHeader(request, PROTOCOL_HEADER);
  const chosen = offered.length === 0 ? known.at(-1) : known.find((name) => offered.includes(name));
  if (chosen !== undefined) return chosen;
  const subject = { group: '', kind: 'protocols', name: offered.join(',') };
  throw forbidden(subject, `unable to upgrade: unable to negotiate protocol, served are ${known.join(', ')}`);
}

export function acceptSpdy(request: UpgradeRequest, protocol: string, clock: Clock): SpdyConnection {
  const { incoming, socket, head } = request;
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Connection: Upgrade',
    'Upgrade: SPDY/3.1',
    `X-Stream-Protocol-Version: ${protocol}`,
  ];
  incoming.socket.setKeepAlive(true, PING_INTERVAL_MS);
  incoming.socket.setNoDelay(true);
  request.isGranted = true;
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  if (head.length > 0) socket.unshift(head);
  const connection = new SpdyConnection(socket, clock);
  connection.keepAsking(PING_INTERVAL_MS);
  return connection;
}
