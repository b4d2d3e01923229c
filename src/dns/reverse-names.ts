// Names of addresses: which address a name under `arpa` speaks of, and what each address of the cluster is called.
// Pure.
// https://www.rfc-editor.org/rfc/rfc3596#section-2.5 (ip6.arpa)
import { isIP } from 'node:net';
import type { BoardService } from '../api/board-service.ts';
import { formatIp, parseIp } from '../base/ip.ts';
import { addressesOf, endpointName, type NamedEndpoint, namedEndpoints } from './service-endpoints.ts';

/** The address of `4.3.2.1.in-addr.arpa`, or of 32 digits under `ip6.arpa`, in the one form in which it is known. */
export function reverseAddress(name: string): string | undefined {
  if (!name.endsWith('.arpa')) return undefined;
  const digits = (zone: string) =>
    name.endsWith(zone) ? name.slice(0, -zone.length).split('.').reverse() : [];
  const quad = digits('.in-addr.arpa').join('.');
  if (isIP(quad) === 4) return quad;
  const nibbles = digits('.ip6.arpa');
  if (nibbles.length !== 32 || !nibbles.every((nibble) => /^[0-9a-f]$/.test(nibble))) return undefined;
  return formatIp({ family: 'IPv6', value: BigInt(`0x${nibbles.join('')}`) });
}

/** IPv6 has many forms. */
function canonical(ip: string): string {
  const parsed = ip.includes(':') ? parseIp(ip) : undefined;
  return parsed ? formatIp(parsed) : ip;
}

/** A Service's own address before its endpoints'; of several Services the first by name. */
export function reverseNames(
  services: ReadonlyMap<string, BoardService>,
  domain: string,
): Map<string, string> {
  const names = new Map<string, string>();
  const add = (address: string, name: string) => {
    const ip = canonical(address);
    if (!names.has(ip)) names.set(ip, name);
  };
  const sorted = [...services].sort(([a], [b]) => (a < b ? -1 : 1));
  const fullName = (key: string) => `${key.split('/').reverse().join('.')}.svc.${domain}`;
  for (const [key, service] of sorted) {
    if (service.spec.clusterIP !== 'None') for (const ip of addressesOf(service)) add(ip, fullName(key));
  }
  for (const [key, service] of sorted) {
    if (service.spec.clusterIP !== 'None') continue;
    const byHostname = (a: NamedEndpoint, b: NamedEndpoint) => Number(b.isNamed) - Number(a.isNamed);
    for (const endpoint of namedEndpoints(service).sort(byHostname)) {
      add(endpoint.ip, `${endpointName(endpoint)}.${fullName(key)}`);
    }
  }
  return names;
}
