// A switch of the board's kernel that is on while pods run, and as it was when they are gone. What it was is noted in
// memory-backed storage, which a reboot clears as it does the switch: an agent that was killed cannot say it any more.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { readFileIfPresent } from '../base/if-present.ts';

/** Without it nothing gets out of a pod. */
export const IP_FORWARD = '/proc/sys/net/ipv4/ip_forward';
/**
 * Whether a connection may have the local port of one that is over, for which the kernel else waits a minute. All clients
 * of a Service come to an endpoint by the relay's one address, so 250 a second that end their connections themselves take
 * half of its ports, and with each more the kernel searches the whole half in vain: 20 ms for a connection, and for all
 * others of the agent as well.
 * https://docs.kernel.org/networking/ip-sysctl.html (tcp_tw_reuse)
 */
export const PORT_REUSE = '/proc/sys/net/ipv4/tcp_tw_reuse';

export class KernelSwitch {
  readonly #notePath: string;
  readonly #switchPath: string;

  constructor(notePath: string, switchPath: string) {
    this.#notePath = notePath;
    this.#switchPath = switchPath;
  }

  /** Returns whether it had to be switched. */
  async enable(): Promise<boolean> {
    const before = (await readFile(this.#switchPath, 'utf8')).trim();
    if (before === '1') return false;
    await mkdir(dirname(this.#notePath), { recursive: true, mode: 0o700 });
    await writeFile(this.#notePath, before);
    await writeFile(this.#switchPath, '1');
    return true;
  }

  /** Returns whether it was ours to switch back. */
  async restore(): Promise<boolean> {
    const before = await readFileIfPresent(this.#notePath);
    if (before === undefined) return false;
    await writeFile(this.#switchPath, before);
    await rm(this.#notePath, { force: true });
    return true;
  }
}
