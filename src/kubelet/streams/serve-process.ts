// Joins a process of a container to the client. A process of exec never outlives its client.
import { pipeline } from 'node:stream/promises';
import { type ProcessRequest, STDERR_CHANNEL, STDIN_CHANNEL, STDOUT_CHANNEL } from '../../api/session.ts';
import type { RuntimeProcess } from '../runtime/runtime.ts';
import type { BoardStream, SessionSources } from './board-stream.ts';

/** Resolves when the process has ended and its output is sent. @throws StatusError when it cannot be started. */
export async function serveProcess(
  request: ProcessRequest,
  stream: BoardStream,
  sources: SessionSources,
): Promise<{ exitCode?: number }> {
  const { link, signal } = stream;
  const stdin = link.channel(STDIN_CHANNEL);
  const stdout = link.channel(STDOUT_CHANNEL);
  const stderr = link.channel(STDERR_CHANNEL);
  let process: RuntimeProcess | undefined;
  stream.onMessage(({ resize }) => {
    // A size that comes too late matters to nobody.
    if (resize) process?.resize(resize).catch(() => undefined);
  });
  const started = sources.startProcess(request);
  link.start();
  process = await started;
  try {
    signal.throwIfAborted();
    link.send({ started: true });
    if (process.stdin) pipeline(stdin, process.stdin).catch(() => undefined);
    await Promise.all([pipeline(process.stdout, stdout), pipeline(process.stderr, stderr)]);
    // It may have left input unread: the client is told not to send more.
    stdin.destroy();
    const exitCode = await process.exitCode();
    return exitCode === undefined ? {} : { exitCode };
  } finally {
    await process.release();
  }
}
