// The kernel's routes and the board's own addresses as a text that changes with them: files, so that a look takes a
// tenth of a millisecond and no program.
import { readFileIfPresent } from '../base/if-present.ts';

/** The second tells addresses, of which another one in the same network changes no route. */
const FILES = ['/proc/net/route', '/proc/net/fib_trie'];
/** Of IPv6; not there where the kernel has none. */
const ADDRESSES_V6 = '/proc/net/if_inet6';
/** Scope of link-local addresses: each cable of a pod has one, and pods come and go. */
const LINK_SCOPE = '20';

/** `read` resolves with the text of a file, `undefined` where there is none: of another network namespace, in tests. */
export async function kernelRoutes(read = readFileIfPresent): Promise<string> {
  const [addresses = '', ...texts] = await Promise.all([ADDRESSES_V6, ...FILES].map((path) => read(path)));
  return [...texts, lastingAddresses(addresses)].join('');
}

/** Sorted, and without flags: whether others were asked for an address first is no change of it. */
function lastingAddresses(text: string): string {
  const lines = text.split('\n').map((line) => line.trim().split(/\s+/));
  const lasting = lines.filter(([, , , scope]) => scope !== undefined && scope !== LINK_SCOPE);
  const named = lasting.map(([address, , prefix, , , device]) => `${address}/${prefix} ${device}\n`);
  return named.sort().join('');
}
