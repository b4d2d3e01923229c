// A process in a pod, joined to streams here: what exec, attach and cp share.
import { type Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import type { meta } from '../api/objects.ts';
import type { ProcessStreams, TerminalSize } from '../api/session.ts';
import { StatusError, unavailable } from '../api/status-error.ts';
import { objectPath } from '../client/resource-path.ts';
import { openChannels } from './channel-connection.ts';
import type { CommandContext } from './command-context.ts';

const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
const STATUS = 3;
const RESIZE = 4;

export interface RemoteStreams {
  stdin?: Readable | undefined;
  /** Resolves when more can be taken. */
  out(bytes: Uint8Array): Promise<void>;
  err(bytes: Uint8Array): Promise<void>;
  /** Of a terminal here; tells its size now and whenever it changes, returns the way to unsubscribe. */
  onSize?: ((listener: (size: TerminalSize) => void) => () => void) | undefined;
}

export interface RemoteRequest {
  /** `namespace/name` */
  pod: string;
  subresource: 'exec' | 'attach';
  container: string | undefined;
  command?: readonly string[];
  tty: boolean;
}

/** Resolves with the exit code once it has ended. Rejects with a StatusError when it could not be run. */
export async function runRemote(
  context: CommandContext,
  request: RemoteRequest,
  streams: RemoteStreams,
): Promise<number> {
  const wanted: ProcessStreams = {
    stdin: streams.stdin !== undefined,
    stdout: true,
    stderr: !request.tty,
    tty: request.tty,
  };
  const resource = await context.discovery.byName('pods');
  const path = `${objectPath(resource, request.pod, request.subresource)}?${queryOf(request, wanted)}`;
  const connection = await openChannels(context.access, path);
  const outputs = [
    pipeline(connection.input(STDOUT), sink(streams.out)),
    pipeline(connection.input(STDERR), sink(streams.err)),
  ];
  const status = text(connection.input(STATUS));
  const input = connection.output(STDIN);
  input.on('error', () => undefined);
  connection.start();
  const stopSizes = streams.onSize?.(({ columns, rows }) =>
    connection.send(RESIZE, JSON.stringify({ Width: columns, Height: rows })),
  );
  streams.stdin?.pipe(input);
  try {
    await Promise.all(outputs);
    return exitCodeOf(await status);
  } finally {
    stopSizes?.();
    streams.stdin?.unpipe(input);
    connection.close();
  }
}

function queryOf({ command = [], container }: RemoteRequest, streams: ProcessStreams): URLSearchParams {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(streams)) query.set(name, String(value));
  for (const word of command) query.append('command', word);
  if (container) query.set('container', container);
  return query;
}

function sink(take: (bytes: Uint8Array) => Promise<void>): Writable {
  return new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      take(chunk).then(() => done(), done);
    },
  });
}

/** @throws StatusError when the process was not run to its end. */
function exitCodeOf(text: string): number {
  if (text === '')
    throw unavailable('the connection broke off before the command ended: see that the board is up');
  const status = JSON.parse(text) as meta.Status;
  if (status.status === 'Success') return 0;
  const cause = status.details?.causes?.find(({ reason }) => reason === 'ExitCode');
  if (status.reason === 'NonZeroExitCode' && cause) return Number(cause.message) || 1;
  throw StatusError.fromStatus(status);
}
