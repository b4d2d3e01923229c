// Keeps each Service's EndpointSlices equal to what is behind it, and writes only the slices that differ. Slices
// of other managers are left alone. https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/
import { isDeepStrictEqual } from 'node:util';
import { endpointSlices } from '../api/kinds/endpoint-slice.ts';
import { endpoints } from '../api/kinds/endpoints.ts';
import { nodes } from '../api/kinds/node.ts';
import { pods } from '../api/kinds/pod.ts';
import { services } from '../api/kinds/service.ts';
import { matchesSelectorMap } from '../api/label-selector.ts';
import {
  type EndpointSlice,
  type Endpoints,
  keyOf,
  type Node,
  type Pod,
  type Service,
  splitKey,
} from '../api/objects.ts';
import { isConflict, isNotFound } from '../api/status-error.ts';
import { zoneOf } from '../api/zone.ts';
import type { Component } from '../base/component.ts';
import type { IpFamily } from '../base/ip.ts';
import type { Informer } from '../client/informer.ts';
import { WrittenObjects } from '../client/written-objects.ts';
import { Controller, onAnyChange } from './controller.ts';
import type { ControllerOptions } from './controller-options.ts';
import { planSlices, type SliceContent, type SlicePlan } from './endpoint-slice-plan.ts';
import {
  SERVICE_NAME_LABEL,
  SLICE_MANAGER_LABEL,
  SLICE_MANAGERS,
  sliceSource,
} from './endpoint-slice-source.ts';
import { endpointFactsDiffer, ownsEndpoints } from './endpoint-subsets.ts';
import { isNamespaceTerminating } from './workload-failure.ts';

const WORKERS = 4;

type Source = NonNullable<ReturnType<typeof sliceSource>>;
type NewSlice = SliceContent & { addressType: IpFamily };

export class EndpointSliceController implements Component {
  readonly #options: ControllerOptions;
  readonly #services: Informer<Service>;
  readonly #pods: Informer<Pod>;
  readonly #endpoints: Informer<Endpoints>;
  readonly #nodes: Informer<Node>;
  readonly #written: WrittenObjects<EndpointSlice>;
  readonly #controller: Controller;

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#services = options.informers.for(services);
    this.#pods = options.informers.for(pods);
    this.#endpoints = options.informers.for(endpoints);
    this.#nodes = options.informers.for(nodes);
    const slices = options.informers.for(endpointSlices);
    this.#written = new WrittenObjects(slices);
    this.#controller = new Controller('endpointslice', (key) => this.#reconcile(key), options, WORKERS);
    const look = onAnyChange((object: Service | Endpoints) => this.#controller.enqueue(keyOf(object)));
    this.#controller.follows<Service>(this.#services, look);
    this.#controller.follows<Endpoints>(this.#endpoints, look);
    this.#controller.follows(
      slices,
      onAnyChange((slice, previous) => this.#sliceChanged([slice, previous])),
    );
    this.#controller.follows<Node>(
      this.#nodes,
      onAnyChange((node, previous) => this.#nodeChanged(node, previous)),
    );
    this.#controller.follows(
      this.#pods,
      onAnyChange((pod, previous) => {
        if (!previous || endpointFactsDiffer(pod, previous)) this.#podChanged([pod, previous]);
      }),
    );
  }

  /** Where its pods are is told of each endpoint, whether or not its Service prefers those nearby. */
  #nodeChanged(node: Node, previous: Node | undefined): void {
    if (zoneOf(node) === zoneOf(previous)) return;
    for (const service of this.#services.lister.list())
      if (ownsEndpoints(service)) this.#controller.enqueue(keyOf(service));
  }

  start(): Promise<void> {
    return this.#controller.start();
  }

  stop(): Promise<void> {
    return this.#controller.stop();
  }

  #sliceChanged(versions: readonly (EndpointSlice | undefined)[]): void {
    for (const slice of versions) {
      const name = slice && isManaged(slice) && slice.metadata.labels?.[SERVICE_NAME_LABEL];
      if (name) this.#controller.enqueue(`${slice.metadata.namespace}/${name}`);
    }
  }

  /** Old labels count too: a pod that left a selector must leave the slices. */
  #podChanged(versions: readonly (Pod | undefined)[]): void {
    for (const service of this.#services.lister.inNamespace(versions[0]?.metadata.namespace ?? '')) {
      const selector = service.spec.selector ?? {};
      const isBehind = versions.some((pod) => pod && matchesSelectorMap(selector, pod.metadata.labels));
      if (isBehind && ownsEndpoints(service)) this.#controller.enqueue(keyOf(service));
    }
  }

  async #reconcile(key: string): Promise<void> {
    const { namespace = '', name } = splitKey(key);
    const own = this.#written
      .list(namespace)
      .filter((slice) => isManaged(slice) && slice.metadata.labels?.[SERVICE_NAME_LABEL] === name);
    const service = this.#services.lister.get(key);
    const isStaying = service && !service.metadata.deletionTimestamp;
    const source = isStaying
      ? sliceSource(
          service,
          this.#pods.lister.inNamespace(namespace),
          this.#endpoints.lister.get(key),
          (nodeName) => zoneOf(this.#nodes.lister.get(nodeName)),
        )
      : undefined;
    if (!source) return this.#remove(own);
    const isFromHere = ({ metadata }: EndpointSlice) =>
      metadata.labels?.[SLICE_MANAGER_LABEL] === source.manager &&
      metadata.ownerReferences?.some(({ uid }) => uid === source.owner.uid) === true;
    const left = new Set(own);
    for (const [family, entries] of source.entries) {
      const present = own.filter((slice) => isFromHere(slice) && slice.addressType === family);
      for (const slice of present) left.delete(slice);
      const plan = planSlices(entries, present, source.publishAll, source.placement);
      await this.#apply(namespace, source, family, plan);
    }
    await this.#remove([...left]);
  }

  /** New ones first: an endpoint that moves is for a moment in two slices, and never in none. */
  async #apply(namespace: string, source: Source, addressType: IpFamily, plan: SlicePlan): Promise<void> {
    for (const content of plan.create) await this.#create(namespace, source, { addressType, ...content });
    for (const { slice, content } of plan.keep) await this.#update(slice, source, content);
    await this.#remove(plan.remove);
  }

  async #create(namespace: string, { labels, owner }: Source, content: NewSlice): Promise<void> {
    try {
      const slice = await this.#options.client.create(endpointSlices, {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { generateName: `${owner.name}-`, namespace, labels, ownerReferences: [owner] },
        ...content,
      });
      this.#written.wrote(slice);
    } catch (error) {
      if (!isNamespaceTerminating(error)) throw error;
    }
  }

  async #update(slice: EndpointSlice, { labels }: Source, content: SliceContent): Promise<void> {
    const isSame =
      isDeepStrictEqual(slice.endpoints ?? [], content.endpoints) &&
      isDeepStrictEqual(slice.ports ?? [], content.ports) &&
      isDeepStrictEqual(slice.metadata.labels ?? {}, labels);
    if (isSame) return;
    const metadata = { ...slice.metadata, labels };
    this.#written.wrote(
      await this.#options.client.update(endpointSlices, { ...slice, ...content, metadata }),
    );
  }

  async #remove(slices: readonly EndpointSlice[]): Promise<void> {
    for (const slice of slices) {
      const preconditions = { uid: slice.metadata.uid };
      try {
        await this.#options.client.delete(endpointSlices, keyOf(slice), { preconditions });
      } catch (error) {
        if (!isNotFound(error) && !isConflict(error)) throw error;
        continue;
      }
      this.#written.deleted(slice);
    }
  }
}

function isManaged({ metadata }: EndpointSlice): boolean {
  const manager = metadata.labels?.[SLICE_MANAGER_LABEL];
  return SLICE_MANAGERS.some((known) => known === manager);
}
