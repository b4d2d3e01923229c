// ComponentStatus: how the parts of the master are. Asked of them whenever somebody looks, never stored.
// https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/component-status-v1/
import { column, nameColumn } from '../columns.ts';
import { findCondition } from '../conditions.ts';
import type { Condition, KubeObject } from '../objects.ts';
import type { KindDefinition } from '../scheme.ts';
import { measuredSchema } from './measured-schema.ts';

export interface ComponentStatus extends KubeObject {
  /** One, of type `Healthy`. */
  conditions: (Condition & { error?: string })[];
}

const healthy = ({ conditions }: ComponentStatus) => findCondition(conditions, 'Healthy');
const text = { type: 'string' };

export const componentStatuses: KindDefinition<ComponentStatus> = {
  group: '',
  version: 'v1',
  kind: 'ComponentStatus',
  plural: 'componentstatuses',
  singular: 'componentstatus',
  shortNames: ['cs'],
  categories: [],
  namespaced: false,
  columns: [
    nameColumn,
    column('Status', 'Status of the component conditions', (component) =>
      healthy(component)?.status === 'True' ? 'Healthy' : 'Unhealthy',
    ),
    column(
      'Message',
      'Message of the component conditions',
      (component) => healthy(component)?.message ?? '',
    ),
    column('Error', 'Error of the component conditions', (component) => healthy(component)?.error ?? ''),
  ],
  hasStatus: false,
  measured: true,
  deprecation: 'v1 ComponentStatus is deprecated in v1.19+',
  ownSchema: measuredSchema('ComponentStatus (and ComponentStatusList) holds the cluster validation info.', {
    conditions: {
      type: 'array',
      description: 'List of component conditions observed',
      items: {
        type: 'object',
        required: ['type', 'status'],
        properties: { type: text, status: text, message: text, error: text },
      },
    },
  }),
};
