// All kinds that are compiled in, and the ways to look one up.
import { configMaps } from './kinds/config-map.ts';
import { endpoints } from './kinds/endpoints.ts';
import { events } from './kinds/event.ts';
import { namespaces } from './kinds/namespace.ts';
import { nodes } from './kinds/node.ts';
import { pods } from './kinds/pod.ts';
import { replicationControllers } from './kinds/replication-controller.ts';
import { secrets } from './kinds/secret.ts';
import { services } from './kinds/service.ts';
import { apiVersionOf, type KindDefinition } from './scheme.ts';

export const allKinds: readonly KindDefinition[] = [
  namespaces,
  nodes,
  pods,
  replicationControllers,
  services,
  endpoints,
  events,
  configMaps,
  secrets,
];

/** By the parts of a path: `('', 'v1', 'pods')`. */
export function kindByResource(group: string, version: string, plural: string): KindDefinition | undefined {
  return allKinds.find((k) => k.plural === plural && k.group === group && k.version === version);
}

/** Every group and version served, in the order of the table: `[{ group: '', version: 'v1' }]`. */
export function groupVersions(): { group: string; version: string }[] {
  const seen = new Map(allKinds.map((k) => [apiVersionOf(k), { group: k.group, version: k.version }]));
  return [...seen.values()];
}
