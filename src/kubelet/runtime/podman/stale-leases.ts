// What a podman killed during a start leaves in the network: a namespace without a process, its veth on the
// bridge, and the lease of its address. podman removes none of them; a reboot does.
import { rm } from 'node:fs/promises';
import { type Clock, sleep } from '../../../base/clock.ts';
import type { Logger } from '../../../base/logger.ts';
import { containerList } from './container-list.ts';
import { label } from './labels.ts';
import type { LibpodClient } from './libpod-client.ts';
import { isNotFound } from './libpod-error.ts';
import { sweepNamespaces, type Verdict } from './namespaces.ts';

interface NetworkedContainer {
  Id: string;
  Labels: Record<string, string> | null;
  Networks: string[] | null;
}

interface Networked {
  /** Path of the network namespace. */
  NetworkSettings?: { SandboxKey?: string };
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

  /**
   * Namespaces without a process, and then the leases. Resolves with whether none is left that was ours: what the board's
   * range is, the master may have to tell first.
   */
  async sweep(busyAddresses: ReadonlySet<string>): Promise<boolean> {
    const staying = await this.#sweepNamespaces(busyAddresses);
    if (!staying || staying.has('young') || staying.has('young and empty')) return false;
    const others = await this.#othersWithLeases();
    if (others.length === 0) await rm(this.#options.leaseFile, { force: true });
    return true;
  }

  /**
   * Frees the address that podman says `holderId` has, when there is no such container. Leases cannot be dropped one
   * by one: the file goes as a whole, which is safe while agents choose the addresses of all running containers.
   * Resolves with whether another try is worth while.
   */
  async release(holderId: string, busyAddresses: ReadonlySet<string>): Promise<boolean> {
    const containers = await containerList<NetworkedContainer>(this.#options.client, 'all=true');
    if (containers.some((container) => container.Id.startsWith(holderId))) return false;
    const others = await this.#othersWithLeases(containers);
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
      const staying = await this.#sweepNamespaces(busyAddresses);
      if (!staying?.has('young')) return true;
      await sleep(this.#options.clock, 500);
    }
    return false;
  }

  /** `undefined` while the board's range is not known. */
  async #sweepNamespaces(busyAddresses: ReadonlySet<string>): Promise<ReadonlySet<Verdict> | undefined> {
    const { client, podRange, clock, logger } = this.#options;
    const range = podRange();
    if (!range) return undefined;
    const knownNamespaces = () => namespacesKnownTo(client);
    return sweepNamespaces({ podRange: range, busyAddresses, knownNamespaces, clock, logger });
  }

  async #othersWithLeases(listed?: readonly NetworkedContainer[]): Promise<NetworkedContainer[]> {
    const all = listed ?? (await containerList<NetworkedContainer>(this.#options.client, 'all=true'));
    return all.filter((container) => this.#mayHaveLease(container));
  }

  /** A container that no agent made, on a network where podman chooses the addresses. */
  #mayHaveLease(container: NetworkedContainer): boolean {
    if (container.Labels?.[label.owner] !== undefined) return false;
    return (container.Networks ?? []).some((name) => name !== this.#options.networkName);
  }
}

/** Paths of the namespaces that podman itself will take away, of containers that are dead but not removed too. */
async function namespacesKnownTo(client: LibpodClient): Promise<Set<string>> {
  const paths = new Set<string>();
  for (const { Id } of await containerList<NetworkedContainer>(client, 'all=true')) {
    try {
      const { NetworkSettings } = await client.getJson<Networked>(`/containers/${Id}/json`);
      if (NetworkSettings?.SandboxKey) paths.add(NetworkSettings.SandboxKey);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
  return paths;
}

/** netavark's leases, one file for all podmans of a board that run as root, whatever their run root is. */
export const leaseFile = '/run/containers/networks/ipam.db';
