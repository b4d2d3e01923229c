// Parts of which the kinds build their table columns, as upstream's pkg/printers/internalversion names them.
import { age } from './duration.ts';
import type { KubeObject } from './objects.ts';
import type { Column } from './scheme.ts';

type Value<T extends KubeObject> = Column<T>['value'];

/** Shown always. */
export function column<T extends KubeObject>(
  name: string,
  description: string,
  value: Value<T>,
  type: Column['type'] = 'string',
): Column<T> {
  return { name, type, priority: 0, description, value };
}

/** Shown with `-o wide` only. */
export function wideColumn<T extends KubeObject>(
  name: string,
  description: string,
  value: Value<T>,
  type: Column['type'] = 'string',
): Column<T> {
  return { name, type, priority: 1, description, value };
}

export const nameColumn: Column = column(
  'Name',
  'Name must be unique within a namespace.',
  (object) => object.metadata.name,
);

export const ageColumn: Column = column(
  'Age',
  'CreationTimestamp is when the server created this object.',
  (object, nowMs) => age(object.metadata.creationTimestamp, nowMs),
);

/** Comma-joined, or upstream's `<none>`. */
export function listed(values: readonly string[]): string {
  return values.length === 0 ? '<none>' : values.join(',');
}
