// additionalPrinterColumns as columns of a Table; without any, Name and Age.
// https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#additional-printer-columns
import { ageColumn, nameColumn } from '../columns.ts';
import { age } from '../duration.ts';
import type { apiextensions } from '../objects.ts';
import type { Json } from '../schema/json.ts';
import type { Column } from '../scheme.ts';
import { evaluate, parseJsonPath } from './json-path.ts';

type Definition = apiextensions.CustomResourceColumnDefinition;

export function printerColumns(definitions: readonly Definition[] | undefined): Column[] {
  return [nameColumn, ...(definitions?.length ? definitions.map(printerColumn) : [ageColumn])];
}

function printerColumn({ name, type, jsonPath, description = '', priority = 0 }: Definition): Column {
  const path = parseJsonPath(jsonPath) ?? [];
  return {
    name,
    type: type as Column['type'],
    priority: priority > 0 ? 1 : 0,
    description: description || `Custom resource definition column (in JSONPath format): ${jsonPath}`,
    value: (object, nowMs) => cell(type, evaluate(path, object as unknown as Json)[0], nowMs),
  };
}

/** As upstream: what is not there, or not of the column's type, shows nothing. */
function cell(type: string, value: Json | undefined, nowMs: number): string | number | boolean | null {
  if (value === undefined || value === null) return null;
  if (type === 'integer') return typeof value === 'number' ? Math.trunc(value) : null;
  if (type === 'number') return typeof value === 'number' ? value : null;
  if (type === 'boolean') return typeof value === 'boolean' ? value : null;
  if (type === 'date') return typeof value === 'string' ? age(value, nowMs) : null;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
