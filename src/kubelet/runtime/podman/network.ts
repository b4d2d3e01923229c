// The pods' network on the board: one bridge with the board's range, and a cable from it into each pod. All of it is
// ours: podman gives a pause container a network namespace with nothing in it, which takes its cable along when it ends.
import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { readFileIfPresent } from '../../../base/if-present.ts';
import { processFile } from '../../board/process-file.ts';
import { RuntimeError } from '../runtime.ts';
import { inNamespace, ip, links } from './ip-program.ts';
import {
  bridgeLines,
  bridgeLineV6,
  cableLine,
  hasRoute,
  linkIndex,
  podLines,
  podLinesV6,
} from './pod-links.ts';

export interface NetworkOptions {
  /** Name of the bridge on the board, at most 15 characters. */
  bridge: string;
  /** The board's share of the pod range, such as 10.40.2.0/23; `undefined` while it is not known or not prepared. */
  podRange: () => string | undefined;
  /** The same of IPv6, where the board gives pods such addresses. */
  podRangeV6?: (() => string | undefined) | undefined;
}

/** Where to a pod's cable leads once it is plugged in. */
const ANYWHERE = '0.0.0.0/0';
/** A namespace with all that was in it is gone within some hundred milliseconds, on a busy board too. */
const FADING_MS = 3_000;
const FADING_STEP_MS = 100;

export class PodNetwork {
  readonly #options: NetworkOptions;
  /** Of both families. */
  #seenRanges: string | undefined;
  #ensuring: Promise<void> | undefined;

  constructor(options: NetworkOptions) {
    this.#options = options;
  }

  /** Resolves once the bridge is there. */
  async ensure(): Promise<void> {
    const range = this.#range();
    const ranges = [range, this.#rangeV6()].join();
    if (ranges === this.#seenRanges && (await this.#hasBridge(range))) return;
    this.#ensuring ??= this.#make(range, ranges).finally(() => {
      this.#ensuring = undefined;
    });
    await this.#ensuring;
  }

  /** Gives the namespace of a process that has just begun its address. Rejects when another pod has that. */
  async plug(pid: number, address: string, addressV6?: string): Promise<void> {
    const rangeV6 = this.#rangeV6();
    const second = addressV6 && rangeV6 ? podLinesV6(addressV6, rangeV6) : [];
    const inside = [...podLines(address, this.#range()), ...second];
    await this.#lay(pid, address, inside);
  }

  /** Whether all was done for the process' namespace; the agent may have been killed in the middle of it. */
  async isPlugged(pid: number): Promise<boolean> {
    const routes = await processFile(pid, 'net/route');
    return routes !== undefined && hasRoute(routes, 'eth0', ANYWHERE);
  }

  /** Removes the bridge; cables of pods that still are there lead nowhere then. */
  async remove(): Promise<void> {
    this.#seenRanges = undefined;
    await removeBridge(this.#options.bridge);
  }

  /**
   * One program does all of it, from within the pod, which a program on the board could not enter. The kernel takes the
   * cable of a pod that has just ended away in its own time.
   */
  async #lay(
    pid: number,
    address: string,
    inside: readonly string[],
    triesLeft = FADING_MS / FADING_STEP_MS,
  ): Promise<void> {
    try {
      const board = { pid: process.pid, bridgeIndex: await this.#bridgeIndex() };
      await inNamespace(pid, [cableLine(address, board), ...inside]);
    } catch (error) {
      if (!isThereAlready(error)) throw error;
      if (triesLeft === 0) {
        throw new RuntimeError('CreatePodSandboxError', `another pod has the address ${address}`);
      }
      await setTimeout(FADING_STEP_MS);
      await this.#lay(pid, address, inside, triesLeft - 1);
    }
  }

  /** Read each time: somebody may have made the bridge anew. */
  async #bridgeIndex(): Promise<number> {
    const { bridge } = this.#options;
    const index = linkIndex(await readFile('/proc/net/igmp', 'utf8'), bridge);
    if (index !== undefined) return index;
    throw new RuntimeError('CreatePodSandboxError', `the pods' bridge ${bridge} is gone: it is made anew`);
  }

  #range(): string {
    const range = this.#options.podRange();
    if (range) return range;
    throw new RuntimeError('CreatePodSandboxError', "the board's pod range is not known yet");
  }

  #rangeV6(): string | undefined {
    return this.#options.podRangeV6?.();
  }

  /** Somebody may have removed it. */
  async #hasBridge(range: string): Promise<boolean> {
    return hasRoute(await readFile('/proc/net/route', 'utf8'), this.#options.bridge, range);
  }

  async #make(range: string, ranges: string): Promise<void> {
    const { bridge } = this.#options;
    const rangeV6 = this.#rangeV6();
    const second = rangeV6 ? [bridgeLineV6(bridge, rangeV6)] : [];
    await ip([...bridgeLines(bridge, range, await links()), ...second]);
    await ignoreRouters(bridge);
    this.#seenRanges = ranges;
  }
}

/** None there counts as removed; other kinds of links are left alone. */
export async function removeBridge(name: string): Promise<void> {
  const isBridge = (await links()).some(
    ({ ifname, linkinfo }) => ifname === name && linkinfo?.info_kind === 'bridge',
  );
  if (isBridge) await ip([`link delete dev ${name}`]);
}

/** A pod that says it is an IPv6 router is not believed. Kernels without IPv6 have no such file. */
async function ignoreRouters(bridge: string): Promise<void> {
  const path = `/proc/sys/net/ipv6/conf/${bridge}/accept_ra`;
  if ((await readFileIfPresent(path)) !== undefined) await writeFile(path, '0');
}

/** `ip`'s words for EEXIST. */
const isThereAlready = (error: unknown) => error instanceof Error && /File exists/.test(error.message);
