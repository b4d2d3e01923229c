// Connects a client to TCP ports of a pod, each connection on a channel of its own.
import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { SessionChannel } from '../../api/session-channel.ts';
import type { BoardStream } from './board-stream.ts';

const MAX_CONNECTIONS = 500;

/** Gives a connection of which nothing has been read. */
export type ConnectToPort = (port: number) => Promise<Socket>;

/** Resolves when the client is gone. */
export async function serveForwards(
  { link, signal, onMessage }: BoardStream,
  connect: ConnectToPort,
): Promise<{ exitCode?: number }> {
  const channels = new Set<SessionChannel>();
  onMessage(({ open }) => {
    if (!open) return;
    const channel = link.channel(open.channel);
    if (channels.size >= MAX_CONNECTIONS) {
      channel.destroy(new Error(`there are ${MAX_CONNECTIONS} connections already`));
      return;
    }
    channels.add(channel);
    channel.once('close', () => channels.delete(channel));
    void serve(channel, connect(open.port));
  });
  link.start();
  link.send({ started: true });
  if (!signal.aborted) await once(signal, 'abort');
  for (const channel of channels) channel.destroy();
  return {};
}

async function serve(channel: SessionChannel, connection: Promise<Socket>): Promise<void> {
  try {
    const socket = await connection;
    if (channel.destroyed) socket.destroy();
    else join(channel, socket);
  } catch (error) {
    channel.destroy(error instanceof Error ? error : new Error(String(error)));
  }
}

function join(channel: SessionChannel, socket: Socket): void {
  channel.pipe(socket);
  socket.pipe(channel);
  socket.once('error', (error) => channel.destroy(new Error(error.message)));
  socket.once('close', () => {
    if (!channel.writableEnded) channel.destroy();
  });
  channel.once('close', () => {
    if (!channel.readableEnded || !socket.writableEnded) socket.destroy();
  });
}
