// The types of what the cluster stores: Kubernetes' own, with the metadata that a stored object always has.
import type * as core from 'kubernetes-types/core/v1.js';
import type * as meta from 'kubernetes-types/meta/v1.js';

export type { core, meta };

/** Metadata as stored: the server has filled in what clients may leave out. */
export interface ObjectMeta extends Omit<meta.ObjectMeta, 'managedFields'> {
  name: string;
  uid: string;
  resourceVersion: string;
  creationTimestamp: string;
}

export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
}

/** A stored object of Kubernetes type `T`; `Required` names the parts that defaulting guarantees. */
type Stored<T, Required extends keyof T = never> = Omit<T, 'apiVersion' | 'kind' | 'metadata' | Required> &
  KubeObject & { [K in Required]-?: NonNullable<T[K]> };

export type Namespace = Stored<core.Namespace>;
export type Node = Stored<core.Node, 'spec'>;
export type Pod = Stored<core.Pod, 'spec'>;
export type ReplicationController = Stored<core.ReplicationController, 'spec'>;
export type Service = Stored<core.Service, 'spec'>;
export type Endpoints = Stored<core.Endpoints>;
export type Event = Stored<core.Event>;
export type ConfigMap = Stored<core.ConfigMap>;
export type Secret = Stored<core.Secret>;

export type Condition = Pick<core.PodCondition, 'type' | 'status' | 'reason' | 'message'> & {
  lastTransitionTime?: string;
};

/** `namespace/name`, or `name` for cluster-scoped objects: the key of queues, caches and topics. */
export function keyOf(object: { metadata: { name: string; namespace?: string } }): string {
  const { namespace, name } = object.metadata;
  return namespace ? `${namespace}/${name}` : name;
}

/** The opposite of {@link keyOf}. */
export function splitKey(key: string): { namespace: string | undefined; name: string } {
  const slash = key.indexOf('/');
  return slash < 0
    ? { namespace: undefined, name: key }
    : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** RFC 3339 in whole seconds, as Kubernetes writes `metav1.Time`. */
export function timestamp(nowMs: number): string {
  return new Date(nowMs).toISOString().replace(/\.\d+Z$/, 'Z');
}
