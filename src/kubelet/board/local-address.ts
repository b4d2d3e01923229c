// The board's own address as the master sees it: that of the interface on the way there. Sends nothing.
import { createSocket } from 'node:dgram';
import { isIPv4 } from 'node:net';
import { networkInterfaces } from 'node:os';

/** `undefined` when there is no way to the host now. */
export function addressTowards(host: string, port = 6443): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    const finish = (address: string | undefined) => {
      socket.close();
      resolve(address);
    };
    socket.once('error', () => finish(undefined));
    // Connecting a UDP socket only makes the kernel choose the route.
    socket.once('connect', () => finish(socket.address().address));
    socket.connect(port, host);
  });
}

/** IPv4 addresses of the board's interfaces, those of containers and loopback left out. */
export function interfaceAddresses(
  isForeign: (interfaceName: string) => boolean = isContainerBridge,
): string[] {
  return Object.entries(networkInterfaces())
    .filter(([name]) => !isForeign(name))
    .flatMap(([, addresses]) => addresses ?? [])
    .filter((a) => !a.internal && isIPv4(a.address))
    .map((a) => a.address);
}

function isContainerBridge(name: string): boolean {
  return /^(edge|podman|docker|cni|veth|br-)/.test(name);
}

/** The address on the way to the master first; when that is the board itself, its LAN address. */
export async function hostAddresses(masterHost: string): Promise<string[]> {
  const towards = await addressTowards(masterHost);
  const own = interfaceAddresses();
  const isLoopback = towards === undefined || towards.startsWith('127.') || towards === '0.0.0.0';
  if (!isLoopback) return [...new Set([towards, ...own])].slice(0, 1);
  return own.slice(0, 1).length > 0 ? own.slice(0, 1) : [towards ?? '127.0.0.1'];
}
