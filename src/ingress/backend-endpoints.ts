// The endpoints behind a Service's port, by number or name, as Services and their slices stand at this moment.
import { isIP } from 'node:net';
import { type BoardService, familiesOf } from '../api/board-service.ts';
import { specialAddressProblem } from '../api/special-addresses.ts';
import type { Backend } from './location.ts';

export interface Endpoint {
  ip: string;
  port: number;
}

/**
 * Ready ones of all slices; where none is ready those that still serve while they end, as kube-proxy does.
 * @returns `undefined` when there is no such Service or port.
 */
export function endpointsOf(service: BoardService | undefined, { port }: Backend): Endpoint[] | undefined {
  const wanted = service?.spec.ports?.find((p) =>
    typeof port === 'number' ? p.port === port : p.name === port,
  );
  if (!service || !wanted) return undefined;
  if (service.spec.type === 'ExternalName') return externalEndpoint(service.spec.externalName, wanted.port);
  // A pod of two families stands in a slice of each: it is one backend.
  const [family] = familiesOf(service);
  const all = service.slices.flatMap((slice) => {
    const found = slice.ports.find(
      (p) => (p.name ?? '') === (wanted.name ?? '') && (p.protocol ?? 'TCP') === 'TCP',
    );
    if (!found?.port || slice.addressType !== family) return [];
    const { port: endpointPort } = found;
    return slice.endpoints.flatMap(({ addresses: [ip], conditions }) =>
      ip ? [{ ip, port: endpointPort, conditions }] : [],
    );
  });
  const ready = all.filter(({ conditions }) => conditions?.ready !== false);
  const chosen =
    ready.length > 0 ? ready : all.filter(({ conditions }) => conditions?.serving && conditions.terminating);
  return chosen.map(({ ip, port: endpointPort }) => ({ ip, port: endpointPort }));
}

/** An address there is one like any other, but none of the board's own loopback or link. */
function externalEndpoint(name: string | undefined, port: number): Endpoint[] {
  const isSpecial = name && isIP(name) !== 0 && specialAddressProblem(name) !== undefined;
  return name && !isSpecial ? [{ ip: name, port }] : [];
}
