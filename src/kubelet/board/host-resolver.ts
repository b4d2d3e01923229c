// The board's own resolver, for pods that use it. Read anew for each sandbox: DHCP changes it.
import { readFileIfPresent } from '../../base/if-present.ts';
import { parseResolvConf, type Resolver } from '../config/pod-dns.ts';

/** A board without a resolver file has no resolver; pods that bring their own still work. */
export async function hostResolver(path = '/etc/resolv.conf'): Promise<Resolver> {
  return parseResolvConf((await readFileIfPresent(path)) ?? '');
}
