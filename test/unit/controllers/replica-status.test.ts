import t from 'tap';
import type { ReplicationController } from '../../../src/api/objects.ts';
import { nextAvailableMs } from '../../../src/controllers/availability.ts';
import { replicaStatus, sameReplicaStatus } from '../../../src/controllers/replica-status.ts';
import { makePod } from '../../support/make-pod.ts';

const nowMs = Date.parse('2026-01-01T00:01:00Z');
const rc = {
  apiVersion: 'v1',
  kind: 'ReplicationController',
  metadata: { name: 'rc', uid: 'u', resourceVersion: '1', creationTimestamp: '', generation: 7 },
  spec: { minReadySeconds: 30, template: { metadata: { labels: { app: 'web', v: '2' } } } },
} as ReplicationController;
const active = [
  makePod({ name: 'old', ready: '2026-01-01T00:00:00Z', labels: { app: 'web', v: '2' } }),
  makePod({ name: 'new', ready: '2026-01-01T00:00:40Z', labels: { app: 'web' } }),
  makePod({ name: 'starting', ready: false }),
];

t.test('the status counts all, ready, available and fully labelled pods', async (t) => {
  t.same(replicaStatus(rc, { active }, undefined, nowMs), {
    replicas: 3,
    fullyLabeledReplicas: 1,
    readyReplicas: 2,
    availableReplicas: 1,
    observedGeneration: 7,
  });
});

t.test('it is looked at again when the next pod becomes available', async (t) => {
  t.equal(nextAvailableMs(active, rc.spec.minReadySeconds ?? 0, nowMs), 10_000);
  t.equal(nextAvailableMs(active, rc.spec.minReadySeconds ?? 0, nowMs + 10_000), undefined);
});

t.test('a failure shows as a condition until it is over', async (t) => {
  const failed = replicaStatus(rc, { active }, { reason: 'FailedCreate', message: 'no' }, nowMs);
  t.match(failed.conditions, [
    { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'no' },
  ]);
  const later = replicaStatus(
    { ...rc, status: failed },
    { active },
    { reason: 'FailedCreate', message: 'no' },
    nowMs + 5000,
  );
  t.ok(sameReplicaStatus(failed, later), 'the same failure is no news');
  const another = replicaStatus(
    { ...rc, status: failed },
    { active },
    { reason: 'FailedCreate', message: 'no to another pod' },
    nowMs,
  );
  t.ok(sameReplicaStatus(failed, another), 'nor is the same reason, or each try would cause the next');
  const deleting = { reason: 'FailedDelete', message: 'no' } as const;
  t.match(replicaStatus({ ...rc, status: failed }, { active }, deleting, nowMs).conditions, [deleting]);
  t.equal(replicaStatus({ ...rc, status: failed }, { active }, undefined, nowMs).conditions, undefined);
});

t.test('a status without the counts that are zero equals one with them', async (t) => {
  const none = replicaStatus(rc, { active: [] }, undefined, nowMs);
  t.ok(sameReplicaStatus({ replicas: 0, observedGeneration: 7 }, none));
  t.notOk(sameReplicaStatus({ replicas: 0, observedGeneration: 6 }, none));
  t.notOk(sameReplicaStatus(undefined, none));
});
