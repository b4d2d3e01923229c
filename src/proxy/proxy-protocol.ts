// The header by which an endpoint learns who its client is, sent before the client's first byte. Pure.
// https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt sections 2.1 and 2.2
import { isIPv6 } from 'node:net';

/** Both addresses are of one family. */
export interface Ends {
  sourceAddress: string;
  sourcePort: number;
  destinationAddress: string;
  destinationPort: number;
}

const SIGNATURE = Buffer.from([0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]);
const VERSION_2_PROXY = 0x21;
const TCP_OVER_IPV4 = 0x11;
const TCP_OVER_IPV6 = 0x21;
const PORTS_BYTES = 4;

export function proxyHeader(version: 1 | 2, ends: Ends): Buffer {
  const source = withoutScope(ends.sourceAddress);
  const destination = withoutScope(ends.destinationAddress);
  const bare = { ...ends, sourceAddress: source, destinationAddress: destination };
  return version === 1 ? textHeader(bare) : binaryHeader(bare);
}

/** A link-local address comes with the name of its link, which means nothing elsewhere. */
const withoutScope = (address: string): string => address.replace(/%.*/, '');

function textHeader({ sourceAddress, destinationAddress, sourcePort, destinationPort }: Ends): Buffer {
  const family = isIPv6(sourceAddress) ? 'TCP6' : 'TCP4';
  return Buffer.from(
    `PROXY ${family} ${sourceAddress} ${destinationAddress} ${sourcePort} ${destinationPort}\r\n`,
  );
}

function binaryHeader({ sourceAddress, destinationAddress, sourcePort, destinationPort }: Ends): Buffer {
  const addresses = Buffer.from([...bytesOf(sourceAddress), ...bytesOf(destinationAddress)]);
  const start = Buffer.from([VERSION_2_PROXY, isIPv6(sourceAddress) ? TCP_OVER_IPV6 : TCP_OVER_IPV4, 0, 0]);
  start.writeUInt16BE(addresses.length + PORTS_BYTES, 2);
  const ports = Buffer.alloc(PORTS_BYTES);
  ports.writeUInt16BE(sourcePort, 0);
  ports.writeUInt16BE(destinationPort, 2);
  return Buffer.concat([SIGNATURE, start, addresses, ports]);
}

function bytesOf(address: string): number[] {
  if (!isIPv6(address)) return address.split('.').map(Number);
  const [head = [], tail = []] = address.split('::').map((part) => part.split(':').filter(Boolean));
  const zeros = Array(8 - head.length - tail.length).fill('0');
  const groups = [...head, ...zeros, ...tail].map((group) => Number.parseInt(group, 16));
  return groups.flatMap((group) => [group >> 8, group & 255]);
}
