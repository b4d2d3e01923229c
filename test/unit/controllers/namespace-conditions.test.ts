import t from 'tap';
import type { KubeObject, Namespace } from '../../../src/api/objects.ts';
import { remainingConditions, unexpectedlyLeft } from '../../../src/controllers/namespace-conditions.ts';

const nowMs = Date.parse('2026-01-01T00:00:00Z');
const object = (...finalizers: string[]) => ({ metadata: { finalizers } }) as unknown as KubeObject;

t.test('what is left, and what holds it, is told by kind and by finalizer', async (t) => {
  const left = [
    { kind: { group: 'apps', version: 'v1', plural: 'deployments' }, objects: [object()] },
    {
      kind: { group: '', version: 'v1', plural: 'configmaps' },
      objects: [object('e.com/a', 'e.com/b'), object('e.com/a')],
    },
  ];
  const conditions = remainingConditions(undefined, { left, failures: [] }, nowMs);
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
  t.same(remainingConditions(conditions, { left, failures: [] }, nowMs + 5000), conditions, 'said once');
});

t.test('what could not be deleted is told, sorted', async (t) => {
  const told = (failures: string[]) =>
    remainingConditions(undefined, { left: [], failures }, nowMs).find(
      ({ type }) => type === 'NamespaceDeletionContentFailure',
    );
  t.match(told(['b is locked', 'a is locked']), {
    status: 'True',
    reason: 'ContentDeletionFailed',
    message: 'Failed to delete all resource types, 2 remaining: a is locked, b is locked',
  });
  t.match(told([]), {
    status: 'False',
    reason: 'ContentDeleted',
    message: 'All content successfully deleted, may be waiting on finalization',
  });
});

t.test('what nothing holds should be gone, pods once their grace is over', async (t) => {
  const namespace = { metadata: { name: 'lab', deletionTimestamp: '2026-01-01T00:00:00Z' } } as Namespace;
  const pod = (phase: string, terminationGracePeriodSeconds: number) =>
    ({ metadata: {}, spec: { terminationGracePeriodSeconds }, status: { phase } }) as unknown as KubeObject;
  const core = (plural: string, ...objects: KubeObject[]) => ({
    kind: { group: '', version: 'v1', plural },
    objects,
  });
  const text = (plural: string) =>
    `unexpected items still remain in namespace: lab for gvr: /v1, Resource=${plural}`;
  const after = (seconds: number, ...left: ReturnType<typeof core>[]) =>
    unexpectedlyLeft(namespace, left, nowMs + seconds * 1000);
  t.same(after(0, core('configmaps', object())), [text('configmaps')]);
  t.same(after(0, core('configmaps', object('e.com/a'))), []);
  const running = core('pods', pod('Running', 30), pod('Failed', 300));
  t.same(after(29, running), []);
  t.same(after(30, running), [text('pods')]);
});
