// Puts the registry together: the strategies of the kinds that have one, the allocators they share, what expires.

import { LazyRules } from '../../api/custom/rules/lazy-rules.ts';
import { certificateSigningRequests } from '../../api/kinds/certificate-signing-request.ts';
import { customResourceDefinitions } from '../../api/kinds/custom-resource-definition.ts';
import { deployments } from '../../api/kinds/deployment.ts';
import { jobs } from '../../api/kinds/job.ts';
import { namespaces } from '../../api/kinds/namespace.ts';
import { nodes } from '../../api/kinds/node.ts';
import { pods } from '../../api/kinds/pod.ts';
import { services } from '../../api/kinds/service.ts';
import type { KubeObject, Service } from '../../api/objects.ts';
import { loadSchema } from '../../api/schema/load-schema.ts';
import type { Schema } from '../../api/schema/schema.ts';
import { allKinds } from '../../api/scheme-table.ts';
import { ServedKinds } from '../../api/served-kinds.ts';
import type { Clock } from '../../base/clock.ts';
import type { ClusterNetwork } from '../../base/cluster-network.ts';
import type { Component } from '../../base/component.ts';
import type { Logger } from '../../base/logger.ts';
import type { Store } from '../../store/store.ts';
import { type AccountOptions, newAdmission } from '../admission/new-admission.ts';
import { CustomKinds } from '../custom-kinds.ts';
import { ExpiringObjects } from '../expiring-objects.ts';
import type { ComponentSource } from '../measured/component-health.ts';
import type { UsageSource } from '../measured/usage-source.ts';
import { CertificateRequestStrategy } from '../strategies/certificate-request-strategy.ts';
import { CustomDefinitionStrategy } from '../strategies/custom-definition-strategy.ts';
import { DeploymentStrategy } from '../strategies/deployment-strategy.ts';
import { JobStrategy } from '../strategies/job-strategy.ts';
import { NamespaceStrategy } from '../strategies/namespace-strategy.ts';
import { type DefaultTolerations, PodStrategy } from '../strategies/pod-strategy.ts';
import { addressAllocators, nodePortAllocator } from '../strategies/service-addresses.ts';
import { ServiceStrategy } from '../strategies/service-strategy.ts';
import { storePrefix } from './keys.ts';
import { NamespaceGate } from './namespace-gate.ts';
import { Registry } from './registry.ts';
import { type Strategy, strategyKey } from './strategy.ts';

export interface RegistryOptions {
  store: Store;
  clock: Clock;
  logger: Logger;
  network: ClusterNetwork;
  defaultTolerations?: DefaultTolerations | undefined;
  /** Whose tokens Secrets get, and as whom pods run; without it neither is decided here. */
  accounts?: AccountOptions | undefined;
  newUid(): string;
  random(): number;
  /** What is served, to which custom kinds are added; those compiled in unless given. */
  kinds?: ServedKinds | undefined;
  /** What metrics.k8s.io shows; nothing without it. */
  usage?: UsageSource | undefined;
  /** What componentstatuses show; nothing without it. */
  components?: ComponentSource | undefined;
  /** Shared with whoever else needs it; loaded here unless given. */
  schema?: (() => Promise<Schema>) | undefined;
}

export interface RegistryParts {
  registry: Registry;
  /** Start them once the store is started, before anything writes. */
  components: Component[];
}

export function newRegistry(options: RegistryOptions): RegistryParts {
  const { store, clock, logger, network, newUid, random } = options;
  const schema = options.schema ?? once(loadSchema);
  const gate = new NamespaceGate(store);
  const { admission, components: accounting } = newAdmission(store, clock, options.accounts, random);
  const ports = nodePortAllocator(network.nodePorts, random);
  const serviceStrategy = new ServiceStrategy(addressAllocators(network, random), ports);
  const podStrategy = new PodStrategy(options.defaultTolerations);
  const kinds = options.kinds ?? new ServedKinds();
  const rules = new LazyRules();
  const definitionStrategy = new CustomDefinitionStrategy(kinds, clock, rules);
  const strategies = new Map<string, Strategy>([
    [strategyKey(pods), podStrategy as Strategy<never> as Strategy],
    // As upstream: a board registers itself together with what it found out about itself.
    [strategyKey(nodes), { acceptsStatusAtCreate: true }],
    [strategyKey(deployments), new DeploymentStrategy() as Strategy<never> as Strategy],
    [strategyKey(jobs), new JobStrategy() as Strategy<never> as Strategy],
    [strategyKey(services), serviceStrategy as Strategy<never> as Strategy],
    [strategyKey(customResourceDefinitions), definitionStrategy as Strategy<never> as Strategy],
    [
      strategyKey(certificateSigningRequests),
      new CertificateRequestStrategy(clock) as Strategy<never> as Strategy,
    ],
    [strategyKey(namespaces), new NamespaceStrategy(gate) as Strategy<never> as Strategy],
  ]);
  const rebuild: Component = {
    start: async () => rebuildServices(store, serviceStrategy, logger),
    stop: async () => {},
  };
  const expiring = allKinds.flatMap((kind) =>
    kind.timeToLiveMs === undefined
      ? []
      : [new ExpiringObjects(store, clock, logger, kind, kind.timeToLiveMs)],
  );
  const registry = new Registry({
    store,
    clock,
    strategies,
    gate,
    schema,
    admission,
    rules,
    usage: options.usage,
    components: options.components,
    newUid,
    random,
  });
  const custom = new CustomKinds({ store, registry, kinds, strategy: definitionStrategy, rules, logger });
  return { registry, components: [...accounting, rebuild, custom, ...expiring] };
}

function rebuildServices(store: Store, strategy: ServiceStrategy, logger: Logger): void {
  strategy.clear();
  for (const { value } of store.list(storePrefix(services))) {
    const service = value as KubeObject as Service;
    const clashes = strategy.rebuild(service);
    const { namespace, name } = service.metadata;
    if (clashes.length > 0) {
      logger.warn(
        { service: `${namespace}/${name}`, clashes },
        'a Service holds what another one has: delete one',
      );
    }
  }
}

function once<T>(load: () => Promise<T>): () => Promise<T> {
  let loaded: Promise<T> | undefined;
  return () => {
    loaded ??= load();
    return loaded;
  };
}
