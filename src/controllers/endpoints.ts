// Keeps each Service's Endpoints equal to the pods behind it, and writes only when they differ.
// https://kubernetes.io/docs/concepts/services-networking/service/#endpoints
import { isDeepStrictEqual } from 'node:util';
import { HEADLESS_LABEL } from '../api/board-service.ts';
import { endpoints } from '../api/kinds/endpoints.ts';
import { pods } from '../api/kinds/pod.ts';
import { services } from '../api/kinds/service.ts';
import { matchesSelectorMap } from '../api/label-selector.ts';
import { type core, type Endpoints, keyOf, type Pod, type Service, splitKey } from '../api/objects.ts';
import { isAlreadyExists, isNotFound } from '../api/status-error.ts';
import type { Component } from '../base/component.ts';
import type { Informer } from '../client/informer.ts';
import { Controller, onAnyChange } from './controller.ts';
import type { ControllerOptions } from './controller-options.ts';
import { endpointFactsDiffer, endpointSubsets, ownsEndpoints } from './endpoint-subsets.ts';

/** Tells our Endpoints from a user's own when their Service went while we were not running. */
const MANAGED_BY_LABEL = 'endpoints.kubernetes.io/managed-by';
const MANAGED_BY = 'endpoint-controller';
const WORKERS = 4;

export class EndpointsController implements Component {
  readonly #options: ControllerOptions;
  readonly #services: Informer<Service>;
  readonly #pods: Informer<Pod>;
  readonly #endpoints: Informer<Endpoints>;
  readonly #controller: Controller;
  /** Services seen going: their Endpoints go whoever made them. */
  readonly #gone = new Set<string>();

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#services = options.informers.for(services);
    this.#pods = options.informers.for(pods);
    this.#endpoints = options.informers.for(endpoints);
    this.#controller = new Controller(MANAGED_BY, (key) => this.#reconcile(key), options, WORKERS);
    this.#controller.follows(this.#services, {
      onAdd: (service) => this.#controller.enqueue(keyOf(service)),
      onUpdate: (service) => this.#controller.enqueue(keyOf(service)),
      onDelete: (service) => this.#serviceGone(keyOf(service)),
    });
    this.#controller.follows(
      this.#endpoints,
      onAnyChange((e) => this.#controller.enqueue(keyOf(e))),
    );
    this.#controller.follows(this.#pods, {
      onAdd: (pod) => this.#podChanged([pod]),
      onUpdate: (pod, previous) => {
        if (endpointFactsDiffer(pod, previous)) this.#podChanged([pod, previous]);
      },
      onDelete: (pod) => this.#podChanged([pod]),
    });
  }

  start(): Promise<void> {
    return this.#controller.start();
  }

  stop(): Promise<void> {
    return this.#controller.stop();
  }

  #serviceGone(key: string): void {
    this.#gone.add(key);
    this.#controller.enqueue(key);
  }

  /** Old labels count too: a pod that left a selector must leave the Endpoints. */
  #podChanged(versions: readonly Pod[]): void {
    for (const service of this.#services.lister.inNamespace(versions[0]?.metadata.namespace ?? '')) {
      const selector = service.spec.selector ?? {};
      const isBehind = versions.some((pod) => matchesSelectorMap(selector, pod.metadata.labels));
      if (isBehind && ownsEndpoints(service)) this.#controller.enqueue(keyOf(service));
    }
  }

  async #reconcile(key: string): Promise<void> {
    const service = this.#services.lister.get(key);
    const present = this.#endpoints.lister.get(key);
    if (!service) return this.#clear(key, present);
    this.#gone.delete(key);
    if (!ownsEndpoints(service)) return;
    const subsets = endpointSubsets(service, this.#pods.lister.inNamespace(splitKey(key).namespace ?? ''));
    const labels = labelsFor(service);
    if (!present) return this.#create(service, labels, subsets);
    const isSame =
      isDeepStrictEqual(present.subsets ?? [], subsets) &&
      isDeepStrictEqual(present.metadata.labels ?? {}, labels);
    if (isSame) return;
    const metadata = { ...present.metadata, labels };
    await this.#options.client.update(endpoints, { ...present, metadata, subsets });
  }

  async #clear(key: string, present: Endpoints | undefined): Promise<void> {
    const isOurs = present?.metadata.labels?.[MANAGED_BY_LABEL] === MANAGED_BY;
    if (present && (isOurs || this.#gone.has(key))) {
      try {
        const preconditions = { uid: present.metadata.uid };
        await this.#options.client.delete(endpoints, key, { preconditions });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
    this.#gone.delete(key);
  }

  async #create(
    service: Service,
    labels: Record<string, string>,
    subsets: core.EndpointSubset[],
  ): Promise<void> {
    const { name, namespace } = service.metadata;
    const metadata = { name, labels, ...(namespace ? { namespace } : {}) };
    try {
      await this.#options.client.create(endpoints, {
        apiVersion: 'v1',
        kind: 'Endpoints',
        metadata,
        subsets,
      });
    } catch (error) {
      // The cache is a moment behind: the event that brings it up to date calls us again.
      if (!isAlreadyExists(error)) throw error;
    }
  }
}

function labelsFor(service: Service): Record<string, string> {
  const { [HEADLESS_LABEL]: _, ...own } = service.metadata.labels ?? {};
  return {
    ...own,
    ...(service.spec.clusterIP === 'None' ? { [HEADLESS_LABEL]: '' } : {}),
    [MANAGED_BY_LABEL]: MANAGED_BY,
  };
}
