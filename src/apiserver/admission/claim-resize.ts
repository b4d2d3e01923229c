// A bound claim grows only where its class says that its volumes can.
// https://kubernetes.io/docs/concepts/storage/persistent-volumes/#expanding-persistent-volumes-claims
import { storageClasses } from '../../api/kinds/storage-class.ts';
import type { KubeObject, PersistentVolumeClaim, StorageClass } from '../../api/objects.ts';
import { compareQuantities, tryParseQuantity } from '../../api/quantity.ts';
import type { KindDefinition } from '../../api/scheme.ts';
import { forbidden } from '../../api/status-error.ts';
import type { Store } from '../../store/store.ts';
import { storeKey } from '../registry/keys.ts';
import { resourceSubject } from '../registry/prepare.ts';
import { type AdmissionPlugin, isClaims } from './admission.ts';

export class ClaimResize implements AdmissionPlugin {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  check(kind: KindDefinition, next: KubeObject, previous: KubeObject | undefined): void {
    if (!previous || !isClaims(kind)) return;
    const [after, before] = [next as PersistentVolumeClaim, previous as PersistentVolumeClaim];
    if (!isGrown(after, before)) return;
    const refuse = (why: string) => forbidden(resourceSubject(kind, next.metadata.name), why);
    if (before.status?.phase !== 'Bound') {
      throw refuse('Only bound persistent volume claims can be expanded');
    }
    const name = after.spec.storageClassName;
    if (name && name === before.spec.storageClassName && this.#class(name)?.allowVolumeExpansion) return;
    throw refuse(
      'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
    );
  }

  #class(name: string): StorageClass | undefined {
    return this.#store.get(storeKey(storageClasses, undefined, name))?.value as StorageClass | undefined;
  }
}

function isGrown(next: PersistentVolumeClaim, previous: PersistentVolumeClaim): boolean {
  const [after, before] = [next, previous].map(({ spec }) =>
    tryParseQuantity(spec.resources?.requests?.storage ?? '0'),
  );
  return after !== undefined && before !== undefined && compareQuantities(after, before) > 0;
}
