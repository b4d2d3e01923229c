// `isIP`, `ip`, `isCIDR` and `cidr`: addresses and networks.
// Source: k8s.io/apiserver/pkg/cel/library/{ip,cidr}.go
import { isIP, isIPv4 } from 'node:net';
import type { Environment } from '@marcbachmann/cel-js';
import { type Network, parseNetwork } from '../../../network.ts';
import { fail } from './fail.ts';

const IP = 'kubernetes.IP';
const CIDR = 'kubernetes.CIDR';

class RuleIp {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** In the one form that an address has. */
  get canonical(): string {
    return isIPv4(this.#text) ? this.#text : new URL(`http://[${this.#text}]`).hostname.slice(1, -1);
  }

  isIn(networks: readonly Network[]): boolean {
    return networks.some((network) => network.contains(this.#text));
  }
}

class RuleCidr {
  readonly #network: Network;

  constructor(network: Network) {
    this.#network = network;
  }

  get network(): Network {
    return this.#network;
  }
}

export function addNetworkFunctions(environment: Environment): void {
  addAddresses(environment);
  addNetworks(environment);
}

function addAddresses(environment: Environment): void {
  const is = (name: string, ...networks: string[]) =>
    environment.registerFunction(`${IP}.${name}(): bool`, within(networks));
  environment
    .registerType(IP, RuleIp)
    .registerOperator(`${IP} == ${IP}`, (a: RuleIp, b: RuleIp) => a.canonical === b.canonical)
    .registerFunction('isIP(string): bool', (text: string) => isIP(text) !== 0)
    .registerFunction(`ip(string): ${IP}`, ipOf)
    .registerFunction(`string(${IP}): string`, (ip: RuleIp) => ip.canonical)
    .registerFunction(`${IP}.family(): int`, (ip: RuleIp) => (isIPv4(ip.canonical) ? 4n : 6n));
  is('isLoopback', '127.0.0.0/8', '::1/128');
  is('isUnspecified', '0.0.0.0/32', '::/128');
  is('isLinkLocalUnicast', '169.254.0.0/16', 'fe80::/10');
  is('isLinkLocalMulticast', '224.0.0.0/24', 'ff02::/16');
  const special = ['0.0.0.0/32', '::/128', '127.0.0.0/8', '::1/128', '169.254.0.0/16', 'fe80::/10'];
  const isElse = within([...special, '224.0.0.0/4', 'ff00::/8', '255.255.255.255/32']);
  environment.registerFunction(`${IP}.isGlobalUnicast(): bool`, (ip: RuleIp) => !isElse(ip));
}

/** The networks are read once, when somebody first asks: seldom anybody does. */
function within(texts: readonly string[]): (ip: RuleIp) => boolean {
  let networks: readonly Network[] | undefined;
  return (ip) => {
    networks ??= texts.flatMap((text) => parseNetwork(text) ?? []);
    return ip.isIn(networks);
  };
}

function addNetworks(environment: Environment): void {
  const contains = ({ network }: RuleCidr, address: string) => network.contains(address);
  const covers = ({ network }: RuleCidr, other: RuleCidr) =>
    other.network.prefix >= network.prefix && network.contains(other.network.address);
  environment
    .registerType(CIDR, RuleCidr)
    .registerFunction('isCIDR(string): bool', (text: string) => parseNetwork(text) !== undefined)
    .registerFunction(`cidr(string): ${CIDR}`, cidrOf)
    .registerFunction(`${CIDR}.prefixLength(): int`, (cidr: RuleCidr) => BigInt(cidr.network.prefix))
    .registerFunction(`${CIDR}.ip(): ${IP}`, (cidr: RuleCidr) => ipOf(cidr.network.address))
    .registerFunction(`${CIDR}.containsIP(${IP}): bool`, (cidr: RuleCidr, ip: RuleIp) =>
      contains(cidr, ip.canonical),
    )
    .registerFunction(`${CIDR}.containsIP(string): bool`, (cidr: RuleCidr, text: string) =>
      contains(cidr, ipOf(text).canonical),
    )
    .registerFunction(`${CIDR}.containsCIDR(${CIDR}): bool`, covers)
    .registerFunction(`${CIDR}.containsCIDR(string): bool`, (cidr: RuleCidr, text: string) =>
      covers(cidr, cidrOf(text)),
    );
}

function ipOf(text: string): RuleIp {
  if (isIP(text) === 0)
    return fail(`IP Address ${JSON.stringify(text)} parse error during conversion from string`);
  return new RuleIp(text);
}

const cidrOf = (text: string): RuleCidr =>
  new RuleCidr(
    parseNetwork(text) ??
      fail(`network address parse error during conversion from string: ${JSON.stringify(text)}`),
  );
