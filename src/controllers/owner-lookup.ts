// Whom a change concerns: the owner that controls the object, as it is and as it was, and while nobody does, all that
// select it. The one answer for every controller that owns objects by a selector.
import type { LabelSelector } from '../api/label-selector.ts';
import { type KubeObject, keyOf } from '../api/objects.ts';
import type { KindDefinition } from '../api/scheme.ts';
import type { Informer } from '../client/informer.ts';
import { selects } from './claims.ts';
import { controllerOf } from './pod-state.ts';

export interface Owners<O extends KubeObject> {
  kind: KindDefinition<O>;
  informer: Pick<Informer<O>, 'lister'>;
  selectorOf(owner: O): LabelSelector;
}

/** Keys of the owners to look at again; one may come twice. */
export function ownersConcerned<O extends KubeObject>(
  owners: Owners<O>,
  object: KubeObject,
  previous?: KubeObject,
): string[] {
  const versions = previous ? [object, previous] : [object];
  const keys = versions.flatMap((version) => ownerKeyOf(owners.kind, version) ?? []);
  if (controllerOf(object)) return keys;
  // An orphan may be wanted by whoever selects it.
  const candidates = owners.informer.lister.inNamespace(object.metadata.namespace ?? '');
  return [...keys, ...candidates.filter((owner) => selects(owners.selectorOf(owner), object)).map(keyOf)];
}

/** `undefined` when the object's controller is of another kind, or there is none. */
export function ownerKeyOf({ kind }: { kind: string }, object: KubeObject): string | undefined {
  const owner = controllerOf(object);
  return owner?.kind === kind ? `${object.metadata.namespace ?? ''}/${owner.name}` : undefined;
}
