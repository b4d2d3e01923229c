// Puts on a board's topics what it is to run: the pods bound to it, each ConfigMap, Secret and volume that they name once,
// volumes that it is to remove, and the index of them all.
import { configMaps } from '../api/kinds/config-map.ts';
import { persistentVolumes } from '../api/kinds/persistent-volume.ts';
import { pods } from '../api/kinds/pod.ts';
import { runtimeClasses } from '../api/kinds/runtime-class.ts';
import { secrets } from '../api/kinds/secret.ts';
import { boardOfLocalPath, isToBeRemoved } from '../api/local-volume.ts';
import {
  type ConfigMap,
  type KubeObject,
  keyOf,
  type PersistentVolume,
  type Pod,
  type RuntimeClass,
  type Secret,
} from '../api/objects.ts';
import { isFinished } from '../api/pod-phase.ts';
import { podReferences } from '../api/pod-references.ts';
import { REGISTRIES_CONFIG } from '../api/registries-config.ts';
import { isMirrorPod } from '../api/static-pod.ts';
import type { Informer } from '../client/informer.ts';
import type { InformerFactory } from '../client/informer-factory.ts';
import { addNodeNameIndex, podsOnNode } from '../client/pods-on-node.ts';
import type { IndexEntry } from '../mqtt/messages.ts';
import { type DesiredSort, topics } from '../mqtt/topics.ts';
import { desiredPod } from './desired-pod.ts';
import type { IngressSecrets } from './ingress-secrets.ts';
import type { PodTokens } from './pod-tokens.ts';
import { registrySecrets } from './registry-secrets.ts';
import type { VersionedTopics } from './versioned-topics.ts';
import { isHeldElsewhere } from './volume-fence.ts';
import { withoutManagedFields } from './without-managed-fields.ts';

export interface DesiredContentOptions {
  informers: InformerFactory;
  topics: VersionedTopics;
  ingressSecrets: IngressSecrets;
  tokens: PodTokens | undefined;
}

/** What one board was told: the keys of each sort. */
export type Told = Record<DesiredSort, Map<string, IndexEntry>>;

export const nothing = (): Told => ({
  pods: new Map(),
  configs: new Map(),
  secrets: new Map(),
  volumes: new Map(),
});

const CLAIM_INDEX = 'claim';
const claimOfVolume = ({ spec: { claimRef } }: PersistentVolume) =>
  claimRef ? [`${claimRef.namespace}/${claimRef.name}`] : [];

export class DesiredContent {
  readonly #options: DesiredContentOptions;
  readonly #pods: Informer<Pod>;
  readonly #configMaps: Informer<ConfigMap>;
  readonly #secrets: Informer<Secret>;
  readonly #volumes: Informer<PersistentVolume>;
  readonly #runtimeClasses: Informer<RuntimeClass>;

  constructor(options: DesiredContentOptions) {
    this.#options = options;
    const { informers } = options;
    this.#pods = informers.for(pods);
    addNodeNameIndex(this.#pods);
    this.#configMaps = informers.for(configMaps);
    this.#secrets = informers.for(secrets);
    this.#volumes = informers.for(persistentVolumes);
    this.#runtimeClasses = informers.for(runtimeClasses);
    this.#volumes.addIndex(CLAIM_INDEX, claimOfVolume);
  }

  /** A board knows its static pods from their files. */
  podsFor(node: string): Pod[] {
    return podsOnNode(this.#pods, node).filter((pod) => !isMirrorPod(pod));
  }

  /** All but the index. */
  tell(node: string): Told {
    const told = nothing();
    this.#tellRegistries(node, told);
    for (const pod of this.podsFor(node)) {
      told.pods.set(keyOf(pod), this.#putPod(node, pod));
      if (!isFinished(pod)) this.#tellReferences(node, pod, told);
    }
    for (const volume of this.#volumes.lister.list()) {
      if (boardOfLocalPath(volume) === node && isToBeRemoved(volume)) this.#tellVolume(node, volume, told);
    }
    for (const key of this.#options.ingressSecrets.of(node)) this.#tellSecret(node, key, told);
    return told;
  }

  tellIndex(node: string, told: Told): void {
    const revision = this.#revision;
    const content = () => ({
      pods: Object.fromEntries(told.pods),
      configs: Object.fromEntries(told.configs),
      secrets: Object.fromEntries(told.secrets),
      volumes: Object.fromEntries(told.volumes),
    });
    this.#options.topics.put(topics.desiredIndex(node), { revision, content });
  }

  /** Every board has to know where images come from, and to show what is asked for there. */
  #tellRegistries(node: string, told: Told): void {
    this.#tellConfig(node, REGISTRIES_CONFIG, told);
    for (const key of registrySecrets(this.#configMaps.lister.get(REGISTRIES_CONFIG)))
      this.#tellSecret(node, key, told);
  }

  #tellReferences(node: string, pod: Pod, told: Told): void {
    const { configMaps, secrets, claims } = podReferences(pod);
    const { namespace } = pod.metadata;
    for (const name of configMaps) this.#tellConfig(node, `${namespace}/${name}`, told);
    for (const name of secrets) this.#tellSecret(node, `${namespace}/${name}`, told);
    for (const name of claims) this.#tellClaim(node, `${namespace}/${name}`, told);
    this.#tellTokens(node, pod, told);
  }

  #tellClaim(node: string, key: string, told: Told): void {
    for (const volume of this.#volumes.lister.byIndex(CLAIM_INDEX, key)) {
      const around = this.#pods.lister.inNamespace(volume.spec.claimRef?.namespace ?? '');
      const isFree = !isHeldElsewhere(volume, node, around);
      if (volume.status?.phase === 'Bound' && isFree) this.#tellVolume(node, volume, told);
    }
  }

  #tellVolume(node: string, volume: PersistentVolume, told: Told): void {
    const content = () => ({ volume: withoutManagedFields(volume) });
    told.volumes.set(keyOf(volume), this.#put(node, 'volumes', volume, content));
  }

  #tellConfig(node: string, key: string, told: Told): void {
    const config = this.#configMaps.lister.get(key);
    if (!config) return;
    const content = () => ({ config: withoutManagedFields(config) });
    told.configs.set(key, this.#put(node, 'configs', config, content));
  }

  #tellSecret(node: string, key: string, told: Told): void {
    const secret = this.#secrets.lister.get(key);
    if (!secret) return;
    const content = () => ({ secret: withoutManagedFields(secret) });
    told.secrets.set(key, this.#put(node, 'secrets', secret, content));
  }

  /** A pod whose token cannot be made yet waits on its board as for a Secret that is missing. */
  #tellTokens(node: string, pod: Pod, told: Told): void {
    const tokens = this.#options.tokens?.of(pod);
    if (!tokens) return;
    const { uid } = pod.metadata;
    const revision = this.#options.topics.put(topics.desired(node, 'secrets', tokens.key), {
      revision: this.#revision,
      source: `${uid} ${tokens.generation}`,
      content: () => ({ secret: tokens.secret() }),
    });
    told.secrets.set(tokens.key, { uid, revision });
  }

  #putPod(node: string, pod: Pod): IndexEntry {
    const { runtimeClassName: name } = pod.spec;
    const runtimeClass = name ? this.#runtimeClasses.lister.get(name) : undefined;
    const content = () => ({ pod: desiredPod(pod, runtimeClass) });
    return this.#put(node, 'pods', pod, content, runtimeClass?.metadata.uid);
  }

  /** `beside` names what else the content is made from. */
  #put(node: string, sort: DesiredSort, object: KubeObject, content: () => object, beside = ''): IndexEntry {
    const { uid, resourceVersion } = object.metadata;
    const revision = this.#options.topics.put(topics.desired(node, sort, keyOf(object)), {
      revision: Number(resourceVersion),
      source: `${uid} ${resourceVersion} ${beside}`,
      content,
    });
    return { uid, revision };
  }

  /** All of the caches is at least of this revision. */
  get #revision(): number {
    const informers = [this.#pods, this.#configMaps, this.#secrets, this.#volumes];
    return Math.max(...informers.map(({ revision }) => revision));
  }
}
