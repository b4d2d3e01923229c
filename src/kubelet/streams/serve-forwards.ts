// Connects a client to TCP ports of a pod, each connection on a channel of its own.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { SessionRequest } from '../../api/session.ts';
import type { SessionChannel } from '../../api/session-channel.ts';
import type { BoardStream, SessionSources } from './board-stream.ts';

/** A pod that drops packets would hold the client for minutes. */
const CONNECT_TIMEOUT_MS = 10_000;
const MAX_CONNECTIONS = 500;

/** Resolves when the client is gone. @throws StatusError when the pod has no address. */
export async function serveForwards(
  request: SessionRequest,
  { link, signal, onMessage }: BoardStream,
  sources: SessionSources,
): Promise<{ exitCode?: number }> {
  const address = sources.podAddress(request);
  const sockets = new Set<Socket>();
  onMessage(({ open }) => {
    if (!open) return;
    const channel = link.channel(open.channel);
    if (sockets.size >= MAX_CONNECTIONS) {
      channel.destroy(new Error(`there are ${MAX_CONNECTIONS} connections already`));
      return;
    }
    const socket = join(channel, address, open.port);
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  link.start();
  link.send({ started: true });
  if (!signal.aborted) await once(signal, 'abort');
  for (const socket of sockets) socket.destroy();
  return {};
}

function join(channel: SessionChannel, host: string, port: number): Socket {
  const socket = connect({ host, port, allowHalfOpen: true, noDelay: true });
  socket.setTimeout(CONNECT_TIMEOUT_MS, () => socket.destroy(new Error('no answer in time')));
  socket.once('connect', () => socket.setTimeout(0));
  channel.pipe(socket);
  socket.pipe(channel);
  socket.once('error', (error) => channel.destroy(new Error(error.message)));
  socket.once('close', () => {
    if (!channel.writableEnded) channel.destroy();
  });
  channel.once('close', () => {
    if (!channel.readableEnded || !socket.writableEnded) socket.destroy();
  });
  return socket;
}
