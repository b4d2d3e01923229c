// Which addresses stand behind a Service's name. Pure.
import { type BoardService, type BoardSlice, clusterIPsOf } from '../api/board-service.ts';
import type { discovery } from '../api/objects.ts';

export interface NamedEndpoint {
  ip: string;
  /** The label under the Service's name: the pod's hostname, or its address with dashes. */
  label: string;
  /** The label is a hostname. */
  isNamed: boolean;
  ports: readonly discovery.EndpointPort[];
}

/** Those that are ready, which the master has decided, `publishNotReadyAddresses` included. */
export function namedEndpoints({ slices }: BoardService): NamedEndpoint[] {
  return slices.filter(({ addressType }) => addressType !== 'FQDN').flatMap(endpointsOf);
}

export const endpointName = ({ label }: NamedEndpoint): string => label;

/**
 * Of the Service, or of its endpoints of that name. A headless Service stands for its endpoints; any other for its own
 * address. None: the name does not exist.
 */
export function addressesOf(service: BoardService, label?: string): string[] {
  if (label === undefined && service.spec.clusterIP !== 'None') return [...clusterIPsOf(service)];
  const endpoints = namedEndpoints(service).filter(
    (endpoint) => label === undefined || endpoint.label === label,
  );
  return [...new Set(endpoints.map(({ ip }) => ip))];
}

function endpointsOf({ endpoints, ports }: BoardSlice): NamedEndpoint[] {
  return endpoints
    .filter(({ conditions }) => conditions?.ready !== false)
    .flatMap(({ addresses, hostname }) =>
      addresses.map((ip) => ({
        ip,
        label: hostname ?? ip.replaceAll(/[.:]/g, '-'),
        isNamed: hostname !== undefined,
        ports,
      })),
    );
}
