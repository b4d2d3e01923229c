import t from 'tap';
import type { PodRecord } from '../../../../src/kubelet/records/pod-record.ts';
import { podConditions } from '../../../../src/kubelet/status/pod-conditions.ts';
import { desiredPod } from '../../../support/kubelet-world.ts';

const at = '2026-01-01T00:00:00Z';

t.test('all conditions of a pod that has succeeded say why they stand as they do', async (t) => {
  const record: PodRecord = {
    uid: 'u',
    key: 'default/web-1',
    startTime: at,
    sandboxAttempt: 0,
    containers: {},
    conditions: {},
  };
  const found = podConditions(desiredPod(), record, 'Succeeded', { init: [], sidecars: [], main: [] }, []);
  t.same(
    found.map(({ type, status, reason }) => [type, status, reason]),
    [
      ['PodReadyToStartContainers', 'False', undefined],
      ['Initialized', 'True', 'PodCompleted'],
      ['Ready', 'False', 'PodCompleted'],
      ['ContainersReady', 'False', 'PodCompleted'],
      ['PodScheduled', 'True', undefined],
    ],
  );
});
