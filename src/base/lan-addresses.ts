// Addresses of this machine, on its LAN and all.
import { networkInterfaces } from 'node:os';

/** Bridges and tunnels of container engines are no way for another board to get here. */
const virtualLinks = /^(lo|edge|podman|docker|cni|veth|br-|virbr|flannel|tailscale|wg|tun)/;

export const isLanLink = (name: string): boolean => !virtualLinks.test(name);

/** IPv4 addresses that other machines may know this one by; loopback when there are none. */
export function lanAddresses(): [string, ...string[]] {
  const found = Object.entries(networkInterfaces())
    .filter(([name]) => isLanLink(name))
    .flatMap(([, addresses]) => addresses ?? [])
    .filter(
      (address) => address.family === 'IPv4' && !address.internal && !address.address.startsWith('169.254.'),
    );
  const [first = '127.0.0.1', ...others] = found.map(({ address }) => address);
  return [first, ...others];
}

/** Every address of this machine now, of both families and all links, without the links' names. */
export function ownAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((addresses = []) =>
    addresses.map(({ address }) => address),
  );
}

/** As lanAddresses() whenever it is called, but for a machine that is off its LAN for now: that has its last ones. */
export function lastingLanAddresses(): () => readonly string[] {
  let last = lanAddresses();
  return () => {
    const now = lanAddresses();
    if (!now[0].startsWith('127.')) last = now;
    return last;
  };
}
