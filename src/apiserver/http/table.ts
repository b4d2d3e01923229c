// The Table form of objects: rows of cells for people, made from the kind's columns.
// https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables
import type { KubeObject } from '../../api/objects.ts';
import type { KindDefinition } from '../../api/scheme.ts';
import { badRequest } from '../../api/status-error.ts';

type IncludeObject = 'None' | 'Metadata' | 'Object';

export interface TableOptions {
  version: 'v1' | 'v1beta1';
  includeObject: IncludeObject;
  nowMs: number;
  /** Watches name the columns with their first event only. */
  withColumns: boolean;
}

/** @throws StatusError BadRequest */
export function includeObject(query: URLSearchParams): IncludeObject {
  const value = query.get('includeObject') || 'Metadata';
  if (value === 'None' || value === 'Metadata' || value === 'Object') return value;
  throw badRequest(`unrecognized includeObject value "${value}": use None, Metadata or Object`);
}

export function tableOf(
  kind: KindDefinition,
  objects: readonly KubeObject[],
  metadata: object,
  options: TableOptions,
): object {
  return {
    kind: 'Table',
    apiVersion: `meta.k8s.io/${options.version}`,
    metadata,
    columnDefinitions: options.withColumns ? columnDefinitions(kind) : [],
    rows: objects.map((object) => ({
      cells: kind.columns.map((column) => column.value(object, options.nowMs)),
      ...rowObject(object, options),
    })),
  };
}

export function tableOfOne(kind: KindDefinition, object: KubeObject, options: TableOptions): object {
  return tableOf(kind, [object], { resourceVersion: object.metadata.resourceVersion }, options);
}

function columnDefinitions(kind: KindDefinition): object[] {
  return kind.columns.map(({ name, type, description, priority }) => {
    const format = name === 'Name' ? 'name' : '';
    return { name, type, format, description, priority };
  });
}

function rowObject(object: KubeObject, { includeObject, version }: TableOptions): object {
  if (includeObject === 'None') return {};
  return { object: includeObject === 'Object' ? object : partialMetadata(object, version) };
}

export function partialMetadata(object: KubeObject, version: 'v1' | 'v1beta1'): object {
  return { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${version}`, metadata: object.metadata };
}
