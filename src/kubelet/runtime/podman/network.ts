// The pods' network on the board: one bridge with the board's range, and a cable from it into each pod. All of it is
// ours: podman gives a pause container a network namespace with nothing in it, which takes its cable along when it ends.
import { readFile, writeFile } from 'node:fs/promises';
import { readFileIfPresent } from '../../../base/if-present.ts';
import { RuntimeError } from '../runtime.ts';
import { inNamespace, ip, links } from './ip-program.ts';
import { bridgeLines, cableLine, hasRoute, podLines } from './pod-links.ts';

export interface NetworkOptions {
  /** Name of the bridge on the board, at most 15 characters. */
  bridge: string;
  /** The board's share of the pod range, such as 10.40.2.0/23; `undefined` while it is not known or not prepared. */
  podRange: () => string | undefined;
}

/** Where to a pod's cable leads once it is plugged in. */
const ANYWHERE = '0.0.0.0/0';

export class PodNetwork {
  readonly #options: NetworkOptions;
  #seenRange: string | undefined;
  #ensuring: Promise<void> | undefined;

  constructor(options: NetworkOptions) {
    this.#options = options;
  }

  /** Resolves once the bridge is there. */
  async ensure(): Promise<void> {
    const range = this.#range();
    if (range === this.#seenRange && (await this.#hasBridge(range))) return;
    this.#ensuring ??= this.#make(range).finally(() => {
      this.#ensuring = undefined;
    });
    await this.#ensuring;
  }

  /** Gives the namespace of a process that has just begun its address. */
  async plug(container: { id: string; pid: number }, address: string): Promise<void> {
    const { id, pid } = container;
    const range = this.#range();
    await ip([cableLine(this.#options.bridge, id, pid, address)]);
    await inNamespace(pid, podLines(address, range));
  }

  /** Whether all was done for the process' namespace; the agent may have been killed in the middle of it. */
  async isPlugged(pid: number): Promise<boolean> {
    const routes = await readFileIfPresent(`/proc/${pid}/net/route`);
    return routes !== undefined && hasRoute(routes, 'eth0', ANYWHERE);
  }

  /** Removes the bridge; cables of pods that still are there lead nowhere then. */
  async remove(): Promise<void> {
    this.#seenRange = undefined;
    await removeBridge(this.#options.bridge);
  }

  #range(): string {
    const range = this.#options.podRange();
    if (range) return range;
    throw new RuntimeError('CreatePodSandboxError', "the board's pod range is not known yet");
  }

  /** Somebody may have removed it. */
  async #hasBridge(range: string): Promise<boolean> {
    return hasRoute(await readFile('/proc/net/route', 'utf8'), this.#options.bridge, range);
  }

  async #make(range: string): Promise<void> {
    const { bridge } = this.#options;
    await ip(bridgeLines(bridge, range, await links()));
    await ignoreRouters(bridge);
    this.#seenRange = range;
  }
}

/** Resolves with whether there was one. Other kinds of links are left alone. */
export async function removeBridge(name: string): Promise<boolean> {
  const isBridge = (await links()).some(
    ({ ifname, linkinfo }) => ifname === name && linkinfo?.info_kind === 'bridge',
  );
  if (isBridge) await ip([`link delete dev ${name}`]);
  return isBridge;
}

/** A pod that says it is an IPv6 router is not believed. Kernels without IPv6 have no such file. */
async function ignoreRouters(bridge: string): Promise<void> {
  const path = `/proc/sys/net/ipv6/conf/${bridge}/accept_ra`;
  if ((await readFileIfPresent(path)) !== undefined) await writeFile(path, '0');
}
