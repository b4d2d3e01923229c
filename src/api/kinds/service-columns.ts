// What `kubectl get services` shows. Source: pkg/printers/internalversion/printers.go printService
import { ageColumn, column, listed, nameColumn, wideColumn } from '../columns.ts';
import { formatLabels } from '../label-selector.ts';
import type { core, Service } from '../objects.ts';
import type { Column } from '../scheme.ts';

function portText(port: core.ServicePort): string {
  const nodePort = port.nodePort ? `:${port.nodePort}` : '';
  return `${port.port}${nodePort}/${port.protocol ?? 'TCP'}`;
}

function loadBalancerAddresses(service: Service): string[] {
  const ingress = service.status?.loadBalancer?.ingress ?? [];
  return ingress.map((entry) => entry.ip || entry.hostname || '').filter((address) => address !== '');
}

function externalAddress(service: Service): string {
  const { type, externalIPs = [], externalName } = service.spec;
  if (type === 'ExternalName') return externalName || '<none>';
  if (type !== 'LoadBalancer') return listed(externalIPs);
  const addresses = [...loadBalancerAddresses(service), ...externalIPs];
  return addresses.length === 0 ? '<pending>' : addresses.join(',');
}

function clusterAddress({ spec }: Service): string {
  return spec.clusterIPs?.[0] || spec.clusterIP || '<none>';
}

export const serviceColumns: readonly Column<Service>[] = [
  nameColumn,
  column('Type', 'How the service is reached.', (service) => service.spec.type ?? 'ClusterIP'),
  column('Cluster-IP', 'Address inside the cluster.', clusterAddress),
  column('External-IP', 'Addresses outside the cluster.', externalAddress),
  column('Port(s)', 'Ports of the service, with their node ports.', (service) =>
    listed((service.spec.ports ?? []).map(portText)),
  ),
  ageColumn,
  wideColumn(
    'Selector',
    'Labels of the pods behind it.',
    (service) => formatLabels(service.spec.selector) || '<none>',
  ),
];
