// Ingress: names, columns, defaults and rules.
// https://kubernetes.io/docs/concepts/services-networking/ingress/
import { ageColumn, column, nameColumn } from '../columns.ts';
import { ingressClassOf } from '../ingress/board-ingress.ts';
import type { Ingress, networking } from '../objects.ts';
import type { Column, KindDefinition } from '../scheme.ts';
import type { Writable } from '../writable.ts';
import { validateIngress } from './ingress-rules.ts';

/** As upstream: more hosts than this are counted. */
const SHOWN_HOSTS = 3;

function hostsText(rules: readonly networking.IngressRule[]): string {
  const hosts = rules.map(({ host }) => host).filter((host) => !!host);
  if (hosts.length === 0) return '*';
  const shown = hosts.slice(0, SHOWN_HOSTS).join(',');
  return hosts.length > SHOWN_HOSTS ? `${shown} + ${hosts.length - SHOWN_HOSTS} more...` : shown;
}

const addressText = ({ status }: Ingress): string =>
  (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip || hostname || '').join(',');

const columns: readonly Column<Ingress>[] = [
  nameColumn,
  column('Class', 'The IngressClass that serves it.', (ingress) => ingressClassOf(ingress) ?? '<none>'),
  column('Hosts', 'Host names that are routed.', ({ spec }) => hostsText(spec.rules ?? [])),
  column('Address', 'Where it is reached.', addressText),
  column('Ports', 'Ports that it listens on.', ({ spec }) => (spec.tls?.length ? '80, 443' : '80')),
  ageColumn,
];

export const ingresses: KindDefinition<Ingress> = {
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'Ingress',
  plural: 'ingresses',
  singular: 'ingress',
  shortNames: ['ing'],
  categories: [],
  namespaced: true,
  columns,
  hasStatus: true,
  setDefaults(ingress: Writable<Ingress>) {
    ingress.spec ??= {};
    ingress.status ??= { loadBalancer: {} };
  },
  validate: validateIngress,
};
