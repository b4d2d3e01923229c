// The podman network that holds the board's pod range: made when first needed, made anew when the range changed.
import { messageOf } from '../../../base/error-message.ts';
import { formatIpv4, parseIpv4Range } from '../../../base/ipv4.ts';
import { RuntimeError } from '../runtime.ts';
import { removeBridge } from './bridge.ts';
import { label } from './labels.ts';
import type { LibpodClient } from './libpod-client.ts';
import { isNotFound, isRangeInUse } from './libpod-error.ts';

export interface NetworkOptions {
  /** Name in podman. */
  name: string;
  /** Name of the bridge on the board, at most 15 characters. */
  bridge: string;
  /** The board's share of the pod range, such as 10.40.2.0/23; `undefined` while the master has not told it. */
  podRange: () => string | undefined;
}

interface LibpodNetwork {
  driver: string;
  subnets?: { subnet: string; gateway?: string }[];
}

export class PodNetwork {
  readonly #client: LibpodClient;
  readonly #options: NetworkOptions;
  readonly #owner: string;
  #ensuredRange: string | undefined;
  #ensuring: Promise<void> | undefined;

  constructor(client: LibpodClient, options: NetworkOptions, owner: string) {
    this.#client = client;
    this.#options = options;
    this.#owner = owner;
  }

  /** Resolves with the network's name once it exists with the board's range. */
  async ensure(): Promise<string> {
    const range = this.#options.podRange();
    if (!range) throw new RuntimeError('CreatePodSandboxError', "the board's pod range is not known yet");
    if (range !== this.#ensuredRange) {
      this.#ensuring ??= this.#make(range).finally(() => {
        this.#ensuring = undefined;
      });
      await this.#ensuring;
    }
    return this.#options.name;
  }

  /** Someone removed it: look again before the next pod. */
  forget(): void {
    this.#ensuredRange = undefined;
  }

  /** Removes network and bridge. While pods are in it podman refuses, and so does this. */
  async remove(): Promise<void> {
    this.forget();
    try {
      await this.#client.call({ method: 'DELETE', path: `/networks/${this.#options.name}` });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    await removeBridge(this.#options.bridge);
  }

  async #make(range: string): Promise<void> {
    const existing = await this.#existing();
    const subnet = existing?.subnets?.[0]?.subnet;
    if (existing && subnet !== range) await this.#removeOutdated(subnet, range);
    if (!existing || subnet !== range) await this.#create(range);
    this.#ensuredRange = range;
  }

  async #existing(): Promise<LibpodNetwork | undefined> {
    try {
      return await this.#client.getJson<LibpodNetwork>(`/networks/${this.#options.name}/json`);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** Not by force: that would remove the containers with it. */
  async #removeOutdated(subnet: string | undefined, range: string): Promise<void> {
    const { name } = this.#options;
    try {
      await this.#client.call({ method: 'DELETE', path: `/networks/${name}` });
    } catch (error) {
      const words = messageOf(error);
      throw new RuntimeError(
        'CreatePodSandboxError',
        `podman's network ${name} has the range ${subnet} instead of ${range} and cannot be made anew: ${words}`,
      );
    }
  }

  /** A bridge that a killed podman left still has the range: podman then takes it for somebody else's. */
  async #create(range: string): Promise<void> {
    try {
      await this.#post(range);
    } catch (error) {
      if (!isRangeInUse(error) || !(await removeBridge(this.#options.bridge))) throw error;
      await this.#post(range);
    }
  }

  async #post(range: string): Promise<void> {
    await this.#client.postJson('/networks/create', {
      name: this.#options.name,
      driver: 'bridge',
      network_interface: this.#options.bridge,
      subnets: [{ subnet: range, gateway: gatewayOf(range) }],
      dns_enabled: false,
      labels: { [label.owner]: this.#owner },
    });
  }
}

/** First address of the range, which the board itself has on the bridge: 10.40.2.1 of 10.40.2.0/23. */
export function gatewayOf(range: string): string {
  const parsed = parseIpv4Range(range);
  if (parsed) return formatIpv4(parsed.first + 1);
  throw new RuntimeError('CreatePodSandboxError', `${range} is not an IPv4 range such as 10.40.2.0/23`);
}
