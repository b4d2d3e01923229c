// Fixtures after k8s.io/kubectl/pkg/polymorphichelpers/rollout_status_test.go
import t from 'tap';
import type { KubeObject } from '../../../src/api/objects.ts';
import { rolloutState } from '../../../src/cli/rollout-status.ts';

const object = (spec: object, status: object, generation = 1) =>
  ({
    metadata: { name: 'foo', generation },
    spec,
    status: { observedGeneration: 1, ...status },
  }) as unknown as KubeObject;
const cases: [kind: string, object: KubeObject, line: string, done: boolean][] = [
  [
    'Deployment',
    object({ replicas: 1 }, {}, 2),
    'Waiting for deployment spec update to be observed...',
    false,
  ],
  [
    'Deployment',
    object({ replicas: 2 }, { replicas: 1, updatedReplicas: 1 }),
    'Waiting for deployment "foo" rollout to finish: 1 out of 2 new replicas have been updated...',
    false,
  ],
  [
    'Deployment',
    object({ replicas: 1 }, { replicas: 2, updatedReplicas: 1, availableReplicas: 2 }),
    'Waiting for deployment "foo" rollout to finish: 1 old replicas are pending termination...',
    false,
  ],
  [
    'Deployment',
    object({ replicas: 2 }, { replicas: 2, updatedReplicas: 2, availableReplicas: 1 }),
    'Waiting for deployment "foo" rollout to finish: 1 of 2 updated replicas are available...',
    false,
  ],
  [
    'Deployment',
    object({ replicas: 2 }, { replicas: 2, updatedReplicas: 2, availableReplicas: 2 }),
    'deployment "foo" successfully rolled out',
    true,
  ],
  [
    'DaemonSet',
    object({}, { desiredNumberScheduled: 2, updatedNumberScheduled: 0 }),
    'Waiting for daemon set "foo" rollout to finish: 0 out of 2 new pods have been updated...',
    false,
  ],
  [
    'DaemonSet',
    object({}, { desiredNumberScheduled: 2, updatedNumberScheduled: 2, numberAvailable: 2 }),
    'daemon set "foo" successfully rolled out',
    true,
  ],
  ['StatefulSet', object({ replicas: 3 }, { readyReplicas: 1 }), 'Waiting for 2 pods to be ready...', false],
  [
    'StatefulSet',
    object(
      { replicas: 3, updateStrategy: { rollingUpdate: { partition: 2 } } },
      { readyReplicas: 3, updatedReplicas: 1 },
    ),
    'partitioned roll out complete: 1 new pods have been updated...',
    true,
  ],
  [
    'StatefulSet',
    object(
      { replicas: 1 },
      { readyReplicas: 1, currentReplicas: 1, currentRevision: 'r', updateRevision: 'r' },
    ),
    'statefulset rolling update complete 1 pods at revision r...',
    true,
  ],
];
for (const [kind, given, line, done] of cases) {
  t.test(line, async (t) => t.same(rolloutState(kind, given), { line, done }));
}

t.test('what has failed or has no rollout is told', async (t) => {
  const late = { conditions: [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }] };
  t.throws(() => rolloutState('Deployment', object({}, late)), {
    message: 'deployment "foo" exceeded its progress deadline',
  });
  t.throws(() => rolloutState('Pod', object({}, {})), { message: /no rollout of a Pod/ });
});
