// Service: names, columns, defaults and rules.
import type { Service } from '../objects.ts';
import type { KindDefinition } from '../scheme.ts';
import { serviceColumns } from './service-columns.ts';
import type { LoadBalancerWay } from './service-outside-rules.ts';
import { validateService, validateServiceUpdate } from './service-rules.ts';
import { serviceWarnings } from './service-warnings.ts';

/** Three hours, as upstream. */
const AFFINITY_SECONDS = 10_800;

function setAffinity({ spec }: Service): void {
  spec.sessionAffinity ||= 'None';
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig;
  if (spec.sessionAffinity !== 'ClientIP') return;
  spec.sessionAffinityConfig ??= {};
  spec.sessionAffinityConfig.clientIP ??= {};
  spec.sessionAffinityConfig.clientIP.timeoutSeconds ??= AFFINITY_SECONDS;
}

/** Source: pkg/apis/core/v1/defaults.go SetDefaults_Service. Addresses and node ports are not given out here. */
function setDefaults(service: Service): void {
  service.spec ??= {};
  const { spec } = service;
  spec.type ||= 'ClusterIP';
  setAffinity(service);
  for (const port of spec.ports ?? []) {
    port.protocol ||= 'TCP';
    port.targetPort ||= port.port;
  }
  const external = spec.type === 'NodePort' || spec.type === 'LoadBalancer';
  if (external) spec.externalTrafficPolicy ||= 'Cluster';
  // The default stays behind in the stored object when its type stops being reachable from outside.
  else if (spec.externalTrafficPolicy === 'Cluster') delete spec.externalTrafficPolicy;
  if (external || spec.type === 'ClusterIP') spec.internalTrafficPolicy ||= 'Cluster';
  if (spec.type === 'LoadBalancer') setBalancerDefaults(service);
}

function setBalancerDefaults({ spec, status }: Service): void {
  spec.allocateLoadBalancerNodePorts ??= true;
  const ways: LoadBalancerWay[] = status?.loadBalancer?.ingress ?? [];
  for (const way of ways) if (way.ip) way.ipMode ??= 'VIP';
}

export const services: KindDefinition<Service> = {
  group: '',
  version: 'v1',
  kind: 'Service',
  plural: 'services',
  singular: 'service',
  shortNames: ['svc'],
  categories: ['all'],
  namespaced: true,
  columns: serviceColumns,
  hasStatus: true,
  nameRule: 'service',
  selectableFields: {
    'spec.clusterIP': (service) => service.spec.clusterIP ?? '',
    'spec.type': (service) => service.spec.type ?? '',
  },
  setDefaults,
  validate: validateService,
  validateUpdate: validateServiceUpdate,
  warnings: serviceWarnings,
};
