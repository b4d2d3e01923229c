// GET and LIST of kinds that are measured: the same selectors and answers as for stored objects, without a history.
import { componentStatuses } from '../../api/kinds/component-status.ts';
import type { KubeObject } from '../../api/objects.ts';
import { keyOf, splitKey } from '../../api/objects.ts';
import type { KindDefinition } from '../../api/scheme.ts';
import type { ListResult, ServerListOptions } from '../registry/list.ts';
import type { RegistryContext } from '../registry/registry-context.ts';
import { Selection } from '../registry/selection.ts';
import { componentStatusOf } from './component-health.ts';
import { measuredObjects } from './measured-objects.ts';

type Context = Pick<RegistryContext, 'store' | 'usage' | 'components'>;

export function findMeasured(context: Context, kind: KindDefinition, key: string): KubeObject | undefined {
  return measuredNow(context, kind).find((object) => keyOf(object) === key);
}

/** One page always: what was measured when the first one was asked for is gone with the second. */
export function listMeasured(context: Context, kind: KindDefinition, options: ServerListOptions): ListResult {
  const selection = new Selection(kind, options);
  const isWanted = (object: KubeObject) =>
    (options.namespace === undefined || splitKey(keyOf(object)).namespace === options.namespace) &&
    selection.matches(object);
  const items = measuredNow(context, kind).filter(isWanted);
  return { resourceVersion: String(context.store.revision), items };
}

function measuredNow({ components, usage, store }: Context, kind: KindDefinition): KubeObject[] {
  if (kind.plural !== componentStatuses.plural) return measuredObjects(usage, store, kind);
  const parts = [...(components?.() ?? [])];
  return parts.sort((a, b) => (a.name < b.name ? -1 : 1)).map(componentStatusOf);
}
