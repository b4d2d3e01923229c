// pods/NAME/exec and pods/NAME/attach: what is asked for, the board's word on it, then the client's streams.
// https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/ (connect operations)
import type { Pod } from '../../api/objects.ts';
import type { AttachOptions, ProcessStreams, SessionTask } from '../../api/session.ts';
import { badRequest } from '../../api/status-error.ts';
import type { Clock } from '../../base/clock.ts';
import { booleanParameter } from '../http/query.ts';
import type { Sessions } from '../sessions.ts';
import type { ClientTerminal } from './client-terminal.ts';
import { containerOf, dialBoard } from './pod-target.ts';
import { ProcessRelay } from './process-relay.ts';
import { acceptWebSocket, chooseProtocol, isWebSocket, type UpgradeRequest } from './upgrade-request.ts';

/** Resolves when the stream is over. @throws StatusError while the client has not been answered. */
export async function upgradeToProcess(
  request: UpgradeRequest,
  pod: Pod,
  subresource: 'exec' | 'attach',
  { sessions, clock }: { sessions: Sessions; clock: Clock },
): Promise<void> {
  const options = attachOptions(request.query, pod);
  const task = subresource === 'exec' ? execTask(request.query, options) : attachTask(options);
  const connect = await connector(request, options, clock);
  const relay = new ProcessRelay(await dialBoard(sessions, pod, task), options);
  // A client that leaves while the board gets ready must not leave a process behind.
  const left = () => relay.leave();
  request.socket.once('close', left);
  await relay.begun();
  try {
    await relay.run(await connect());
  } finally {
    relay.leave();
    request.socket.off('close', left);
  }
}

/** Refuses what cannot be spoken before a board is asked; the answer is written only when `connect` is called. */
async function connector(
  request: UpgradeRequest,
  streams: ProcessStreams,
  clock: Clock,
): Promise<() => Promise<ClientTerminal>> {
  if (isWebSocket(request)) {
    const { channelProtocol, PROCESS_PROTOCOLS } = await import('./channel-protocol.ts');
    const { WebSocketTerminal } = await import('./websocket-terminal.ts');
    const name = chooseProtocol(request, PROCESS_PROTOCOLS);
    return async () => {
      const socket = await acceptWebSocket(request, name, clock);
      const terminal = new WebSocketTerminal(socket, channelProtocol(name), streams);
      await terminal.start();
      return terminal;
    };
  }
  const { acceptSpdy, chooseSpdyProtocol } = await import('./accept-spdy.ts');
  const { SPDY_PROCESS_PROTOCOLS, SpdyTerminal } = await import('./spdy-terminal.ts');
  const name = chooseSpdyProtocol(request, SPDY_PROCESS_PROTOCOLS);
  return async () => {
    const terminal = new SpdyTerminal(acceptSpdy(request, name, clock), name, streams);
    await terminal.start();
    return terminal;
  };
}

function attachOptions(query: URLSearchParams, pod: Pod): AttachOptions {
  const tty = booleanParameter(query, 'tty');
  const options = {
    container: containerOf(query.get('container') || undefined, pod),
    stdin: booleanParameter(query, 'stdin'),
    stdout: booleanParameter(query, 'stdout'),
    // A terminal has one output; upstream refuses both, its own clients send both.
    stderr: booleanParameter(query, 'stderr') && !tty,
    tty,
  };
  if (options.stdin || options.stdout || options.stderr) return options;
  throw badRequest('you must specify at least 1 of stdin, stdout, stderr');
}

function execTask(query: URLSearchParams, options: AttachOptions): SessionTask {
  const command = query.getAll('command');
  if (command.length === 0 || command[0] === '')
    throw badRequest('you must specify at least one command for the container');
  return { kind: 'exec', exec: { ...options, command } };
}

const attachTask = (attach: AttachOptions): SessionTask => ({ kind: 'attach', attach });
