// How many connections the kernel has led to each endpoint of a Service: read from the counters of our rules when
// somebody asks, and at no other time.
import { urlHost } from '../base/ip.ts';
import { NFT_SERVICES_TABLE } from './board-network.ts';
import type { CommandRunner } from './command-runner.ts';
import { listNft } from './nft-listing.ts';

export interface EndpointConnections {
  /** `namespace/name` */
  service: string;
  protocol: string;
  port: number;
  /** `ip:port`, or `[ip]:port` */
  endpoint: string;
  /** Connections, or UDP clients, since the endpoint is known. */
  count: number;
}

interface Counter {
  family: string;
  table: string;
  name: string;
  packets: number;
}

/** Those of Services; of host ports, which have one endpoint, nothing is told. Empty while there are no rules. */
export async function kernelConnections(commands: CommandRunner): Promise<EndpointConnections[]> {
  const entries = await listNft<{ counter?: Counter }>(commands, 'list', 'counters');
  return entries.flatMap(({ counter }) =>
    counter?.table === NFT_SERVICES_TABLE ? readCounter(counter) : [],
  );
}

/**
 * Of the form `ep/NAMESPACE/NAME/PROTOCOL/PORT/IP/PORT`, with dots for the colons of IPv6; only the first packet of a
 * connection passes it.
 */
function readCounter({ family, name, packets }: Counter): EndpointConnections[] {
  const [kind, namespace, service, protocol = '', port, ip = '', endpointPort, ...more] = name.split('/');
  if (kind !== 'ep' || endpointPort === undefined || more.length > 0) return [];
  const endpoint = `${urlHost(family === 'ip6' ? ip.replaceAll('.', ':') : ip)}:${endpointPort}`;
  return [{ service: `${namespace}/${service}`, protocol, port: Number(port), endpoint, count: packets }];
}
