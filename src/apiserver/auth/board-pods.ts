// What the pods of a board need of other objects, read from the store when it is asked for: boards seldom ask over
// HTTP, so no index of pods by board is kept.

import type { KubeObject, PersistentVolumeClaim, Pod } from '../../api/objects.ts';
import { claimKeysOf } from '../../api/pod-claims.ts';
import { podReferences } from '../../api/pod-references.ts';
import type { Store } from '../../store/store.ts';
import { storeKey, storePrefix } from '../registry/keys.ts';

const PODS = { group: '', plural: 'pods', namespaced: true };
const CLAIMS = { group: '', plural: 'persistentvolumeclaims', namespaced: true };
const REQUESTS = { group: 'certificates.k8s.io', plural: 'certificatesigningrequests', namespaced: false };

/** Kinds that a pod names in its spec. */
export type Needed = 'configmaps' | 'secrets' | 'persistentvolumeclaims' | 'serviceaccounts';

export class BoardPods {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Whether that pod is bound to this board. */
  owns(node: string, namespace: string, name: string): boolean {
    const pod = this.#store.get(storeKey(PODS, namespace, name))?.value as Pod | undefined;
    return pod?.spec.nodeName === node;
  }

  /** Whether a pod of this board in `namespace` names that object. */
  needs(node: string, kind: Needed, namespace: string, name: string): boolean {
    return this.#of(node, namespace).some((pod) => namesOf(pod, kind).has(name));
  }

  /** Whether a claim of one of its pods is bound to that volume. */
  needsVolume(node: string, volume: string): boolean {
    return this.#of(node, undefined).some((pod) =>
      claimKeysOf(pod).some((key) => this.#volumeOf(key) === volume),
    );
  }

  /** Whether `user` made that certificate request. */
  asked(user: string, request: string): boolean {
    const found = this.#store.get(storeKey(REQUESTS, undefined, request))?.value;
    return (found as (KubeObject & { spec?: { username?: string } }) | undefined)?.spec?.username === user;
  }

  #of(node: string, namespace: string | undefined): Pod[] {
    const entries = this.#store.list(storePrefix(PODS, namespace));
    return entries.map(({ value }) => value as Pod).filter(({ spec }) => spec.nodeName === node);
  }

  #volumeOf(claimKey: string): string | undefined {
    const [namespace, name = ''] = claimKey.split('/');
    const claim = this.#store.get(storeKey(CLAIMS, namespace, name))?.value;
    return (claim as PersistentVolumeClaim | undefined)?.spec.volumeName;
  }
}

function namesOf(pod: Pod, kind: Needed): ReadonlySet<string | undefined> {
  const { configMaps, secrets, claims } = podReferences(pod);
  if (kind === 'configmaps') return configMaps;
  if (kind === 'secrets') return secrets;
  return kind === 'serviceaccounts' ? new Set([pod.spec.serviceAccountName]) : claims;
}
