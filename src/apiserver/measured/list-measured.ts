// GET and LIST of kinds that are measured: the same selectors and answers as for stored objects, without a history.
import type { KubeObject } from '../../api/objects.ts';
import { keyOf, splitKey } from '../../api/objects.ts';
import type { KindDefinition } from '../../api/scheme.ts';
import type { ListResult, ServerListOptions } from '../registry/list.ts';
import type { RegistryContext } from '../registry/registry-context.ts';
import { Selection } from '../registry/selection.ts';
import { measuredObjects } from './measured-objects.ts';

type Context = Pick<RegistryContext, 'store' | 'usage'>;

export function findMeasured(context: Context, kind: KindDefinition, key: string): KubeObject | undefined {
  return measuredObjects(context.usage, context.store, kind).find((object) => keyOf(object) === key);
}

/** One page always: what was measured when the first one was asked for is gone with the second. */
export function listMeasured(context: Context, kind: KindDefinition, options: ServerListOptions): ListResult {
  const selection = new Selection(kind, options);
  const isWanted = (object: KubeObject) =>
    (options.namespace === undefined || splitKey(keyOf(object)).namespace === options.namespace) &&
    selection.matches(object);
  const items = measuredObjects(context.usage, context.store, kind).filter(isWanted);
  return { resourceVersion: String(context.store.revision), items };
}
