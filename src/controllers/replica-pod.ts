// The pod that a ReplicationController or ReplicaSet makes from its template.
import type { Pod } from '../api/objects.ts';
import type { NewObject } from '../client/client.ts';
import { controllerReference } from './claims.ts';
import type { ReplicaOwner } from './replica-owner.ts';

export function replicaPod(owner: ReplicaOwner): NewObject<Pod> {
  const { metadata, spec } = owner.spec.template ?? {};
  if (!spec) throw new Error(`${owner.kind} ${owner.metadata.name} has no pod template`);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: `${owner.metadata.name}-`,
      namespace: owner.metadata.namespace ?? 'default',
      ...(metadata?.labels ? { labels: { ...metadata.labels } } : {}),
      ...(metadata?.annotations ? { annotations: { ...metadata.annotations } } : {}),
      ...(metadata?.finalizers ? { finalizers: [...metadata.finalizers] } : {}),
      ownerReferences: [controllerReference(owner)],
    },
    spec: structuredClone(spec),
  };
}
