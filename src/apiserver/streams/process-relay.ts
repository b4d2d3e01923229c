// Joins a client's terminal to the process that a board serves, and tells the client how it ended.
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { meta } from '../../api/objects.ts';
import { type ProcessStreams, STDERR_CHANNEL, STDIN_CHANNEL, STDOUT_CHANNEL } from '../../api/session.ts';
import type { SessionChannel } from '../../api/session-channel.ts';
import { internalError, StatusError } from '../../api/status-error.ts';
import type { BoardSession } from './board-session.ts';
import type { ClientTerminal } from './client-terminal.ts';

/** A session with the channels of a process, which are made before anything can come on them. */
export class ProcessRelay {
  readonly #session: BoardSession;
  readonly #stdin: SessionChannel | undefined;
  readonly #stdout: SessionChannel | undefined;
  readonly #stderr: SessionChannel | undefined;

  constructor(session: BoardSession, streams: ProcessStreams) {
    this.#session = session;
    this.#stdin = streams.stdin ? session.channel(STDIN_CHANNEL) : undefined;
    this.#stdout = streams.stdout ? session.channel(STDOUT_CHANNEL) : undefined;
    this.#stderr = streams.stderr ? session.channel(STDERR_CHANNEL) : undefined;
  }

  /** Resolves when the process runs. @throws StatusError */
  begun(): Promise<void> {
    return this.#session.begun();
  }

  /** The client could not be joined after all. */
  leave(): void {
    this.#session.leave();
  }

  /** Resolves when both ends are done. */
  async run(client: ClientTerminal): Promise<void> {
    const session = this.#session;
    client.onResize((size) => session.resize(size));
    client.onGone(() => session.leave());
    if (client.stdin) feed(client.stdin, this.#stdin);
    const isWritten = [drain(this.#stdout, client.stdout), drain(this.#stderr, client.stderr)];
    await client.finish(await this.#outcome(isWritten));
    session.close();
  }

  async #outcome(isWritten: Promise<void>[]): Promise<meta.Status> {
    const outputs = Promise.all(isWritten);
    // Of what fails together with the session, the session's own word is the reason.
    outputs.catch(() => undefined);
    try {
      const { exitCode = 0 } = await this.#session.ended;
      await outputs;
      return exitStatus(exitCode);
    } catch (error) {
      if (error instanceof StatusError) return error.toStatus();
      return internalError(`the stream broke off: ${String(error)}`).toStatus();
    }
  }
}

/** A process may end without reading its input: then the rest is read away, the outputs matter still. */
function feed(source: Readable, target: SessionChannel | undefined): void {
  if (!target) {
    source.resume();
    return;
  }
  source.pipe(target);
  target.once('close', () => {
    source.unpipe(target);
    source.resume();
  });
}

async function drain(source: SessionChannel | undefined, target: Writable | undefined): Promise<void> {
  if (source && target) await pipeline(source, target);
}

/**
 * https://github.com/kubernetes/kubernetes/blob/master/staging/src/k8s.io/apimachinery/pkg/util/remotecommand/constants.go
 */
function exitStatus(exitCode: number): meta.Status {
  if (exitCode === 0) return { metadata: {}, status: 'Success' };
  return {
    metadata: {},
    status: 'Failure',
    message: `command terminated with non-zero exit code: exit status ${exitCode}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(exitCode) }] },
  };
}
