// Sends a container's log as fast as the client takes it.
import { pipeline } from 'node:stream/promises';
import { type LogsRequest, STDOUT_CHANNEL } from '../../api/session.ts';
import type { BoardStream, SessionSources } from './board-stream.ts';

/** Resolves when all is sent. @throws StatusError when there is no such log. */
export async function serveLog(
  request: LogsRequest,
  { link, signal }: BoardStream,
  sources: SessionSources,
): Promise<{ exitCode?: number }> {
  const channel = link.channel(STDOUT_CHANNEL);
  link.start();
  const log = await sources.openLog(request, signal);
  link.send({ started: true });
  await pipeline(log, channel);
  return {};
}
