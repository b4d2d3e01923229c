// Tells an endpoint who comes, by the PROXY protocol, before the client's first byte.
import type { VirtualAddress } from './forwarder-plan.ts';
import { proxyHeader } from './proxy-protocol.ts';
import { localAddress, newWriteRequest, type SocketAddress, type TcpHandle } from './tcp-handle.ts';

export interface Arriving {
  client: TcpHandle;
  from: SocketAddress;
  /** What the client asked for, where the kernel has mapped it; else the socket's own address. */
  virtual: VirtualAddress | undefined;
}

/** False when it cannot be told. */
export function greet(upstream: TcpHandle, version: 1 | 2, { client, from, virtual }: Arriving): boolean {
  const own = localAddress(client);
  const header = proxyHeader(version, {
    sourceAddress: from.address,
    sourcePort: from.port,
    destinationAddress: virtual?.ip ?? own.address,
    destinationPort: virtual?.port ?? own.port,
  });
  const request = newWriteRequest();
  request.data = header;
  // Should it fail later, so does the first write of the relay.
  request.oncomplete = () => undefined;
  return upstream.writeBuffer(request, header) === 0;
}
