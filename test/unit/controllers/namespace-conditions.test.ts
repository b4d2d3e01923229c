import t from 'tap';
import type { KubeObject } from '../../../src/api/objects.ts';
import { remainingConditions } from '../../../src/controllers/namespace-conditions.ts';

const nowMs = Date.parse('2026-01-01T00:00:00Z');
const object = (...finalizers: string[]) => ({ metadata: { finalizers } }) as unknown as KubeObject;

t.test('what is left, and what holds it, is told by kind and by finalizer', async (t) => {
  const left = [
    { kind: { group: '', plural: 'configmaps' }, objects: [object('e.com/a', 'e.com/b'), object('e.com/a')] },
    { kind: { group: 'apps', plural: 'deployments' }, objects: [object()] },
  ];
  const conditions = remainingConditions(undefined, left, nowMs);
  t.match(conditions, [
    { type: 'NamespaceDeletionDiscoveryFailure', status: 'False', reason: 'ResourcesDiscovered' },
    { type: 'NamespaceDeletionGroupVersionParsingFailure', status: 'False', reason: 'ParsedGroupVersions' },
    { type: 'NamespaceDeletionContentFailure', status: 'False', reason: 'ContentDeleted' },
    {
      type: 'NamespaceContentRemaining',
      status: 'True',
      message:
        'Some resources are remaining: configmaps. has 2 resource instances, deployments.apps has 1 resource instances',
    },
    {
      type: 'NamespaceFinalizersRemaining',
      status: 'True',
      message:
        'Some content in the namespace has finalizers remaining: e.com/a in 2 resource instances, e.com/b in 1 resource instances',
    },
  ]);
  t.same(remainingConditions(conditions, left, nowMs + 5000), conditions, 'said once');
});
