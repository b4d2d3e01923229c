// NodeMetrics of metrics.k8s.io: what a board uses now. Measured, never stored.
// https://github.com/kubernetes/metrics, pkg/apis/metrics/v1beta1/types.go
import { column, nameColumn } from '../columns.ts';
import type { KubeObject } from '../objects.ts';
import type { KindDefinition } from '../scheme.ts';
import { measuredSchema, timeSchema, usageSchema } from './measured-schema.ts';

/** Quantities by resource: `cpu`, `memory`. A resource that is not known is not there. */
export type Usage = Readonly<Record<string, string>>;

export interface NodeMetrics extends KubeObject {
  timestamp: string;
  /** Such as `60s`. */
  window: string;
  usage: Usage;
}

export const nodeMetrics: KindDefinition<NodeMetrics> = {
  group: 'metrics.k8s.io',
  version: 'v1beta1',
  kind: 'NodeMetrics',
  plural: 'nodes',
  singular: '',
  shortNames: [],
  categories: [],
  namespaced: false,
  columns: [
    nameColumn,
    column('cpu', 'Cores in use.', ({ usage }) => usage.cpu ?? null),
    column('memory', 'Memory in use.', ({ usage }) => usage.memory ?? null),
    column('Window', 'How long it was measured.', ({ window }) => window),
  ],
  hasStatus: false,
  measured: true,
  ownSchema: measuredSchema('NodeMetrics sets resource usage metrics of a node.', {
    ...timeSchema,
    usage: usageSchema,
  }),
};
