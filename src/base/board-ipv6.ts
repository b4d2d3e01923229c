// Whether this board speaks IPv6 at all: its kernel may be without, or told to be.
import { readFileSync } from 'node:fs';

const SWITCH = '/proc/sys/net/ipv6/conf/all/disable_ipv6';

/** `switchPath` for tests. */
export function boardHasIpv6(switchPath = SWITCH): boolean {
  try {
    return readFileSync(switchPath, 'utf8').trim() === '0';
  } catch {
    // Without the file there is no IPv6, whatever else keeps it from being read.
    return false;
  }
}
