// edgectl port-forward: ports of this machine's loopback that lead to ports of a pod, each connection over a
// WebSocket of its own, so that a slow one holds back nobody else.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Pod } from '../api/objects.ts';
import { drained } from '../base/drained.ts';
import { objectPath } from '../client/resource-path.ts';
import { openChannels } from './channel-connection.ts';
import { CliError, errorLine } from './cli-error.ts';
import type { CommandContext } from './command-context.ts';
import { choosePod } from './pod-argument.ts';
import { podPort } from './service-port.ts';

export interface PortForwardFlags {
  address?: string;
}

interface Ports {
  /** 0 = any. */
  local: number;
  remote: number;
}

/** The first message on each channel is the port's number. */
const PORT_BYTES = 2;

/** `edgectl port-forward POD [LOCAL:]REMOTE…`; ends with the program, or when the pod is not there. */
export async function portForward(
  context: CommandContext,
  args: readonly string[],
  flags: PortForwardFlags,
): Promise<number> {
  const [pod = '', ...rest] = args;
  const key = `${context.namespace}/${await choosePod(context, pod)}`;
  const ports = rest.map(parsePorts);
  if (ports.length === 0) throw new CliError("say which ports: 'edgectl port-forward POD 8080:80'");
  const path = objectPath(await context.discovery.byName('pods'), key);
  const target = await context.connection.json<Pod>({ method: 'GET', path });
  const address = flags.address ?? '127.0.0.1';
  const servers = await Promise.all(
    ports.map(async ({ local, remote }) => {
      const pair = { local, remote: await podPort(context, pod, target, remote) };
      return listen(context, `${path}/portforward?ports=${pair.remote}`, pair, address);
    }),
  );
  await Promise.race([
    once(context.io.interrupted ?? new AbortController().signal, 'abort'),
    ...servers.map(closed),
  ]);
  for (const server of servers) server.close();
  return 0;
}

/** `8080:80`, `80` (the same here) or `:80` (any here). @throws CliError */
export function parsePorts(argument: string): Ports {
  const match = /^(?:(\d{0,5}):)?(\d{1,5})$/.exec(argument);
  const remote = Number(match?.[2]);
  const local = match?.[1] === undefined ? remote : Number(match[1]);
  if (match && remote > 0 && remote < 65_536 && local < 65_536) return { local, remote };
  throw new CliError(`"${argument}" is no pair of ports: write 8080:80, 80 or :80`);
}

async function listen(
  context: CommandContext,
  path: string,
  { local, remote }: Ports,
  host: string,
): Promise<Server> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    forward(context, path, socket).catch((error: unknown) => {
      context.io.err(errorLine(error));
      socket.destroy();
    });
  });
  server.listen(local, host);
  await once(server, 'listening').catch((error: Error) => {
    throw new CliError(`cannot listen on ${host}:${local} (${error.message}): choose another port`);
  });
  const { port } = server.address() as AddressInfo;
  await context.io.out(`Forwarding from ${host}:${port} -> ${remote}\n`);
  return server;
}

async function forward(context: CommandContext, path: string, socket: Socket): Promise<void> {
  socket.on('error', () => socket.destroy());
  const connection = await openChannels(context.access, path);
  const [data, problems] = [connection.input(0), text(connection.input(1))];
  connection.start();
  const output = connection.output(0);
  output.on('error', () => undefined);
  socket.pipe(output);
  socket.once('close', () => connection.close());
  let toSkip = PORT_BYTES;
  for await (const chunk of data as AsyncIterable<Buffer>) {
    const bytes = chunk.subarray(Math.min(toSkip, chunk.length));
    toSkip -= chunk.length - bytes.length;
    if (bytes.length > 0 && !socket.destroyed && !socket.write(bytes)) await drained(socket);
  }
  socket.end();
  const problem = (await problems).slice(PORT_BYTES);
  if (problem) throw new CliError(problem);
}

const closed = (server: Server) => once(server, 'close');
