// What the kubelet needs from outside, declared here and joined to the MQTT session in bin/.
import type { ConfigMap, core, PersistentVolume, Pod, Secret } from '../api/objects.ts';

/** All that the master wants of this board. Keys are `namespace/name`. */
export interface DesiredState {
  pods: ReadonlyMap<string, Pod>;
  configMaps: ReadonlyMap<string, ConfigMap>;
  secrets: ReadonlyMap<string, Secret>;
  /** By name: those that pods of this board use, and those that it is to remove. */
  volumes: ReadonlyMap<string, PersistentVolume>;
}

export interface DesiredSource {
  /** The last complete set; `undefined` until one has been seen. Never a set that is half received. */
  current(): DesiredState | undefined;
  /** `listener` gets the keys of the pods that may have changed; returns the way to unsubscribe. */
  onChange(listener: (podKeys: ReadonlySet<string>) => void): () => void;
}

/** One pod as this board sees it. */
export interface ObservedPod {
  key: string;
  uid: string;
  status: core.PodStatus;
  /** Nothing of the pod runs or is left on this board: the second half of the deletion handshake. */
  terminated: boolean;
  /** Of a static pod: the pod itself, which the master does not know otherwise. */
  mirror?: Pod;
}

/** An event about a pod, or the board's own Node, before the master counts and stores it. */
export interface PodEvent {
  /** A pod unless given. Of the Node the key is its name and the uid is empty. */
  kind?: 'Pod' | 'Node';
  key: string;
  uid: string;
  type: 'Normal' | 'Warning';
  reason: string;
  message: string;
  /** Such as `spec.containers{web}`. */
  fieldPath?: string;
}

export interface StatusSink {
  /** Latest wins. Sent again, whole, at each new session by whoever implements this. */
  report(pod: ObservedPod): void;
  /** The master has let go of the pod: forget it. */
  forget(key: string): void;
  event(event: PodEvent): void;
}

/** What became of a volume that this board was to remove: it is gone, or `message` says why not. */
export interface ObservedVolume {
  uid: string;
  removed: boolean;
  message?: string;
}

/** Pods that files on the board describe. */
export interface StaticPodSource {
  /** By `namespace/name`; the same map until something changes. */
  current(): ReadonlyMap<string, Pod>;
  /** `listener` gets the keys of the pods that came, changed or went. */
  onChange(listener: (keys: ReadonlySet<string>) => void): void;
}

export interface VolumeSink {
  /** All of them, by the volume's name; sent again at each new session by whoever implements this. */
  reportVolumes(volumes: Readonly<Record<string, ObservedVolume>>): void;
}

/** What the board holds and may give to others. */
export interface HeldImages {
  /** As Kubernetes has it, such as `arm64`. */
  architecture: string;
  images: { id: string; names: string[]; sizeBytes: number }[];
}

/** The images of all boards. */
export interface ImageExchange {
  /** Latest wins; sent again at each new session by whoever implements this. */
  reportImages(held: HeldImages): void;
  /** By node, without this one; none while the master is away. */
  imagesOfOthers(): Promise<ReadonlyMap<string, HeldImages>>;
  addressOf(node: string): string | undefined;
}

/** Which pods Services lead new clients to; the pods are told by their uids. */
export interface ServedPods {
  isServed(podUid: string): boolean;
  /** Returns the way to unsubscribe. */
  onChange(listener: () => void): () => void;
}

/** Values that a pod may ask for and the desired set does not hold. */
export interface ServiceEnvironment {
  /**
   * Variables for pods of this namespace: `REDIS_MASTER_SERVICE_HOST`, …; own namespace plus `kubernetes`.
   * `enableServiceLinks: false` keeps only `kubernetes`.
   */
  forNamespace(namespace: string, enableServiceLinks?: boolean): Record<string, string>;
  /** False until the Services have been received once: containers wait for them. Always true when absent. */
  isReady?(): boolean;
}
