// The pod that a ReplicationController makes from its template.
import type { meta, Pod, ReplicationController } from '../api/objects.ts';
import type { NewObject } from '../client/client.ts';

/** What makes `rc` the one controller of an object. */
export function controllerReference(rc: ReplicationController): meta.OwnerReference {
  return {
    apiVersion: 'v1',
    kind: 'ReplicationController',
    name: rc.metadata.name,
    uid: rc.metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

export function replicaPod(rc: ReplicationController): NewObject<Pod> {
  const { metadata, spec } = rc.spec.template ?? {};
  if (!spec) throw new Error(`replicationcontroller ${rc.metadata.name} has no pod template`);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: `${rc.metadata.name}-`,
      namespace: rc.metadata.namespace ?? 'default',
      ...(metadata?.labels ? { labels: { ...metadata.labels } } : {}),
      ...(metadata?.annotations ? { annotations: { ...metadata.annotations } } : {}),
      ...(metadata?.finalizers ? { finalizers: [...metadata.finalizers] } : {}),
      ownerReferences: [controllerReference(rc)],
    },
    spec: structuredClone(spec),
  };
}
