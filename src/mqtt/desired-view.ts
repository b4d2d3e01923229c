// The agent's picture of nodes/<self>/desired/…: pods with the ConfigMaps and Secrets they name, shown only as
// complete sets. It is the kubelet's DesiredSource.
import {
  type ConfigMap,
  type KubeObject,
  keyOf,
  type PersistentVolume,
  type Pod,
  type Secret,
} from '../api/objects.ts';
import { podReferences } from '../api/pod-references.ts';
import { ChangeListeners } from './change-listeners.ts';
import { CompleteSet } from './complete-set.ts';
import type {
  DesiredConfig,
  DesiredIndex,
  DesiredPod,
  DesiredSecret,
  DesiredVolume,
  Envelope,
  IndexEntry,
} from './messages.ts';
import type { DesiredSort } from './topics.ts';

/** All that the master wants of this board; keys are `namespace/name`. */
export interface DesiredSet {
  pods: ReadonlyMap<string, Pod>;
  configMaps: ReadonlyMap<string, ConfigMap>;
  secrets: ReadonlyMap<string, Secret>;
  /** By name: those that pods use, and those to be removed. */
  volumes: ReadonlyMap<string, PersistentVolume>;
}

export class DesiredView {
  readonly #set = new CompleteSet<KubeObject>();
  readonly #listeners = new ChangeListeners<ReadonlySet<string>>();
  #current: DesiredSet | undefined;

  current(): DesiredSet | undefined {
    return this.#current;
  }

  onChange(listener: (podKeys: ReadonlySet<string>) => void): () => void {
    return this.#listeners.add(listener);
  }

  beginSession(): void {
    this.#set.beginSession();
  }

  index({ epoch, revision, pods, configs, secrets, volumes = {} }: DesiredIndex): void {
    const entries = new Map<string, IndexEntry>();
    for (const [sort, keys] of Object.entries({ pods, configs, secrets, volumes })) {
      for (const [key, entry] of Object.entries(keys)) entries.set(`${sort}/${key}`, entry);
    }
    this.#apply(this.#set.list({ epoch, revision, entries }));
  }

  pod(message: DesiredPod): void {
    this.#put('pods', message, message.pod);
  }

  config(message: DesiredConfig): void {
    this.#put('configs', message, message.config);
  }

  secret(message: DesiredSecret): void {
    this.#put('secrets', message, message.secret);
  }

  volume(message: DesiredVolume): void {
    this.#put('volumes', message, message.volume);
  }

  /** The topic of an item is gone. */
  removed(sort: DesiredSort, key: string): void {
    this.#set.remove(`${sort}/${key}`);
  }

  #put(sort: DesiredSort, { epoch, revision }: Envelope, value: KubeObject): void {
    const item = { epoch, revision, uid: value.metadata.uid, value };
    this.#apply(this.#set.put(`${sort}/${keyOf(value)}`, item));
  }

  #apply(changed: ReadonlySet<string> | undefined): void {
    const objects = this.#set.current;
    if (!changed || !objects) return;
    const before = this.#current;
    this.#current = split(objects);
    this.#listeners.notify(affectedPods(changed, before, this.#current));
  }
}

function split(objects: ReadonlyMap<string, KubeObject>): DesiredSet {
  const of = <T extends KubeObject>(sort: DesiredSort) => {
    const start = `${sort}/`;
    const found = [...objects].filter(([id]) => id.startsWith(start));
    return new Map(found.map(([id, value]) => [id.slice(start.length), value as T]));
  };
  return {
    pods: of<Pod>('pods'),
    configMaps: of<ConfigMap>('configs'),
    secrets: of<Secret>('secrets'),
    volumes: of<PersistentVolume>('volumes'),
  };
}

/** Pods that changed, and pods that name a ConfigMap, Secret or volume that did. */
function affectedPods(changed: ReadonlySet<string>, before: DesiredSet | undefined, after: DesiredSet) {
  const affected = new Set<string>();
  const ofSort = (sort: DesiredSort) =>
    [...changed].filter((id) => id.startsWith(`${sort}/`)).map((id) => id.slice(sort.length + 1));
  for (const key of ofSort('pods')) affected.add(key);
  const configs = new Set(ofSort('configs'));
  const secrets = new Set(ofSort('secrets'));
  const claims = new Set(
    ofSort('volumes').flatMap((name) =>
      [before, after]
        .map((set) => set?.volumes.get(name)?.spec.claimRef)
        .map((ref) => `${ref?.namespace}/${ref?.name}`),
    ),
  );
  if (configs.size + secrets.size + claims.size === 0) return affected;
  for (const [key, pod] of [...(before?.pods ?? []), ...after.pods]) {
    const { namespace } = pod.metadata;
    const references = podReferences(pod);
    const usesConfig = [...references.configMaps].some((name) => configs.has(`${namespace}/${name}`));
    const usesSecret = [...references.secrets].some((name) => secrets.has(`${namespace}/${name}`));
    const usesClaim = [...references.claims].some((name) => claims.has(`${namespace}/${name}`));
    if (usesConfig || usesSecret || usesClaim) affected.add(key);
  }
  return affected;
}
