// Joins the connections that a client forwards to the ports of a pod, any number over one session of its board.
import type { Duplex } from 'node:stream';
import type { Pod } from '../../api/objects.ts';
import type { BoardSession } from './board-session.ts';

/** One connection of a client. */
export interface ForwardedConnection {
  port: number;
  data: Duplex;
  /** Tells the client that nothing more will come: why it failed, or that it ended well. Only the first call counts. */
  finish(problem: string | undefined): void;
}

/** What a client of port-forward has open, whichever protocol carries it. */
export interface ClientForwards {
  onConnection(listener: (connection: ForwardedConnection) => void): void;
  /** Called once when the client's connection has closed, at once when it has already. */
  onGone(listener: () => void): void;
  /** Closes what is open. */
  close(): void;
}

/** Resolves when the client or the board is gone. */
export async function relayForwards(session: BoardSession, client: ClientForwards, pod: Pod): Promise<void> {
  client.onGone(() => session.leave());
  client.onConnection((connection) => join(session, connection, pod));
  await session.ended.catch(() => undefined);
  client.close();
}

function join(session: BoardSession, { port, data, finish }: ForwardedConnection, pod: Pod): void {
  const { name, uid } = pod.metadata;
  const channel = session.connect(port);
  data.pipe(channel);
  channel.pipe(data);
  // The client closes when the pod has nothing more to say: kubectl waits for this word with its own close.
  channel.once('end', () => finish(undefined));
  channel.once('error', (error) => {
    finish(`error forwarding port ${port} to pod ${name}, uid ${uid}: ${error.message}`);
  });
  channel.once('close', () => {
    finish(undefined);
    data.end();
    data.resume();
  });
  data.once('error', () => channel.destroy());
  data.once('close', () => {
    if (!channel.readableEnded || !channel.writableEnded) channel.destroy();
  });
}
