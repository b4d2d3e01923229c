// Keeps the tunnel's device and what it knows of its ends. Boards that need none pay one look at the start. What
// it knows of a board that left stays until the device goes: without a route nothing is sent there.
import type { CommandRunner } from './command-runner.ts';
import { listIp } from './ip-listing.ts';
import { deviceCommands, type Link, peerCommands, TUNNEL_DEVICE, type Tunnel } from './tunnel.ts';

export class TunnelDevice {
  readonly #commands: CommandRunner;
  /** True at first: a killed agent may have left one. */
  #mayBeThere = true;

  constructor(commands: CommandRunner) {
    this.#commands = commands;
  }

  /** All devices of the board. */
  links(): Promise<Link[]> {
    return listIp(this.#commands, '-details', 'link', 'show');
  }

  async apply(wanted: Tunnel | undefined): Promise<void> {
    if (!wanted && !this.#mayBeThere) return;
    const present = (await this.links()).find(({ ifname }) => ifname === TUNNEL_DEVICE);
    await this.#batch('ip', deviceCommands(wanted, present));
    this.#mayBeThere = wanted !== undefined;
    if (!wanted) return;
    const { ip, bridge } = peerCommands(wanted);
    await this.#batch('ip', ip);
    await this.#batch('bridge', bridge);
  }

  /** Returns whether it was there. */
  async remove(): Promise<boolean> {
    const present = (await this.links()).find(({ ifname }) => ifname === TUNNEL_DEVICE);
    await this.#batch('ip', deviceCommands(undefined, present));
    this.#mayBeThere = false;
    return present !== undefined;
  }

  async #batch(program: 'ip' | 'bridge', lines: readonly string[]): Promise<void> {
    if (lines.length > 0) await this.#commands.run(program, ['-batch', '-'], `${lines.join('\n')}\n`);
  }
}
