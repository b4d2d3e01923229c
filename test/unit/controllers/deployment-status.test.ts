// Source of reasons and messages:
// https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#deployment-status
import t from 'tap';
import { findCondition } from '../../../src/api/conditions.ts';
import type { apps, ReplicaSet } from '../../../src/api/objects.ts';
import { nextDeadlineInMs } from '../../../src/controllers/deployment-progress.ts';
import { deploymentStatus, type StatusNews } from '../../../src/controllers/deployment-status.ts';
import type { ReplicaStatus } from '../../../src/controllers/replica-status.ts';
import {
  type DeploymentTraits,
  makeDeployment,
  makeRollout,
  makeSet,
} from '../../support/make-deployment.ts';

const BEGIN = '2026-01-01T00:00:00Z';
const nowMs = Date.parse('2026-01-01T00:05:00Z');
const NOW = '2026-01-01T00:05:00Z';
const rolling: StatusNews = { isCreated: false, failure: undefined, isRollingOut: true };

const old = (size: number, available = size) => makeSet({ name: 'old', size, available });
const fresh = (size: number, available = size) =>
  makeSet({ name: 'new', image: 'new', size, available, age: 9 });
const progress = (status: string, reason: string): apps.DeploymentCondition => ({
  type: 'Progressing',
  status,
  reason,
  lastUpdateTime: BEGIN,
  lastTransitionTime: BEGIN,
});
const before = (
  condition?: apps.DeploymentCondition,
  counts: apps.DeploymentStatus = {},
): DeploymentTraits => ({
  status: { ...counts, ...(condition ? { conditions: [condition] } : {}) },
});
const whole = { replicas: 10, updatedReplicas: 10, readyReplicas: 10, availableReplicas: 10 };
const stuck = { replicas: 13, updatedReplicas: 5, readyReplicas: 8, availableReplicas: 8 };

t.test('counts are of all ReplicaSets, those of zero are left out', async (t) => {
  const { conditions: _, ...counts } = deploymentStatus(
    makeRollout(makeDeployment({ generation: 4 }), old(8), fresh(5, 0)),
    rolling,
    nowMs,
  );
  t.same(counts, {
    observedGeneration: 4,
    replicas: 13,
    updatedReplicas: 5,
    readyReplicas: 8,
    availableReplicas: 8,
    unavailableReplicas: 5,
  });
});

t.test('what is terminating is told once every ReplicaSet tells it, 0 too', async (t) => {
  const telling = (set: ReplicaSet, terminatingReplicas: number): ReplicaSet => ({
    ...set,
    status: { ...set.status, terminatingReplicas } as ReplicaSet['status'],
  });
  const told = (...sets: ReplicaSet[]) =>
    (deploymentStatus(makeRollout(makeDeployment(), ...sets), rolling, nowMs) as ReplicaStatus)
      .terminatingReplicas;
  t.equal(told(telling(old(8), 2), telling(fresh(5), 1)), 3);
  t.equal(told(telling(old(8), 0)), 0);
  t.equal(told(telling(old(8), 2), fresh(5)), undefined);
});

t.test('it is available as long as no more than allowed are missing', async (t) => {
  const of = (available: number) =>
    findCondition(
      deploymentStatus(makeRollout(makeDeployment(), fresh(10, available)), rolling, nowMs).conditions,
      'Available',
    );
  t.match(of(8), { status: 'True', reason: 'MinimumReplicasAvailable' });
  t.match(of(7), {
    status: 'False',
    reason: 'MinimumReplicasUnavailable',
    message: 'Deployment does not have minimum availability.',
  });
});

interface Case {
  given?: DeploymentTraits;
  sets: ReplicaSet[];
  news?: Partial<StatusNews>;
  expected: object | undefined;
}
const late = progress('True', 'ReplicaSetUpdated');
const shortDeadline = { spec: { progressDeadlineSeconds: 60 } };
const progressCases: Record<string, Case> = {
  'a new ReplicaSet was made': {
    given: before(progress('True', 'NewReplicaSetAvailable'), whole),
    sets: [old(10), fresh(3, 0)],
    news: { isCreated: true },
    expected: { status: 'True', reason: 'NewReplicaSetCreated', message: 'Created new replica set "new"' },
  },
  'it could not be made': {
    sets: [old(10)],
    news: { failure: 'Failed to create new replica set "web-x": no' },
    expected: {
      status: 'False',
      reason: 'ReplicaSetCreateError',
      message: 'Failed to create new replica set "web-x": no',
    },
  },
  'it was there before anybody asked for progress': {
    given: before(undefined, stuck),
    sets: [old(8), fresh(5, 0)],
    expected: { status: 'True', reason: 'FoundNewReplicaSet', message: 'Found new replica set "new"' },
  },
  'pods became ready: told anew, from the same beginning': {
    given: before(late, { ...stuck, readyReplicas: 7, availableReplicas: 7 }),
    sets: [old(8), fresh(5, 0)],
    expected: {
      status: 'True',
      reason: 'ReplicaSetUpdated',
      message: 'ReplicaSet "new" is progressing.',
      lastUpdateTime: NOW,
      lastTransitionTime: BEGIN,
    },
  },
  'nothing moved, within the deadline': {
    given: before(late, stuck),
    sets: [old(8), fresh(5, 0)],
    expected: late,
  },
  'nothing moved, past the deadline': {
    given: { ...before(late, stuck), ...shortDeadline },
    sets: [old(8), fresh(5, 0)],
    expected: {
      status: 'False',
      reason: 'ProgressDeadlineExceeded',
      message: 'ReplicaSet "new" has timed out progressing.',
      lastTransitionTime: NOW,
    },
  },
  'all is new and available': {
    given: before(late, stuck),
    sets: [old(0), fresh(10)],
    expected: {
      status: 'True',
      reason: 'NewReplicaSetAvailable',
      message: 'ReplicaSet "new" has successfully progressed.',
    },
  },
  'a pod that fails after the end is no rollout, however long it takes': {
    given: { ...before(progress('True', 'NewReplicaSetAvailable')), ...shortDeadline },
    sets: [old(0), fresh(10, 9)],
    expected: { status: 'True', reason: 'NewReplicaSetAvailable', lastUpdateTime: BEGIN },
  },
  'no deadline, no progress': {
    given: { ...before(late, stuck), spec: { progressDeadlineSeconds: 2_147_483_647 } },
    sets: [old(8), fresh(5, 0)],
    expected: undefined,
  },
  'it is paused': {
    given: { ...before(late, stuck), spec: { paused: true } },
    sets: [old(8), fresh(5, 0)],
    news: { isRollingOut: false },
    expected: { status: 'Unknown', reason: 'DeploymentPaused', message: 'Deployment is paused' },
  },
  'it is resumed': {
    given: before(progress('Unknown', 'DeploymentPaused'), stuck),
    sets: [old(8), fresh(5, 0)],
    expected: { status: 'Unknown', reason: 'DeploymentResumed', message: 'Deployment is resumed' },
  },
  'a pause does not hide that it had timed out': {
    given: { ...before(progress('False', 'ProgressDeadlineExceeded'), stuck), spec: { paused: true } },
    sets: [old(8), fresh(5, 0)],
    news: { isRollingOut: false },
    expected: { status: 'False', reason: 'ProgressDeadlineExceeded' },
  },
};
for (const [rule, { given, sets, news, expected }] of Object.entries(progressCases)) {
  t.test(`progress: ${rule}`, async (t) => {
    const rollout = makeRollout(makeDeployment(given), ...sets);
    const { conditions } = deploymentStatus(rollout, { ...rolling, ...news }, nowMs);
    const found = findCondition(conditions, 'Progressing');
    if (expected === undefined) t.equal(found, undefined);
    else t.match(found, expected);
  });
}

t.test('what a ReplicaSet fails at shows until it is over, and a second look changes nothing', async (t) => {
  const failure = {
    type: 'ReplicaFailure',
    status: 'True',
    reason: 'FailedCreate',
    message: 'exceeded quota',
  };
  const failing = makeSet({
    name: 'new',
    image: 'new',
    size: 3,
    available: 0,
    status: { conditions: [{ ...failure, lastTransitionTime: BEGIN }] },
  });
  const status = deploymentStatus(makeRollout(makeDeployment(), old(8), failing), rolling, nowMs);
  t.match(findCondition(status.conditions, 'ReplicaFailure'), { ...failure, lastTransitionTime: BEGIN });
  const again = makeRollout(makeDeployment({ status }), old(8), failing);
  t.same(deploymentStatus(again, rolling, nowMs + 5000), status);
  const over = deploymentStatus(makeRollout(makeDeployment({ status }), old(8), fresh(3)), rolling, nowMs);
  t.equal(findCondition(over.conditions, 'ReplicaFailure'), undefined);
});

t.test('it is looked at again a second after the deadline, while one is running', async (t) => {
  const inMs = (condition: apps.DeploymentCondition) =>
    nextDeadlineInMs(makeDeployment(), { conditions: [condition] }, nowMs);
  t.equal(inMs(late), 301_000);
  t.equal(inMs(progress('True', 'NewReplicaSetAvailable')), undefined);
  t.equal(inMs(progress('False', 'ProgressDeadlineExceeded')), undefined);
});
