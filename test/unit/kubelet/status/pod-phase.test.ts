import t from 'tap';
import type { ContainerRecord, PodRecord } from '../../../../src/kubelet/records/pod-record.ts';
import { finishedPhase, podPhase } from '../../../../src/kubelet/status/pod-phase.ts';
import { desiredPod } from '../../../support/kubelet-world.ts';

/** `undefined` = never made, `run` = running, a number = ended with that code. */
type State = undefined | 'run' | number;

function recordOf(states: Record<string, State>): PodRecord {
  const containers: Record<string, ContainerRecord> = {};
  for (const [name, state] of Object.entries(states)) {
    if (state === undefined) continue;
    const base = { attempt: 0, specHash: '', image: 'i', imageId: 'i', backoffSteps: 0 };
    const ended = { exitCode: Number(state), reason: 'x', finishedAt: '2026-01-01T00:00:00Z' };
    containers[name] = state === 'run' ? base : { ...base, ended };
  }
  const at = '2026-01-01T00:00:00Z';
  return { uid: 'u', key: 'default/web-1', startTime: at, sandboxAttempt: 0, containers, conditions: {} };
}

const cases: [policy: string, init: State | 'none', a: State, b: State, phase: string][] = [
  ['Always', 'none', undefined, undefined, 'Pending'],
  ['Always', 'none', 'run', undefined, 'Pending'],
  ['Always', 'none', 'run', 'run', 'Running'],
  ['Always', 'none', 0, 0, 'Running'],
  ['Always', 'none', 1, 'run', 'Running'],
  ['OnFailure', 'none', 0, 0, 'Succeeded'],
  ['OnFailure', 'none', 0, 1, 'Running'],
  ['OnFailure', 'none', 0, 'run', 'Running'],
  ['Never', 'none', 0, 0, 'Succeeded'],
  ['Never', 'none', 0, 1, 'Failed'],
  ['Never', 'none', 0, 'run', 'Running'],
  ['Never', 'none', undefined, 1, 'Pending'],
  ['Always', undefined, undefined, undefined, 'Pending'],
  ['Always', 1, undefined, undefined, 'Pending'],
  ['Always', 0, undefined, undefined, 'Pending'],
  ['Always', 0, 'run', 'run', 'Running'],
  ['Never', 1, undefined, undefined, 'Failed'],
  ['OnFailure', 1, undefined, undefined, 'Pending'],
];

for (const [restartPolicy, init, a, b, phase] of cases) {
  t.test(`${restartPolicy}: init ${init}, containers ${a} and ${b} make ${phase}`, async (t) => {
    const containers = [
      { name: 'a', image: 'i' },
      { name: 'b', image: 'i' },
    ];
    const inits = init === 'none' ? {} : { initContainers: [{ name: 'init', image: 'i' }] };
    const pod = desiredPod({ spec: { restartPolicy, containers, ...inits } });
    const record = recordOf({ a, b, ...(init === 'none' ? {} : { init }) });
    t.equal(podPhase(pod, record), phase);
    const isTerminal = phase === 'Succeeded' || phase === 'Failed';
    t.equal(finishedPhase(pod, record), isTerminal ? phase : undefined);
  });
}
