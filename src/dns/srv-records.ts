// SRV records: under which name and number a named port of a Service is reached. Pure.
// https://github.com/kubernetes/dns/blob/master/docs/specification.md (2.3.2 and 2.4.2)
import { isIP } from 'node:net';
import type { Answer } from 'dns-packet';
import { type BoardService, clusterIPsOf } from '../api/board-service.ts';
import { endpointName, namedEndpoints } from './service-endpoints.ts';

export interface SrvQuestion {
  service: BoardService;
  /** Of the Service, with the domain. */
  fullName: string;
  /** What was asked for. */
  name: string;
  /** Both absent: all ports. */
  port: string | undefined;
  protocol: string | undefined;
  ttl: number;
}

interface Target {
  target: string;
  port: number;
  ip: string;
}

export function serviceRecords(question: SrvQuestion): { answers: Answer[]; additionals: Answer[] } {
  const { service, name, ttl } = question;
  const targets = service.spec.clusterIP === 'None' ? endpointTargets(question) : ownTargets(question);
  const answers = unique(targets, ({ target, port }) => `${target} ${port}`).map(
    ({ target, port }): Answer => ({
      type: 'SRV',
      name,
      ttl,
      data: { priority: 0, weight: 100, port, target },
    }),
  );
  const additionals = unique(targets, ({ target, ip }) => `${target} ${ip}`).map(
    ({ target, ip }): Answer => ({ type: isIP(ip) === 6 ? 'AAAA' : 'A', name: target, ttl, data: ip }),
  );
  return { answers, additionals };
}

function ownTargets({ service, fullName, port: wanted, protocol }: SrvQuestion): Target[] {
  const ports = (service.spec.ports ?? []).filter((port) => fits(port, wanted, protocol));
  return ports.flatMap(({ port }) => clusterIPsOf(service).map((ip) => ({ target: fullName, port, ip })));
}

function endpointTargets({ service, fullName, port: wanted, protocol }: SrvQuestion): Target[] {
  return namedEndpoints(service).flatMap((endpoint) =>
    endpoint.ports
      .filter((port) => fits(port, wanted, protocol))
      .flatMap(({ port }) =>
        port ? [{ target: `${endpointName(endpoint)}.${fullName}`, port, ip: endpoint.ip }] : [],
      ),
  );
}

/** Only named ports have a record of their own. */
function fits(
  { name, protocol = 'TCP' }: { name?: string; protocol?: string },
  wanted: string | undefined,
  wantedProtocol: string | undefined,
): boolean {
  if (wantedProtocol !== undefined && protocol.toLowerCase() !== wantedProtocol) return false;
  return wanted === undefined || (name !== undefined && name === wanted);
}

function unique<T>(items: readonly T[], idOf: (item: T) => string): T[] {
  return [...new Map(items.map((item) => [idOf(item), item])).values()];
}
