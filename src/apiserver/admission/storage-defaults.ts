// Claims that name no class get the default one, and claims and volumes their protection from the first moment on.
// https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#defaultstorageclass
import { defaultStorageClass, storageClasses } from '../../api/kinds/storage-class.ts';
import type { KubeObject, PersistentVolumeClaim, StorageClass } from '../../api/objects.ts';
import type { KindDefinition } from '../../api/scheme.ts';
import { CLAIM_PROTECTION, VOLUME_PROTECTION } from '../../api/storage-marks.ts';
import type { Store } from '../../store/store.ts';
import { storePrefix } from '../registry/keys.ts';
import type { AdmissionPlugin } from './admission.ts';

const BETA_CLASS = 'volume.beta.kubernetes.io/storage-class';
const MARKS: Readonly<Record<string, string>> = {
  persistentvolumeclaims: CLAIM_PROTECTION,
  persistentvolumes: VOLUME_PROTECTION,
};

export class StorageDefaults implements AdmissionPlugin {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  prepare({ group, plural }: KindDefinition, next: KubeObject): void {
    const mark = group === '' ? MARKS[plural] : undefined;
    if (!mark) return;
    const { finalizers = [] } = next.metadata;
    if (!finalizers.includes(mark)) next.metadata.finalizers = [...finalizers, mark];
    if (plural === 'persistentvolumeclaims') this.#giveClass(next as PersistentVolumeClaim);
  }

  /** An empty name is a choice: no class. */
  #giveClass({ metadata, spec }: PersistentVolumeClaim): void {
    if (spec.storageClassName !== undefined || metadata.annotations?.[BETA_CLASS] !== undefined) return;
    const classes = this.#store.list(storePrefix(storageClasses)).map(({ value }) => value as StorageClass);
    const found = defaultStorageClass(classes);
    if (found) spec.storageClassName = found.metadata.name;
  }
}
