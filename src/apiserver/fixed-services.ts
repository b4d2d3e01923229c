// Keeps the Service by which pods reach the API, with the addresses of now, and the one that stands for DNS: who deletes
// all of a namespace finds them again, and pods reach a master whose lease gave it another address. As upstream's
// controller of the same Service, every ten seconds. Source: pkg/controlplane/controller/kubernetesservice
import { isDeepStrictEqual } from 'node:util';
import { endpointSlices } from '../api/kinds/endpoint-slice.ts';
import { endpoints } from '../api/kinds/endpoints.ts';
import { services } from '../api/kinds/service.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { Component } from '../base/component.ts';
import type { Logger } from '../base/logger.ts';
import {
  type ApiAddress,
  apiEndpoints,
  bootstrapApiService,
  bootstrapDnsService,
} from './bootstrap-objects.ts';
import type { Registry } from './registry/registry.ts';

export interface FixedServicesOptions {
  registry: Registry;
  /** How the API is reached now. */
  api(): ApiAddress;
  dnsAddress: string;
  clock: Clock;
  logger: Logger;
}

const LOOK_MS = 10_000;
const API = 'default/kubernetes';
const DNS = 'kube-system/kube-dns';

export class FixedServices implements Component {
  readonly #options: FixedServicesOptions;
  #work: Promise<void> = Promise.resolve();
  #timer: Timer | undefined;
  /** Of which it was told already that it stays away. */
  #isDnsRefused = false;

  constructor(options: FixedServicesOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { registry, api, clock, logger } = this.#options;
    await bootstrapApiService(registry, api());
    await this.#addDns();
    this.#timer = clock.every(LOOK_MS, () => {
      this.#work = this.#work
        .then(() => this.#look())
        .catch((error: unknown) => logger.warn({ err: error }, `${API} is not as it should be, tried again`));
    });
  }

  async stop(): Promise<void> {
    this.#timer?.cancel();
    await this.#work;
  }

  /** Writes only where something is missing or another. */
  async #look(): Promise<void> {
    const { registry, api } = this.#options;
    const wanted = api();
    if (!this.#isThere(wanted)) await bootstrapApiService(registry, wanted);
    if (!registry.find(services, DNS) && !this.#isDnsRefused) await this.#addDns();
  }

  #isThere(api: ApiAddress): boolean {
    const { registry } = this.#options;
    const { subsets, slice } = apiEndpoints(api);
    const [known, knownSlice] = [registry.find(endpoints, API), registry.find(endpointSlices, API)];
    return (
      registry.find(services, API) !== undefined &&
      isDeepStrictEqual(known?.subsets ?? [], subsets) &&
      isDeepStrictEqual({ endpoints: knownSlice?.endpoints, ports: knownSlice?.ports }, slice)
    );
  }

  async #addDns(): Promise<void> {
    const { registry, dnsAddress, logger } = this.#options;
    try {
      await bootstrapDnsService(registry, dnsAddress);
    } catch (error) {
      // Somebody else's Service has that address: theirs stays, and the cluster goes on under it.
      this.#isDnsRefused = true;
      logger.warn({ err: error }, `no Service ${DNS} at ${dnsAddress}`);
    }
  }
}
