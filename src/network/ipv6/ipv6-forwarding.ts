// The board's switch for forwarding IPv6. A kernel that forwards takes no router advertisements unless it is told to do
// both, and a board that has its own way to the internet by them would lose it: so where it takes them it goes on to.
// What was there before is noted in memory-backed storage, which a reboot clears as it does the switches.
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readFileIfPresent } from '../../base/if-present.ts';

const CONF = '/proc/sys/net/ipv6/conf';
/**
 * Values of `accept_ra`: unless the board forwards; even though it does.
 * https://docs.kernel.org/networking/ip-sysctl.html
 */
const UNLESS_FORWARDING = '1';
const ALWAYS = '2';

interface Note {
  forwarding: string;
  /** Devices whose `accept_ra` was 1. */
  listening: string[];
}

export class Ipv6Forwarding {
  readonly #notePath: string;
  readonly #conf: string;

  /** `conf` for tests. */
  constructor(notePath: string, conf = CONF) {
    this.#notePath = notePath;
    this.#conf = conf;
  }

  /** Returns whether it had to be switched. A board that forwards already takes advertisements as its owner decided. */
  async enable(): Promise<boolean> {
    const forwarding = await this.#read('all', 'forwarding');
    if (forwarding === '1') return false;
    const listening = await this.#listening();
    await this.#write({ forwarding, listening });
    // First: at the switch the kernel forgets the routers of those that do not listen on.
    for (const device of listening) await this.#set(device, 'accept_ra', ALWAYS);
    await this.#set('all', 'forwarding', '1');
    return true;
  }

  /** Returns whether it was ours to switch back. */
  async restore(): Promise<boolean> {
    const text = await readFileIfPresent(this.#notePath);
    if (text === undefined) return false;
    const { forwarding, listening } = JSON.parse(text) as Note;
    await this.#set('all', 'forwarding', forwarding);
    for (const device of listening) await this.#set(device, 'accept_ra', UNLESS_FORWARDING);
    await rm(this.#notePath, { force: true });
    return true;
  }

  /** `default` among them: devices that are plugged in later are made in its image. */
  async #listening(): Promise<string[]> {
    const devices = (await readdir(this.#conf)).filter((device) => device !== 'all' && device !== 'lo');
    const values = await Promise.all(devices.map((device) => this.#read(device, 'accept_ra')));
    return devices.filter((_, i) => values[i] === UNLESS_FORWARDING);
  }

  async #write(note: Note): Promise<void> {
    await mkdir(dirname(this.#notePath), { recursive: true, mode: 0o700 });
    await writeFile(this.#notePath, JSON.stringify(note));
  }

  /** Empty for a device that went meanwhile. */
  async #read(device: string, name: string): Promise<string> {
    return (await readFileIfPresent(join(this.#conf, device, name)))?.trim() ?? '';
  }

  async #set(device: string, name: string, value: string): Promise<void> {
    try {
      await writeFile(join(this.#conf, device, name), value, { flag: 'r+' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}
