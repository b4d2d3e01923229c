// What a podman killed during a start leaves in the network: a namespace without a process, its veth on the
// bridge, and the lease of its address. podman removes none of them; a reboot does.
import { rm } from 'node:fs/promises';
import { type Clock, sleep } from '../../../base/clock.ts';
import type { Logger } from '../../../base/logger.ts';
import { containerList } from './container-list.ts';
import { label } from './labels.ts';
import type { LibpodClient } from './libpod-client.ts';
import { sweepNamespaces } from './namespaces.ts';

interface NetworkedContainer {
  Id: string;
  Labels: Record<string, string> | null;
  Networks: string[] | null;
}

export interface StaleLeasesOptions {
  client: LibpodClient;
  /** podman's file of leases. */
  leaseFile: string;
  networkName: string;
  podRange: () => string | undefined;
  clock: Clock;
  logger: Logger;
}

export class StaleLeases {
  readonly #options: StaleLeasesOptions;

  constructor(options: StaleLeasesOptions) {
    this.#options = options;
  }

  /** Namespaces without a process. Resolves with whether none is left that was ours. */
  async sweep(busyAddresses: ReadonlySet<string>): Promise<boolean> {
    const { podRange, clock, logger } = this.#options;
    const range = podRange();
    return !range || sweepNamespaces({ podRange: range, busyAddresses, clock, logger });
  }

  /**
   * Frees the address that podman says `holderId` has, when there is no such container. Leases cannot be dropped one
   * by one: the file goes as a whole, which is safe while agents choose the addresses of all running containers.
   * Resolves with whether another try is worth while.
   */
  async release(holderId: string, busyAddresses: ReadonlySet<string>): Promise<boolean> {
    const containers = await containerList<NetworkedContainer>(this.#options.client, 'all=true');
    if (containers.some((container) => container.Id.startsWith(holderId))) return false;
    const others = containers.filter((container) => this.#mayHaveLease(container));
    if (others.length > 0) {
      this.#options.logger.warn(
        { holderId, others: others.map((container) => container.Id.slice(0, 12)) },
        'an address lease without a container is left: other containers on other podman networks have leases too',
      );
      return false;
    }
    if (!(await this.#sweepPatiently(busyAddresses))) return false;
    await rm(this.#options.leaseFile, { force: true });
    this.#options.logger.info(
      { holderId },
      "removed podman's lease file: it held an address for no container",
    );
    return true;
  }

  /** What was left a moment ago is too young to be told from somebody's work: waits until it no longer is. */
  async #sweepPatiently(busyAddresses: ReadonlySet<string>): Promise<boolean> {
    for (let attempt = 0; attempt < 6; attempt++) {
      if (await this.sweep(busyAddresses)) return true;
      await sleep(this.#options.clock, 500);
    }
    return false;
  }

  /** A container that no agent made, on a network where podman chooses the addresses. */
  #mayHaveLease(container: NetworkedContainer): boolean {
    if (container.Labels?.[label.owner] !== undefined) return false;
    return (container.Networks ?? []).some((name) => name !== this.#options.networkName);
  }
}

/** netavark's leases, one file for all podmans of a board that run as root, whatever their run root is. */
export const leaseFile = '/run/containers/networks/ipam.db';
