// What may change in a Job. Source: pkg/apis/batch/validation ValidateJobSpecUpdate, pkg/registry/batch/job
import t from 'tap';
import { validateJobUpdate } from '../../../../src/api/kinds/job-update.ts';
import type { batch, core, Job } from '../../../../src/api/objects.ts';

const container = { name: 'c', image: 'e.com/c:1' };
function job(
  spec: Partial<batch.JobSpec>,
  pod: Partial<core.PodSpec> = {},
  status: batch.JobStatus = {},
): Job {
  const template = { spec: { containers: [container], ...pod } };
  return { spec: { parallelism: 1, template, ...spec }, status } as Job;
}
const told = (next: Job, previous: Job) =>
  validateJobUpdate(next, previous).map(({ field, message }) => `${field}: ${message.split(': ').at(-1)}`);

const TEMPLATE = ['spec.template: field is immutable'];
const SPEC = ['spec.template.spec: field is immutable'];
const suspended = { suspend: true };
const bigger = { containers: [{ ...container, resources: { requests: { cpu: '2' } } }] };
const near: core.Affinity = {
  podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone' }] },
};
const onNodes: core.Affinity = {
  nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } },
};
const paused = { startTime: 'x', conditions: [{ type: 'Suspended', status: 'True' }] } as batch.JobStatus;

const cases: [name: string, next: Job, previous: Job, expected: string[]][] = [
  ['a job that runs keeps its template', job({}, bigger), job({}), TEMPLATE],
  ['one that waits may ask for another size', job(suspended, bigger), job(suspended), []],
  ['and be placed elsewhere', job(suspended, { nodeSelector: { a: 'b' } }), job(suspended), []],
  [
    'not run something else',
    job(suspended, { containers: [{ ...container, image: 'x' }] }),
    job(suspended),
    SPEC,
  ],
  ['its node affinity may change', job(suspended, { affinity: onNodes }), job(suspended), []],
  ['not whom its pods want near', job(suspended, { affinity: near }), job(suspended), SPEC],
  [
    'which stays beside a new node affinity',
    job(suspended, { affinity: { ...near, ...onNodes } }),
    job(suspended, { affinity: near }),
    [],
  ],
  [
    'one that was started and is suspended since waits again',
    job(suspended, bigger),
    job(suspended, {}, paused),
    [],
  ],
  [
    'but not while pods are left',
    job(suspended, bigger),
    job(suspended, {}, { ...paused, active: 1 }),
    TEMPLATE,
  ],
  [
    'completions of a plain job stay',
    job({ completions: 2 }),
    job({ completions: 1 }),
    ['spec.completions: field is immutable'],
  ],
  [
    'those of an Indexed one follow its parallelism',
    job({ completionMode: 'Indexed', completions: 2, parallelism: 2 }),
    job({ completionMode: 'Indexed', completions: 1 }),
    [],
  ],
  [
    'and nothing else',
    job({ completionMode: 'Indexed', completions: 2 }),
    job({ completionMode: 'Indexed', completions: 1 }),
    ['spec.completions: can only be modified in tandem with spec.parallelism'],
  ],
  ['who manages it stays', job({ managedBy: 'e.com/x' }), job({}), ['spec.managedBy: field is immutable']],
];
for (const [name, next, previous, expected] of cases) {
  t.test(name, async (t) => t.same(told(next, previous), expected));
}
