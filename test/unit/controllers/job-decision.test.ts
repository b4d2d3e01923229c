// Counting rules are from https://kubernetes.io/docs/concepts/workloads/controllers/job/
import fc from 'fast-check';
import t from 'tap';
import type { batch, Job, Pod } from '../../../src/api/objects.ts';
import { accountPods, accountStatus } from '../../../src/controllers/job-account.ts';
import { backoffInMs } from '../../../src/controllers/job-backoff.ts';
import { decideJob } from '../../../src/controllers/job-decision.ts';
import { formatIndexes, parseIndexes } from '../../../src/controllers/job-indexes.ts';
import { TRACKING_FINALIZER } from '../../../src/controllers/job-pod.ts';
import { makePod, type PodTraits } from '../../support/make-pod.ts';

const now = Date.parse('2026-01-01T00:00:00Z');
const INDEX = 'batch.kubernetes.io/job-completion-index';

function makeJob(spec: Partial<batch.JobSpec> = {}, status?: batch.JobStatus): Job {
  const times = { resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'work', namespace: 'default', uid: 'job', ...times },
    spec: { backoffLimit: 6, parallelism: 1, template: {}, ...spec },
    ...(status ? { status } : {}),
  };
}

function tracked(name: string, phase: string, traits: PodTraits & { index?: number } = {}): Pod {
  const annotations: Record<string, string> =
    traits.index === undefined ? {} : { [INDEX]: String(traits.index) };
  const pod = makePod({ name, phase, nodeName: 'board', annotations, ...traits });
  return { ...pod, metadata: { ...pod.metadata, finalizers: [TRACKING_FINALIZER] } };
}

/** With a clock that never jumped. */
function decide(job: Job, pods: readonly Pod[]) {
  const { startTime } = job.status ?? {};
  return decideJob(job, pods, now, startTime === undefined ? 0 : now - Date.parse(startTime));
}

const running = (count: number) => Array.from({ length: count }, (_, i) => tracked(`r${i}`, 'Running'));

const counts: [
  name: string,
  spec: Partial<batch.JobSpec>,
  status: batch.JobStatus,
  pods: Pod[],
  create: number,
  discard: number,
][] = [
  ['a new job makes its first pod', { completions: 1 }, {}, [], 1, 0],
  ['parallelism bounds how many are made', { completions: 9, parallelism: 4 }, {}, running(1), 3, 0],
  [
    'no more are made than are missing',
    { completions: 5, parallelism: 4 },
    { succeeded: 3 },
    running(1),
    1,
    0,
  ],
  ['parallelism of 0 makes none', { completions: 2, parallelism: 0 }, {}, [], 0, 0],
  ['parallelism of 0 takes all away', { completions: 2, parallelism: 0 }, {}, running(2), 0, 2],
  ['a queue starts as many as parallelism says', { parallelism: 3 }, {}, running(1), 2, 0],
  ['a queue makes none after a success', { parallelism: 3 }, { succeeded: 1 }, running(1), 0, 0],
  ['a suspended job has none', { completions: 2, suspend: true }, {}, running(2), 0, 2],
  [
    'an end of which the status knows is not counted again',
    { completions: 2, parallelism: 2 },
    { uncountedTerminatedPods: { succeeded: ['uid-s'] } },
    [tracked('s', 'Succeeded')],
    1,
    0,
  ],
  [
    'a pod that is going is replaced at once',
    { completions: 1 },
    { failed: 0 },
    [tracked('d', 'Running', { deletedAt: '2025-12-31T23:00:00Z' })],
    1,
    0,
  ],
  [
    'unless the job waits for its end',
    { completions: 1, podReplacementPolicy: 'Failed' },
    {},
    [tracked('d', 'Running', { deletedAt: '2025-12-31T23:00:00Z' })],
    0,
    0,
  ],
];
for (const [name, spec, status, pods, create, discard] of counts) {
  t.test(name, async (t) => {
    const decision = decide(makeJob(spec, status), pods);
    t.equal(decision.create.length, create);
    t.equal(decision.discard.length, discard);
  });
}

t.test('of two pods with one index, and of one without, only the first stays', async (t) => {
  const spec = { completions: 3, parallelism: 3, completionMode: 'Indexed' };
  const pods = [
    tracked('a', 'Running', { index: 0, ready: true }),
    tracked('b', 'Pending', { index: 0 }),
    tracked('c', 'Running', { index: 7 }),
  ];
  const decision = decide(makeJob(spec), pods);
  t.same(decision.discard.map(({ metadata }) => metadata.name).sort(), ['b', 'c']);
  t.same(decision.create, [], 'what is made comes in the next round');
  t.same(decide(makeJob(spec), pods.slice(0, 1)).create, [1, 2]);
});

const ends: [
  name: string,
  spec: Partial<batch.JobSpec>,
  status: batch.JobStatus,
  pods: Pod[],
  reason: string | undefined,
][] = [
  [
    'as many failures as the limit are borne',
    { completions: 1, backoffLimit: 2 },
    { failed: 2 },
    [],
    undefined,
  ],
  ['one more ends it', { completions: 1, backoffLimit: 2 }, { failed: 3 }, [], 'BackoffLimitExceeded'],
  [
    'restarts in the pod count with OnFailure',
    { completions: 1, backoffLimit: 2, template: { spec: { restartPolicy: 'OnFailure', containers: [] } } },
    {},
    [tracked('r', 'Running', { restarts: 2 })],
    'BackoffLimitExceeded',
  ],
  [
    'and are no matter with Never',
    { completions: 1, backoffLimit: 2, template: { spec: { restartPolicy: 'Never', containers: [] } } },
    {},
    [tracked('r', 'Running', { restarts: 2 })],
    undefined,
  ],
  [
    'the deadline counts from the start',
    { completions: 1, activeDeadlineSeconds: 60 },
    { startTime: '2025-12-31T23:59:00Z' },
    running(1),
    'DeadlineExceeded',
  ],
  [
    'and not while suspended',
    { completions: 1, activeDeadlineSeconds: 60, suspend: true },
    { startTime: '2025-12-31T23:59:00Z' },
    [],
    undefined,
  ],
  ['no completions are complete at once', { completions: 0 }, {}, [], 'CompletionsReached'],
  ['a queue is not complete while a pod runs', { parallelism: 2 }, { succeeded: 1 }, running(1), undefined],
  ['and is with the last', { parallelism: 2 }, { succeeded: 1, failed: 1 }, [], 'CompletionsReached'],
];
for (const [name, spec, status, pods, reason] of ends) {
  t.test(name, async (t) => t.equal(decide(makeJob(spec, status), pods).end?.reason, reason));
}

t.test('what was announced is not taken back', async (t) => {
  const conditions = [{ type: 'FailureTarget', status: 'True', reason: 'DeadlineExceeded', message: 'late' }];
  const job = makeJob({ completions: 1 }, { conditions, succeeded: 1 });
  t.match(decide(job, running(1)), {
    end: { type: 'Failed', reason: 'DeadlineExceeded' },
    abort: [{}],
  });
});

t.test('failures in a row double the wait, and a success ends the row', async (t) => {
  const at = (name: string, phase: string, secondsAgo: number) => {
    const pod = tracked(name, phase);
    const finishedAt = new Date(now - secondsAgo * 1000).toISOString();
    const containerStatuses = [{ name: 'c', state: { terminated: { exitCode: 1, finishedAt } } }];
    return { ...pod, status: { ...pod.status, containerStatuses } } as Pod;
  };
  const failures = [at('a', 'Failed', 90), at('b', 'Failed', 60), at('c', 'Failed', 30)];
  t.equal(backoffInMs(makeJob(), failures, now), 10_000);
  t.equal(backoffInMs(makeJob(), [...failures, at('s', 'Succeeded', 20)], now), 0);
  t.equal(backoffInMs(makeJob(), [at('a', 'Failed', -500)], now), 10_000, 'a clock that is ahead');
});

t.test('indexes are written as ranges, and read back', async (t) => {
  t.equal(formatIndexes(new Set([7, 1, 3, 4, 5, 9, 10])), '1,3-5,7,9,10');
  t.equal(formatIndexes(new Set()), '');
  t.same([...parseIndexes('0-2,5', 3)], [0, 1, 2], 'a job that shrank');
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(60)), (indexes) => {
      const read = [...parseIndexes(formatIndexes(new Set(indexes)), 61)];
      if (read.join() !== indexes.sort((a, b) => a - b).join()) throw new Error('not the same');
    }),
  );
});

t.test('every end counts exactly once, whenever the power goes and whatever vanishes', async () => {
  const step = fc.record({ pod: fc.nat(7), phase: fc.constantFrom('Succeeded', 'Failed'), cut: fc.nat(2) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      let job = makeJob({ completions: 100, parallelism: 8 });
      let pods = Array.from({ length: 8 }, (_, i) => tracked(`p${i}`, 'Running'));
      const ended = new Map<string, string>();
      const round = (cut: number) => {
        const account = accountPods(job, pods);
        if (cut === 0) return;
        job = { ...job, status: accountStatus(job, account) };
        if (cut === 1) return;
        // Let go, they vanish at once.
        const gone = new Set(account.release.map(({ metadata }) => metadata.uid));
        pods = pods.filter(({ metadata }) => !gone.has(metadata.uid));
      };
      for (const { pod, phase, cut } of steps) {
        pods = pods.map((p) => {
          if (p.metadata.uid !== `uid-p${pod}` || ended.has(p.metadata.uid)) return p;
          ended.set(p.metadata.uid, phase);
          return { ...p, status: { phase } };
        });
        round(cut);
      }
      round(2);
      round(2);
      const expected = (phase: string) => [...ended.values()].filter((p) => p === phase).length;
      const { succeeded = 0, failed = 0 } = job.status ?? {};
      if (succeeded !== expected('Succeeded') || failed !== expected('Failed')) throw new Error('miscounted');
    }),
  );
});
