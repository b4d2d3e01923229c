// PodMetrics of metrics.k8s.io: what the containers of a pod use now. Measured, never stored.
// https://github.com/kubernetes/metrics, pkg/apis/metrics/v1beta1/types.go
import { column, nameColumn } from '../columns.ts';
import type { KubeObject } from '../objects.ts';
import { addQuantities, formatQuantity, tryParseQuantity, zeroQuantity } from '../quantity.ts';
import type { KindDefinition } from '../scheme.ts';
import { measuredSchema, timeSchema, usageSchema } from './measured-schema.ts';
import type { Usage } from './node-metrics.ts';

export interface PodMetrics extends KubeObject {
  timestamp: string;
  /** Such as `60s`. */
  window: string;
  containers: readonly { name: string; usage: Usage }[];
}

/** Over all containers; `null` when one of them is not known. */
function total({ containers }: PodMetrics, resource: string): string | null {
  let sum = zeroQuantity;
  for (const { usage } of containers) {
    const quantity = tryParseQuantity(usage[resource] ?? '');
    if (!quantity) return null;
    sum = addQuantities(sum, quantity);
  }
  return formatQuantity(sum);
}

const containerSchema = {
  type: 'object',
  properties: { name: { type: 'string' }, usage: usageSchema },
};

export const podMetrics: KindDefinition<PodMetrics> = {
  group: 'metrics.k8s.io',
  version: 'v1beta1',
  kind: 'PodMetrics',
  plural: 'pods',
  singular: '',
  shortNames: [],
  categories: [],
  namespaced: true,
  columns: [
    nameColumn,
    column('cpu', 'Cores in use.', (metrics) => total(metrics, 'cpu')),
    column('memory', 'Memory in use.', (metrics) => total(metrics, 'memory')),
    column('Window', 'How long it was measured.', ({ window }) => window),
  ],
  hasStatus: false,
  measured: true,
  ownSchema: measuredSchema('PodMetrics sets resource usage metrics of a pod.', {
    ...timeSchema,
    containers: { type: 'array', items: containerSchema },
  }),
};
