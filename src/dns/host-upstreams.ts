// The servers that the board itself asks, as its resolv.conf names them. The file is looked at when a question comes
// and the last look is some seconds old: DHCP changes it, and a board that nobody asks need not wake up.
import { stat } from 'node:fs/promises';
import { isIP } from 'node:net';
import type { Clock } from '../base/clock.ts';
import { readFileIfPresent } from '../base/if-present.ts';
import type { Upstream } from './upstream-exchange.ts';

export interface HostUpstreamsOptions {
  /** `/etc/resolv.conf` unless given. */
  path?: string;
  /** Addresses of our own: a board that asks us must not be asked back. */
  ownAddresses(): readonly string[];
  clock: Clock;
}

const LOOK_AGAIN_MS = 5000;
const DNS_PORT = 53;
/** As libc: further ones are ignored. */
const MAX_SERVERS = 3;

export class HostUpstreams {
  readonly #options: HostUpstreamsOptions;
  #servers: readonly Upstream[] = [];
  #version = '';
  #lookedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: HostUpstreamsOptions) {
    this.#options = options;
  }

  async current(): Promise<readonly Upstream[]> {
    const nowMs = this.#options.clock.monotonicMs();
    if (nowMs - this.#lookedAtMs < LOOK_AGAIN_MS) return this.#servers;
    this.#lookedAtMs = nowMs;
    await this.#look();
    return this.#servers;
  }

  async #look(): Promise<void> {
    const { path = '/etc/resolv.conf', ownAddresses } = this.#options;
    const version = await versionOf(path);
    if (version === this.#version) return;
    this.#version = version;
    this.#servers = serversIn((await readFileIfPresent(path)) ?? '')
      .filter((address) => !ownAddresses().includes(address))
      .slice(0, MAX_SERVERS)
      .map((address) => ({ address, port: DNS_PORT }));
  }
}

async function versionOf(path: string): Promise<string> {
  try {
    const { mtimeMs, ino, size } = await stat(path);
    return `${mtimeMs} ${ino} ${size}`;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'none';
    throw error;
  }
}

function serversIn(text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const [keyword, address = ''] = line.trim().split(/\s+/);
    return keyword === 'nameserver' && isIP(address) ? [address] : [];
  });
}
