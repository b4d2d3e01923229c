// The board's switch for forwarding IPv4: on while pods run, and as it was when they are gone. What it was is noted in
// memory-backed storage, which a reboot clears as it does the switch: an agent that was killed cannot say it any more.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { readFileIfPresent } from '../base/if-present.ts';

const SWITCH = '/proc/sys/net/ipv4/ip_forward';

export class IpForwarding {
  readonly #notePath: string;
  readonly #switchPath: string;

  /** `switchPath` for tests. */
  constructor(notePath: string, switchPath = SWITCH) {
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
