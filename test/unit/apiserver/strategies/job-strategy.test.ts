import t from 'tap';
import type { Job } from '../../../../src/api/objects.ts';
import { JobStrategy } from '../../../../src/apiserver/strategies/job-strategy.ts';

const strategy = new JobStrategy();

function prepared(spec: object, labels?: Record<string, string>): Job {
  const metadata = {
    name: 'pi',
    uid: 'u',
    resourceVersion: '',
    creationTimestamp: '',
    ...(labels && { labels }),
  };
  const job = { apiVersion: 'batch/v1', kind: 'Job', metadata, spec: { template: {}, ...spec } } as Job;
  strategy.prepareForCreate(job);
  return job;
}

const generated = {
  'controller-uid': 'u',
  'batch.kubernetes.io/controller-uid': 'u',
  'job-name': 'pi',
  'batch.kubernetes.io/job-name': 'pi',
};

t.test('a job selects its pods by its uid', async (t) => {
  const job = prepared({});
  t.same(job.spec.selector, { matchLabels: { 'batch.kubernetes.io/controller-uid': 'u' } });
  t.same(job.spec.template.metadata?.labels, generated);
  t.same(job.metadata.labels, generated, 'without labels of its own it has those of its pods');
});

t.test('labels of its own stay', async (t) => {
  t.same(prepared({}, { a: 'b' }).metadata.labels, { a: 'b' });
  const template = { metadata: { labels: { 'job-name': 'mine' } } };
  const job = prepared({ template });
  t.equal(job.spec.template.metadata?.labels?.['job-name'], 'mine', 'left for validation to refuse');
});

t.test('a selector that was chosen stays as it is', async (t) => {
  const selector = { matchLabels: { a: 'b' } };
  const job = prepared({ manualSelector: true, selector });
  t.same(job.spec, { manualSelector: true, selector, template: {} });
});
