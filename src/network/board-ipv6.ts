// Whether this board speaks IPv6 at all: its kernel may be without, or told to be, also for devices yet to come.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const CONF = '/proc/sys/net/ipv6/conf';

/** `conf` for tests. */
export function boardHasIpv6(conf = CONF): boolean {
  return isOn(join(conf, 'all', 'disable_ipv6')) && isOn(join(conf, 'default', 'disable_ipv6'));
}

function isOn(path: string): boolean {
  try {
    return readFileSync(path, 'utf8').trim() === '0';
  } catch {
    // Without the file there is no IPv6, whatever else keeps it from being read.
    return false;
  }
}
