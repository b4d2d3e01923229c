// Keeps `status.loadBalancer` of Services of type LoadBalancer equal to the addresses of the boards that serve them.
// https://kubernetes.io/docs/concepts/services-networking/service/#loadbalancer
import { endpointSlices } from '../api/kinds/endpoint-slice.ts';
import { nodes } from '../api/kinds/node.ts';
import { services } from '../api/kinds/service.ts';
import { type EndpointSlice, keyOf, type Node, type Service, splitKey, timestamp } from '../api/objects.ts';
import type { Component } from '../base/component.ts';
import type { Informer } from '../client/informer.ts';
import { Controller, onAnyChange } from './controller.ts';
import type { ControllerOptions } from './controller-options.ts';
import { SERVICE_NAME_LABEL } from './endpoint-slice-source.ts';
import {
  boardFactsDiffer,
  isLoadBalancer,
  type LoadBalancerPlan,
  planLoadBalancer,
  withCleanup,
  withLoadBalancer,
} from './load-balancer-plan.ts';

const COMPONENT = 'service-controller';

export class LoadBalancerController implements Component {
  readonly #options: ControllerOptions;
  readonly #services: Informer<Service>;
  readonly #nodes: Informer<Node>;
  readonly #slices: Informer<EndpointSlice>;
  readonly #controller: Controller;

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#services = options.informers.for(services);
    this.#nodes = options.informers.for(nodes);
    this.#slices = options.informers.for(endpointSlices);
    this.#controller = new Controller('load-balancer', (key) => this.#reconcile(key), options);
    this.#controller.follows<Service>(
      this.#services,
      onAnyChange((service, previous) => this.#serviceChanged(service, previous)),
    );
    this.#controller.follows<Node>(
      this.#nodes,
      onAnyChange((node, previous) => {
        if (!previous || boardFactsDiffer(node, previous)) this.#all();
      }),
    );
    this.#controller.follows<EndpointSlice>(
      this.#slices,
      onAnyChange((slice) => this.#sliceChanged(slice)),
    );
  }

  start(): Promise<void> {
    return this.#controller.start();
  }

  stop(): Promise<void> {
    return this.#controller.stop();
  }

  /** Ports that one gives up, another may have waited for. */
  #serviceChanged(service: Service, previous: Service | undefined): void {
    if (service.spec.type === 'LoadBalancer' || previous?.spec.type === 'LoadBalancer') this.#all();
    if (isShown(service) || withCleanup(service) !== service) this.#controller.enqueue(keyOf(service));
  }

  #all(): void {
    for (const service of this.#services.lister.list()) {
      if (service.spec.type === 'LoadBalancer') this.#controller.enqueue(keyOf(service));
    }
  }

  #sliceChanged({ metadata }: EndpointSlice): void {
    const key = `${metadata.namespace}/${metadata.labels?.[SERVICE_NAME_LABEL]}`;
    const service = this.#services.lister.get(key);
    if (service && isLoadBalancer(service) && service.spec.externalTrafficPolicy === 'Local') {
      this.#controller.enqueue(key);
    }
  }

  async #reconcile(key: string): Promise<void> {
    const found = this.#services.lister.get(key);
    const isAnothers = found?.spec.type === 'LoadBalancer' && !isLoadBalancer(found);
    if (!found || isAnothers) return;
    const service = await this.#held(found);
    if (service.metadata.deletionTimestamp) return;
    const plan = planLoadBalancer(
      service,
      this.#services.lister.list(),
      this.#nodes.lister.list(),
      this.#slicesOf(key),
    );
    const status = withLoadBalancer(service, plan, timestamp(this.#options.clock.now()));
    if (status === service.status || (!service.status && plan.addresses.length === 0 && !plan.conflict))
      return;
    await this.#options.client.updateStatus(services, { ...service, status });
    this.#tell(service, plan);
  }

  async #held(service: Service): Promise<Service> {
    const held = withCleanup(service);
    return held === service ? service : this.#options.client.update(services, held);
  }

  #slicesOf(key: string): EndpointSlice[] {
    const { namespace = '', name } = splitKey(key);
    return this.#slices.lister
      .inNamespace(namespace)
      .filter(({ metadata }) => metadata.labels?.[SERVICE_NAME_LABEL] === name);
  }

  #tell(service: Service, plan: LoadBalancerPlan): void {
    const [reason, message] = happening(service, plan);
    this.#record(service, reason, message);
  }

  #record(object: Service, reason: string, message: string): void {
    const isWarning = reason === 'SyncLoadBalancerFailed' || reason === 'UnAvailableLoadBalancer';
    const type = isWarning ? 'Warning' : 'Normal';
    this.#options.recorder.record({ object, type, reason, message, component: COMPONENT });
  }
}

const isShown = ({ status }: Service): boolean => (status?.loadBalancer?.ingress?.length ?? 0) > 0;

/** Reasons and words of upstream's service controller. */
function happening(service: Service, { addresses, conflict }: LoadBalancerPlan): [string, string] {
  if (conflict) return ['SyncLoadBalancerFailed', `Error syncing load balancer: ${conflict}`];
  if (!isShown(service)) return ['EnsuredLoadBalancer', 'Ensured load balancer'];
  if (!isLoadBalancer(service)) return ['DeletedLoadBalancer', 'Deleted load balancer'];
  return addresses.length > 0
    ? ['UpdatedLoadBalancer', 'Updated load balancer with new hosts']
    : ['UnAvailableLoadBalancer', 'There are no available nodes for LoadBalancer'];
}
