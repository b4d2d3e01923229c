// Which local port a UDP address is mapped to where nobody knows of an earlier one: it follows from the address, so
// that it is the same also where all memory of it is gone, but the kernel's of clients that keep talking. Pure.
import { fnv1a } from '../base/fnv1a.ts';

/** Below those that Linux gives to sockets which ask for none (ip_local_port_range), and below node ports. */
const FIRST = 20_000;
const COUNT = 10_000;
const CANDIDATES = 3;
/** Prime, so that two addresses that share their first candidate hardly share the next. */
const STEP = 4_099;

/** In the order in which they are to be tried. */
export function lastingPorts({ ip, port }: { ip: string; port: number }): number[] {
  const start = fnv1a(`${ip} ${port}`);
  return Array.from({ length: CANDIDATES }, (_, i) => FIRST + ((start + i * (STEP + (start % 97))) % COUNT));
}
