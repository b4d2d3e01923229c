// The board's own address as the master sees it: that of the interface on the way there; and one of IPv6. Sends nothing.
import { createSocket } from 'node:dgram';
import { readFileIfPresent } from '../../base/if-present.ts';
import { canonicalIp } from '../../base/ip.ts';
import { isLanLink, lanAddresses } from '../../base/lan-addresses.ts';

/** Linux' include/uapi/linux/if_addr.h: temporary, failed to be ours alone, deprecated, not yet known to be ours alone. */
const PASSING_FLAGS = 0x01 | 0x08 | 0x20 | 0x40;

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

/** IPv6, where the LAN has it: an address that others than neighbours on the link may use, and that stays. */
export async function hostAddressV6(): Promise<string | undefined> {
  return lastingAddressV6((await readFileIfPresent('/proc/net/if_inet6')) ?? '');
}

/** Of several the same as before, as long as it is there: the first in order. `text` is that of `/proc/net/if_inet6`. */
export function lastingAddressV6(text: string): string | undefined {
  const lines = text.split('\n').map((line) => line.trim().split(/\s+/));
  const lasting = lines.filter(([, , , scope, flags = '', link = '']) => {
    const isPassing = (Number.parseInt(flags, 16) & PASSING_FLAGS) !== 0;
    return scope === '00' && !isPassing && isLanLink(link);
  });
  const [first] = lasting.map(([address = '']) => address).sort();
  return first && canonicalIp(first.replace(/(.{4})(?!$)/g, '$1:'));
}
