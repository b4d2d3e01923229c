// Addresses that mean something else on each machine, or nobody: neither endpoint nor external address of a Service
// may be one. Source: pkg/apis/core/validation ValidateNonSpecialIP
import { isIP, isIPv6, SocketAddress } from 'node:net';

const SPECIAL: readonly [pattern: RegExp, problem: string][] = [
  [/^127\.|^::1$/, 'may not be in the loopback range (127.0.0.0/8, ::1/128)'],
  [/^169\.254\.|^fe[89ab][0-9a-f]:/, 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'],
  [/^224\.0\.0\.|^ff02:/, 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)'],
];

/** Of either family; one with a zone (`fe80::1%eth0`) means something on one machine alone, and is none. */
export const isAddress = (text: string): boolean => isIP(text) !== 0 && !text.includes('%');

/** What is wrong with `ip`, which is an address, in upstream's words. */
export function specialAddressProblem(ip: string): string | undefined {
  const address = canonical(ip);
  if (address === '0.0.0.0' || address === '::') return `may not be unspecified (${ip})`;
  return SPECIAL.find(([pattern]) => pattern.test(address))?.[1];
}

/** IPv6 has many forms. */
function canonical(ip: string): string {
  if (!isIPv6(ip)) return ip;
  const [address = ''] = ip.split('%');
  return new SocketAddress({ address, family: 'ipv6' }).address;
}
