// The types of what the cluster stores: Kubernetes' own, with the metadata that a stored object always has.
import type * as apiextensions from 'kubernetes-types/apiextensions/v1.js';
import type * as apps from 'kubernetes-types/apps/v1.js';
import type * as autoscaling from 'kubernetes-types/autoscaling/v2.js';
import type * as batch from 'kubernetes-types/batch/v1.js';
import type * as certificates from 'kubernetes-types/certificates/v1.js';
import type * as coordination from 'kubernetes-types/coordination/v1.js';
import type * as core from 'kubernetes-types/core/v1.js';
import type * as discovery from 'kubernetes-types/discovery/v1.js';
import type * as meta from 'kubernetes-types/meta/v1.js';
import type * as networking from 'kubernetes-types/networking/v1.js';
import type * as node from 'kubernetes-types/node/v1.js';
import type * as policy from 'kubernetes-types/policy/v1.js';
import type * as rbac from 'kubernetes-types/rbac/v1.js';
import type * as scheduling from 'kubernetes-types/scheduling/v1.js';
import type * as storage from 'kubernetes-types/storage/v1.js';

export type {
  apiextensions,
  apps,
  autoscaling,
  batch,
  certificates,
  coordination,
  core,
  discovery,
  meta,
  networking,
  policy,
  rbac,
};

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
export type ResourceQuota = Stored<core.ResourceQuota, 'spec'>;
export type LimitRange = Stored<core.LimitRange, 'spec'>;
export type PodTemplate = Stored<core.PodTemplate, 'template'>;
export type ServiceAccount = Stored<core.ServiceAccount>;
export type PersistentVolume = Stored<core.PersistentVolume, 'spec'>;
export type PersistentVolumeClaim = Stored<core.PersistentVolumeClaim, 'spec'>;
export type Deployment = Stored<apps.Deployment, 'spec'>;
export type ReplicaSet = Stored<apps.ReplicaSet, 'spec'>;
export type DaemonSet = Stored<apps.DaemonSet, 'spec'>;
export type StatefulSet = Stored<apps.StatefulSet, 'spec'>;
export type ControllerRevision = Stored<apps.ControllerRevision>;
export type Job = Stored<batch.Job, 'spec'>;
export type CronJob = Stored<batch.CronJob, 'spec'>;
export type HorizontalPodAutoscaler = Stored<autoscaling.HorizontalPodAutoscaler, 'spec'>;
export type PodDisruptionBudget = Stored<policy.PodDisruptionBudget, 'spec'>;
export type Ingress = Stored<networking.Ingress, 'spec'>;
export type IngressClass = Stored<networking.IngressClass>;
export type NetworkPolicy = Stored<networking.NetworkPolicy, 'spec'>;
export type EndpointSlice = Stored<discovery.EndpointSlice>;
export type Lease = Stored<coordination.Lease>;
export type Role = Stored<rbac.Role>;
export type ClusterRole = Stored<rbac.ClusterRole>;
export type RoleBinding = Stored<rbac.RoleBinding>;
export type ClusterRoleBinding = Stored<rbac.ClusterRoleBinding>;
export type StorageClass = Stored<storage.StorageClass>;
export type PriorityClass = Stored<scheduling.PriorityClass>;
export type RuntimeClass = Stored<node.RuntimeClass>;
export type CertificateSigningRequest = Stored<certificates.CertificateSigningRequest>;
export type CustomResourceDefinition = Stored<apiextensions.CustomResourceDefinition>;

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

/** RFC 3339 in millionths of a second, as Kubernetes writes `metav1.MicroTime`. */
export function microTime(nowMs: number): string {
  return new Date(nowMs).toISOString().replace(/Z$/, '000Z');
}
