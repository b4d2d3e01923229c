// Answers of the scale subresource: an autoscaling/v1 Scale, or its row where a client wants a table.
import type { Scale } from 'kubernetes-types/autoscaling/v1.js';
import { ageColumn, column, nameColumn } from '../../api/columns.ts';
import type { KubeObject } from '../../api/objects.ts';
import type { Column } from '../../api/scheme.ts';
import { scaleOf } from '../registry/scale.ts';
import { type ResourceRequest, sendObject } from './resource-handler.ts';

const columns: readonly Column<Scale & KubeObject>[] = [
  nameColumn,
  column('Desired', 'The replicas that are wanted.', ({ spec }) => spec?.replicas ?? 0, 'integer'),
  column('Available', 'The replicas that were last seen.', ({ status }) => status?.replicas ?? 0, 'integer'),
  ageColumn,
];

/** `object` is what is scaled. */
export function sendScale(request: ResourceRequest, object: KubeObject): void {
  const kind = { ...request.kind, columns: columns as readonly Column[] };
  sendObject({ ...request, kind }, 200, scaleOf(request.kind, object));
}
