// The board's own address as the master sees it: that of the interface on the way there. Sends nothing.
import { createSocket } from 'node:dgram';
import { lanAddresses } from '../../base/lan-addresses.ts';

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

/** The address on the way to the master; when that is the board itself, its LAN address. */
export async function hostAddresses(masterHost: string): Promise<string[]> {
  const towards = await addressTowards(masterHost);
  const isElsewhere = towards !== undefined && !towards.startsWith('127.') && towards !== '0.0.0.0';
  return [isElsewhere ? towards : lanAddresses()[0]];
}
