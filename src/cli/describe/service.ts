// The description of a Service, with the endpoints behind it.
import { endpointsText } from '../../api/kinds/endpoints.ts';
import type { core, Endpoints, Service } from '../../api/objects.ts';
import { isNotFound } from '../../api/status-error.ts';
import { objectPath } from '../../client/resource-path.ts';
import type { CommandContext } from '../command-context.ts';
import { describeIdentity, describeLabels, pairs } from './metadata.ts';
import type { Report } from './report.ts';

async function endpointsOf(context: CommandContext, { metadata }: Service): Promise<Endpoints | undefined> {
  const resource = await context.discovery.byName('endpoints');
  const path = objectPath(resource, `${metadata.namespace}/${metadata.name}`);
  return context.connection.json<Endpoints>({ method: 'GET', path }).catch((error: unknown) => {
    if (isNotFound(error)) return undefined;
    throw error;
  });
}

/** The part of each subset that belongs to one port of the Service. */
function subsetsOf(endpoints: Endpoints | undefined, port: core.ServicePort): core.EndpointSubset[] {
  return (endpoints?.subsets ?? []).map((subset) => ({
    ...subset,
    ports: (subset.ports ?? []).filter((candidate) => (candidate.name ?? '') === (port.name ?? '')),
  }));
}

/** As kubectl: each address with how it is meant. */
function ingressText({ status }: Service): string {
  const ingress = status?.loadBalancer?.ingress ?? [];
  return ingress
    .map(({ ip, ipMode, hostname }) => (ip && ipMode ? `${ip} (${ipMode})` : (ip ?? hostname)))
    .join(', ');
}

function describePort(report: Report, port: core.ServicePort, endpoints: Endpoints | undefined): void {
  report.line('Port', `${port.name ?? '<unset>'}  ${port.port}/${port.protocol}`);
  report.line('TargetPort', `${port.targetPort}/${port.protocol}`);
  if (port.nodePort) report.line('NodePort', `${port.name ?? '<unset>'}  ${port.nodePort}/${port.protocol}`);
  const subsets = subsetsOf(endpoints, port).filter((subset) => (subset.ports ?? []).length > 0);
  report.line('Endpoints', endpointsText(subsets));
}

export async function describeService(
  report: Report,
  service: Service,
  context: CommandContext,
): Promise<void> {
  const { spec } = service;
  const endpoints = await endpointsOf(context, service);
  describeIdentity(report, service.metadata);
  describeLabels(report, service.metadata);
  report.line('Selector', pairs(spec.selector).join(','));
  report.line('Type', spec.type);
  report.optional('IP Family Policy', spec.ipFamilyPolicy);
  report.optional('IP Families', spec.ipFamilies?.join(','));
  report.line('IP', spec.clusterIP);
  report.optional('IPs', spec.clusterIPs?.join(','));
  report.optional('External IPs', spec.externalIPs?.join(','));
  report.optional('Desired LoadBalancer IP', spec.loadBalancerIP);
  report.optional('External Name', spec.externalName);
  report.optional('LoadBalancer Ingress', ingressText(service));
  for (const port of spec.ports ?? []) describePort(report, port, endpoints);
  report.line('Session Affinity', spec.sessionAffinity);
  report.optional('External Traffic Policy', spec.externalTrafficPolicy);
  report.optional('Internal Traffic Policy', spec.internalTrafficPolicy);
  if (spec.healthCheckNodePort) report.line('HealthCheck NodePort', spec.healthCheckNodePort);
  report.optional('LoadBalancer Source Ranges', spec.loadBalancerSourceRanges?.join(','));
  report.optional('Traffic Distribution', spec.trafficDistribution);
}
