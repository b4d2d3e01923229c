// An HTTP request to a port of a pod, over the connection that its board dials back; with TLS where the path asks for
// it.
import { type ClientRequest, type OutgoingHttpHeaders, request } from 'node:http';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { StatusError, unavailable } from '../../api/status-error.ts';
import type { Sessions } from '../sessions.ts';
import { BoardSession } from '../streams/board-session.ts';
import { dialBoard } from '../streams/pod-target.ts';
import type { ProxyTarget } from './proxy-target.ts';

export interface ProxyConnection {
  /** Begins a request; its body is the caller's to write. Once per connection. */
  request(method: string, path: string, headers: OutgoingHttpHeaders): ClientRequest;
  /** The client is gone, or all is said. */
  leave(): void;
}

/** @throws StatusError ServiceUnavailable, Timeout when the board is not there. */
export async function connectToPod(
  sessions: Sessions,
  { pod, port, scheme }: ProxyTarget,
): Promise<ProxyConnection> {
  const session: BoardSession = await dialBoard(sessions, pod, { kind: 'portforward', addressOnly: true });
  await session.begun();
  const channel: Duplex = session.connect(port);
  // As upstream: pods have certificates that nobody signed, and the way to the pod is the board's own.
  const socket = scheme === 'https' ? connectTls({ socket: channel, rejectUnauthorized: false }) : channel;
  // Its request hears of the error too, once there is one.
  socket.on('error', () => undefined);
  return {
    request: (method, path, headers) =>
      request({ method, path, headers, setHost: false, createConnection: () => socket }),
    leave: () => session.leave(),
  };
}

/** To the board's own documents: the board is asked as the session is, by name. @throws StatusError */
export async function connectToNode(sessions: Sessions, node: string): Promise<ProxyConnection> {
  const place = { pod: '', podUid: '' };
  const session = new BoardSession(await sessions.dial(node, place, { kind: 'board' }));
  await session.begun();
  const channel: Duplex = session.connect(0);
  channel.on('error', () => undefined);
  return {
    request: (method, path, headers) =>
      request({ method, path, headers, setHost: false, createConnection: () => channel }),
    leave: () => session.leave(),
  };
}

/** Upstream's words for a pod that does not answer. */
export function notReached(error: Error): StatusError {
  if (error instanceof StatusError) return error;
  return unavailable(`error trying to reach service: ${error.message}`);
}
