// The header by which an endpoint learns who its client is, sent before the client's first byte. Pure.
// https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt sections 2.1 and 2.2

export interface Ends {
  /** IPv4. */
  sourceAddress: string;
  sourcePort: number;
  destinationAddress: string;
  destinationPort: number;
}

const SIGNATURE = Buffer.from([0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]);
const VERSION_2_PROXY = 0x21;
const TCP_OVER_IPV4 = 0x11;
const ADDRESS_BYTES = 12;

export function proxyHeader(version: 1 | 2, ends: Ends): Buffer {
  return version === 1 ? textHeader(ends) : binaryHeader(ends);
}

function textHeader({ sourceAddress, destinationAddress, sourcePort, destinationPort }: Ends): Buffer {
  return Buffer.from(
    `PROXY TCP4 ${sourceAddress} ${destinationAddress} ${sourcePort} ${destinationPort}\r\n`,
  );
}

function binaryHeader({ sourceAddress, destinationAddress, sourcePort, destinationPort }: Ends): Buffer {
  const rest = Buffer.alloc(4 + ADDRESS_BYTES);
  rest[0] = VERSION_2_PROXY;
  rest[1] = TCP_OVER_IPV4;
  rest.writeUInt16BE(ADDRESS_BYTES, 2);
  rest.set(sourceAddress.split('.').map(Number), 4);
  rest.set(destinationAddress.split('.').map(Number), 8);
  rest.writeUInt16BE(sourcePort, 12);
  rest.writeUInt16BE(destinationPort, 14);
  return Buffer.concat([SIGNATURE, rest]);
}
