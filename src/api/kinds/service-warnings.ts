// What whoever writes a Service is told of parts that have no effect, or have a better name by now.
// Source: pkg/api/service GetWarningsForService; of externalIPs it says that other clusters may lack them, we do not.
import type { Service } from '../objects.ts';

const HINTS_ANNOTATION = 'service.kubernetes.io/topology-aware-hints';
const MODE_ANNOTATION = 'service.kubernetes.io/topology-mode';

export function serviceWarnings(service: Service): string[] {
  const { type, trafficDistribution } = service.spec;
  const isExternalName = type === 'ExternalName';
  return [
    ...topologyWarnings(service),
    ...(type === 'ClusterIP' ? headlessWarnings(service) : []),
    ...(isExternalName && service.spec.externalIPs?.length
      ? ['spec.externalIPs is ignored when spec.type is "ExternalName"']
      : []),
    ...(!isExternalName && service.spec.externalName
      ? ['spec.externalName is ignored when spec.type is not "ExternalName"']
      : []),
    ...(trafficDistribution === 'PreferClose'
      ? ['spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"']
      : []),
  ];
}

/** Both ask for what is not done here. */
function topologyWarnings({ metadata }: Service): string[] {
  const asked = [HINTS_ANNOTATION, MODE_ANNOTATION].filter((name) =>
    /^auto$/i.test(metadata.annotations?.[name] ?? ''),
  );
  return asked.map((name) => `annotation ${name} is stored, not acted upon; use spec.trafficDistribution`);
}

function headlessWarnings({ spec }: Service): string[] {
  if (spec.clusterIP !== 'None') return [];
  return [
    ...(spec.loadBalancerIP ? ['spec.loadBalancerIP is ignored for headless services'] : []),
    ...(spec.externalIPs?.length ? ['spec.externalIPs is ignored for headless services'] : []),
    ...(spec.sessionAffinity !== 'None' ? ['spec.SessionAffinity is ignored for headless services'] : []),
  ];
}
