// The board's own resolver, for pods that use it. Read anew for each sandbox: DHCP changes it.
import { join } from 'node:path';
import { readFileIfPresent } from '../../base/if-present.ts';
import { parseResolvConf, type Resolver } from '../config/pod-dns.ts';

const FILE = 'etc/resolv.conf';
/** systemd-resolved's other file, which names real servers. */
const RESOLVED = 'run/systemd/resolve/resolv.conf';

/**
 * `isOnBoard`: for a pod on the board's own network. A board without a resolver file has no resolver; pods that bring their
 * own still work. `root` is `/` but in tests.
 */
export async function hostResolver(isOnBoard: boolean, root = '/'): Promise<Resolver> {
  return parseResolvConf(await hostResolverText(isOnBoard, root));
}

/** As it is, but for servers that the pod could not reach. */
export async function hostResolverText(isOnBoard: boolean, root = '/'): Promise<string> {
  const text = (await readFileIfPresent(join(root, FILE))) ?? '';
  if (isOnBoard) return text;
  const isStub = /^\s*nameserver\s+127\.0\.0\.53\b/m.test(text);
  return withoutLoopback((isStub ? await readFileIfPresent(join(root, RESOLVED)) : undefined) ?? text);
}

/** Servers on the board's own loopback answer the board and pods on its network, nobody else. */
function withoutLoopback(text: string): string {
  const isLoopback = (line: string) => /^\s*nameserver\s+(127\.|::1\b)/.test(line);
  return text
    .split('\n')
    .filter((line) => !isLoopback(line))
    .join('\n');
}
