// The board's own resolver, for pods that use it. Read anew for each sandbox: DHCP changes it.
import { readFile } from 'node:fs/promises';
import { parseResolvConf, type Resolver } from '../config/pod-dns.ts';

export async function hostResolver(path = '/etc/resolv.conf'): Promise<Resolver> {
  try {
    return parseResolvConf(await readFile(path, 'utf8'));
  } catch (error) {
    // A board without a resolver file has no resolver; pods that bring their own still work.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return parseResolvConf('');
    throw error;
  }
}
