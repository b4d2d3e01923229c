// An Ingress that names no class is given the default one when it is made, as upstream's DefaultIngressClass.
// https://kubernetes.io/docs/concepts/services-networking/ingress/#default-ingress-class
import { CLASS_ANNOTATION, DEFAULT_CLASS_ANNOTATION } from '../../api/ingress/board-ingress.ts';
import type { Ingress, IngressClass, KubeObject } from '../../api/objects.ts';
import type { KindDefinition } from '../../api/scheme.ts';
import type { Store } from '../../store/store.ts';
import { storePrefix } from '../registry/keys.ts';
import type { AdmissionPlugin } from './admission.ts';

const GROUP = 'networking.k8s.io';
const CLASSES = { group: GROUP, plural: 'ingressclasses', namespaced: false } as const;

export class DefaultIngressClass implements AdmissionPlugin {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  prepare({ group, plural }: KindDefinition, next: KubeObject): void {
    if (group !== GROUP || plural !== 'ingresses') return;
    const ingress = next as Ingress;
    const isNamed =
      ingress.spec?.ingressClassName !== undefined || CLASS_ANNOTATION in (next.metadata.annotations ?? {});
    const name = isNamed ? undefined : this.#default()?.metadata.name;
    if (name !== undefined) ingress.spec.ingressClassName = name;
  }

  /** Of several the newest: who installs a controller and makes it the default need not know of ours. */
  #default(): IngressClass | undefined {
    const classes = this.#store.list(storePrefix(CLASSES)).map(({ value }) => value as IngressClass);
    return classes.filter(isDefault).sort(newestFirst)[0];
  }
}

const isDefault = ({ metadata }: IngressClass): boolean =>
  metadata.annotations?.[DEFAULT_CLASS_ANNOTATION] === 'true';

function newestFirst({ metadata: a }: IngressClass, { metadata: b }: IngressClass): number {
  if (a.creationTimestamp !== b.creationTimestamp) return a.creationTimestamp > b.creationTimestamp ? -1 : 1;
  return a.name < b.name ? -1 : 1;
}
