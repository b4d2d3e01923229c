// A kind's further versions as KindDefinitions of their own, so that routing, discovery and tables need not know
// that the objects behind them are stored in another form.
import type { KubeObject } from './objects.ts';
import {
  apiVersionOf,
  type Column,
  type KindDefinition,
  type KindView,
  type ServedVersion,
} from './scheme.ts';

/** The kind itself first: it is the preferred version. */
export function versionsOf(kind: KindDefinition): KindDefinition[] {
  return [kind, ...(kind.servedVersions ?? []).map((served) => viewOf(kind, served))];
}

/** The kind under which the objects are stored. */
export const storedKind = (kind: KindDefinition): KindDefinition => kind.view?.of ?? kind;

export const toStored = (kind: KindDefinition, object: KubeObject, previous?: KubeObject): KubeObject =>
  kind.view ? kind.view.toStored(object, previous) : object;

export const fromStored = <T extends KubeObject>(kind: KindDefinition, object: T): T =>
  kind.view ? (kind.view.fromStored(object) as T) : object;

function viewOf(kind: KindDefinition, served: ServedVersion): KindDefinition {
  const { servedVersions: _own, deprecation: _stored, ...rest } = kind;
  const group = served.group ?? kind.group;
  const apiVersion = apiVersionOf({ group, version: served.version });
  const convert = served.fromStored ?? ((object: KubeObject) => object);
  const view: KindView = {
    of: kind,
    fromStored: (object) => ({ ...convert(object), apiVersion }),
    toStored: (object) => ({ ...(served.toStored?.(object) ?? object), apiVersion: apiVersionOf(kind) }),
  };
  return {
    ...rest,
    group,
    version: served.version,
    columns: kind.columns.map((column) => storedColumn(column, view)),
    selectableFields: served.selectableFields ?? kind.selectableFields ?? {},
    ...(served.deprecation ? { deprecation: served.deprecation } : {}),
    view,
  };
}

/** As upstream: every version prints the same columns. */
function storedColumn(column: Column, view: KindView): Column {
  return { ...column, value: (object, nowMs) => column.value(view.toStored(object), nowMs) };
}
