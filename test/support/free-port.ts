// A port that a test may give to a program of its own.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/**
 * Below what Linux gives to sockets that ask for any port (32768 to 60999, `net.ipv4.ip_local_port_range`): a
 * test beside this one with a thousand of those would have taken one in thirty. Below the node ports too.
 */
const FIRST = 12_000;
const COUNT = 16_000;

let next = Math.floor(Math.random() * COUNT);

/** A port that nobody holds now, in TCP and UDP, in either family; no two calls of one process give the same. */
export async function freePort(): Promise<number> {
  for (let tried = 0; tried < 100; tried++) {
    const port = FIRST + (next++ % COUNT);
    if (await isFree(port)) return port;
  }
  throw new Error('a hundred ports in a row are held by others');
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port);
  // Asked for no address, a server takes both families where the kernel has IPv6.
  const { family } = (server.address() as AddressInfo | null) ?? {};
  const socket = createSocket(family === 'IPv6' ? 'udp6' : 'udp4');
  try {
    await once(server, 'listening');
    await once(socket.bind(port), 'listening');
    return true;
  } catch {
    return false;
  } finally {
    await Promise.all([
      new Promise((resolve) => server.close(resolve)),
      new Promise<void>((resolve) => socket.close(resolve)),
    ]);
  }
}
