// Pods and nodes for pure decisions: only what a test names differs from plain ones.
import type { core, Node, Pod, Service } from '../../src/api/objects.ts';

export interface PodTraits {
  name?: string;
  namespace?: string;
  uid?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  nodeName?: string;
  phase?: string;
  ready?: boolean | string;
  createdAt?: string;
  deletedAt?: string;
  owner?: { uid: string; kind?: string; name?: string };
  podIP?: string;
  restarts?: number;
  cpu?: string;
  memory?: string;
  spec?: Partial<core.PodSpec>;
}

/** `ready` may be the time since when. */
export function makePod(traits: PodTraits = {}): Pod {
  const name = traits.name ?? 'pod';
  const requests = {
    ...(traits.cpu ? { cpu: traits.cpu } : {}),
    ...(traits.memory ? { memory: traits.memory } : {}),
  };
  const since = typeof traits.ready === 'string' ? traits.ready : '2026-01-01T00:00:00Z';
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: traits.namespace ?? 'default',
      uid: traits.uid ?? `uid-${name}`,
      resourceVersion: '1',
      creationTimestamp: traits.createdAt ?? '2026-01-01T00:00:00Z',
      labels: traits.labels ?? {},
      ...(traits.annotations ? { annotations: traits.annotations } : {}),
      ...(traits.deletedAt ? { deletionTimestamp: traits.deletedAt } : {}),
      ...(traits.owner ? { ownerReferences: [ownerReference(traits.owner)] } : {}),
    },
    spec: {
      containers: [{ name: 'main', image: 'example.com/main:1', resources: { requests } }],
      ...(traits.nodeName ? { nodeName: traits.nodeName } : {}),
      ...traits.spec,
    },
    status: {
      phase: traits.phase ?? 'Running',
      ...(traits.podIP ? { podIP: traits.podIP } : {}),
      ...(traits.ready === undefined
        ? {}
        : {
            conditions: [
              { type: 'Ready', status: traits.ready ? 'True' : 'False', lastTransitionTime: since },
            ],
          }),
      ...(traits.restarts === undefined
        ? {}
        : { containerStatuses: [{ name: 'main', restartCount: traits.restarts } as core.ContainerStatus] }),
    },
  };
}

function ownerReference({
  uid,
  kind = 'ReplicationController',
  name = 'rc',
}: NonNullable<PodTraits['owner']>) {
  return { apiVersion: 'v1', kind, name, uid, controller: true, blockOwnerDeletion: true };
}

export interface NodeTraits {
  name?: string;
  labels?: Record<string, string>;
  taints?: core.Taint[];
  unschedulable?: boolean;
  ready?: 'True' | 'False' | 'Unknown' | undefined;
  allocatable?: Record<string, string>;
}

/** 4 CPUs, 4 GiB, 110 pods, ready. */
export function makeNode(traits: NodeTraits = {}): Node {
  const name = traits.name ?? 'board';
  const ready = 'ready' in traits ? traits.ready : 'True';
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      uid: `uid-${name}`,
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
      labels: traits.labels ?? {},
    },
    spec: {
      ...(traits.taints ? { taints: traits.taints } : {}),
      ...(traits.unschedulable ? { unschedulable: true } : {}),
    },
    status: {
      allocatable: { cpu: '4', memory: '4Gi', pods: '110', ...traits.allocatable },
      conditions: ready ? [{ type: 'Ready', status: ready }] : [],
    },
  };
}

export function makeService(name: string, spec: Partial<core.ServiceSpec>): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name,
      namespace: 'default',
      uid: `uid-${name}`,
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
    },
    spec,
  };
}
