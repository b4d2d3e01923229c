// Job and CronJob: what they show, and the rules that need more than one manifest to see.
import t from 'tap';
import { cell, objectOf, problems, updateProblems } from '../../../support/kind-problems.ts';

const container = { name: 'a', image: 'a:1' };
const template = (spec: object = {}) => ({
  spec: { containers: [container], restartPolicy: 'Never', ...spec },
});
/** A job that chose its selector, so that nothing has to be generated. */
const job = (spec: object = {}, podSpec: object = {}) => ({
  spec: {
    manualSelector: true,
    selector: { matchLabels: { a: 'b' } },
    template: { metadata: { labels: { a: 'b' } }, ...template(podSpec) },
    ...spec,
  },
});

t.test('a job shows how far it is', async (t) => {
  const status = (...types: string[]) => ({
    ...job(),
    status: { conditions: types.map((type) => ({ type, status: 'True' })) },
  });
  t.equal(cell('job', 'Status', job()), 'Running');
  t.equal(cell('job', 'Status', status('FailureTarget', 'Failed')), 'Failed');
  t.equal(cell('job', 'Status', status('Complete')), 'Complete');
  t.equal(cell('job', 'Status', status('Suspended')), 'Suspended');
  const deleted = { ...job(), metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } };
  t.equal(cell('job', 'Status', deleted), 'Terminating');
  t.equal(cell('job', 'Completions', { ...job({ completions: 3 }), status: { succeeded: 1 } }), '1/3');
  t.equal(cell('job', 'Completions', job({ parallelism: 4 })), '0/1 of 4');
  const started = { startTime: '2026-01-01T00:00:00Z' };
  t.equal(cell('job', 'Duration', { ...job(), status: started }), '5m');
  const done = { ...started, completionTime: '2026-01-01T00:00:09Z' };
  t.equal(cell('job', 'Duration', { ...job(), status: done }), '9s');
});

t.test('a work queue has parallelism and no number of completions', async (t) => {
  t.match(objectOf('job', job({ parallelism: 2 })).object, {
    spec: { completions: undefined, parallelism: 2 },
  });
  t.match(objectOf('job', job()).object, { spec: { completions: 1, parallelism: 1 } });
  t.match(objectOf('job', job({ backoffLimitPerIndex: 1 })).object, {
    spec: { backoffLimit: 2_147_483_647 },
  });
});

t.test('pods that end for good, or on failure alone', async (t) => {
  t.same(problems('job', job()), []);
  t.same(problems('job', job({}, { restartPolicy: 'OnFailure' })), []);
  t.same(problems('job', job({}, { restartPolicy: 'Always' })), [
    'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
  ]);
});

t.test('a selector that nobody chose must be the generated one', async (t) => {
  const own = job({ manualSelector: false });
  t.match(problems('job', own), [
    "spec.template.metadata.labels[controller-uid]: Required value: must be 'u'",
    "spec.template.metadata.labels[batch.kubernetes.io/controller-uid]: Required value: must be 'u'",
    "spec.template.metadata.labels[job-name]: Required value: must be 'x'",
    "spec.template.metadata.labels[batch.kubernetes.io/job-name]: Required value: must be 'x'",
    /^spec\.selector: Invalid value: .* `selector` not auto-generated$/,
  ]);
});

t.test('indexed jobs know their number, and their last pod has a host name', async (t) => {
  t.same(problems('job', job({ completionMode: 'Indexed', completions: 3 })), []);
  t.same(problems('job', job({ backoffLimitPerIndex: 1 })), [
    'spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode',
  ]);
  const long = { metadata: { name: 'x'.repeat(62) }, ...job({ completionMode: 'Indexed', completions: 10 }) };
  t.match(problems('job', long), [/^metadata\.name: .*will not able to create pod with invalid DNS label/]);
});

t.test('a pod failure policy has one reason for each rule', async (t) => {
  const withRules = (...rules: object[]) => problems('job', job({ podFailurePolicy: { rules } }));
  const onExitCodes = { containerName: 'a', operator: 'In', values: [1, 42] };
  t.same(withRules({ action: 'FailJob', onExitCodes }), []);
  t.same(withRules({ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget' }] }), []);
  const at = 'spec.podFailurePolicy.rules[0]';
  t.match(withRules({ action: 'Ignore' }), [
    `${at}: Invalid value: {"action":"Ignore"}: specifying one of OnExitCodes and OnPodConditions is required`,
  ]);
  t.same(withRules({ action: 'Never', onExitCodes }), [
    `${at}.action: Unsupported value: "Never": supported values: "Count", "FailIndex", "FailJob", "Ignore"`,
  ]);
  t.same(withRules({ action: 'Count', onExitCodes: { ...onExitCodes, containerName: 'b', values: [0] } }), [
    `${at}.onExitCodes.containerName: Invalid value: "b": must be one of the container or initContainer names in the pod template`,
    `${at}.onExitCodes.values[0]: Invalid value: 0: must not be 0 for the In operator`,
  ]);
  const restarting = job({ podFailurePolicy: { rules: [] } }, { restartPolicy: 'OnFailure' });
  t.same(problems('job', restarting), [
    'spec.template.spec.restartPolicy: Invalid value: "OnFailure": only "Never" is supported when podFailurePolicy is specified',
  ]);
});

t.test('a job keeps what its pods depend on', async (t) => {
  t.same(
    updateProblems('job', job(), job({ parallelism: 5, completions: 1, suspend: true, backoffLimit: 1 })),
    [],
  );
  t.same(updateProblems('job', job(), job({ completions: 2 })), [
    'spec.completions: Invalid value: 2: field is immutable',
  ]);
  const indexed = (completions: number, parallelism = completions) =>
    job({ completionMode: 'Indexed', completions, parallelism });
  t.same(updateProblems('job', indexed(2), indexed(3)), []);
  t.same(updateProblems('job', indexed(2), indexed(3, 2)), [
    'spec.completions: Invalid value: 3: can only be modified in tandem with spec.parallelism',
  ]);
  t.match(updateProblems('job', job(), job({}, { nodeName: 'n' })), [
    /^spec\.template: .* field is immutable$/,
  ]);
});

t.test('where to run may change while a job waits, and no longer once it was started', async (t) => {
  const before = job({ suspend: true });
  const after = job({ suspend: true }, { nodeSelector: { disk: 'ssd' } });
  t.same(updateProblems('job', before, after), []);
  const started = { ...before, status: { startTime: '2026-01-01T00:00:00Z' } };
  t.equal(updateProblems('job', started, after).length, 1);
});

const cronJob = (spec: object = {}, jobSpec: object = {}) => ({
  spec: { schedule: '0 * * * *', jobTemplate: { spec: { template: template(), ...jobSpec } }, ...spec },
});

t.test('a cron job leaves selectors to the server and zones to their field', async (t) => {
  t.same(problems('cj', cronJob({ timeZone: 'Europe/Berlin' })), []);
  t.same(problems('cj', cronJob({}, { selector: {}, manualSelector: true })), [
    'spec.jobTemplate.spec.selector: Invalid value: {}: `selector` will be auto-generated',
    'spec.jobTemplate.spec.manualSelector: Unsupported value: true: supported values: "nil", "false"',
  ]);
  t.same(problems('cj', cronJob({ schedule: 'TZ=UTC 0 * * * *' })), [
    'spec.schedule: Invalid value: "TZ=UTC 0 * * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field instead',
  ]);
  t.same(problems('cj', cronJob({ timeZone: '' })), [
    'spec.timeZone: Invalid value: "": must be nil or non-empty string',
  ]);
  t.match(problems('cj', cronJob({ timeZone: 'Local' })), [/must be an explicit time zone/]);
  t.match(problems('cj', { metadata: { name: 'x'.repeat(53) }, ...cronJob() }), [
    /^metadata\.name: .*must be no more than 52 characters$/,
  ]);
});

t.test('a cron job shows when it ran', async (t) => {
  const status = { lastScheduleTime: '2026-01-01T00:04:30Z', active: [{ name: 'a' }] };
  t.equal(cell('cj', 'Last Schedule', { ...cronJob(), status }), '30s');
  t.equal(cell('cj', 'Active', { ...cronJob(), status }), 1);
  t.equal(cell('cj', 'Suspend', cronJob({ suspend: true })), 'True');
});
