// The real kubectl with every documented kind: apply, apply again, get, describe, delete, and what belongs to some.
import t from 'tap';
import { startApiServer } from '../support/api-server.ts';
import { documentedKinds } from '../support/documented-manifests.ts';
import { kubectlFor, withOwnKubectl } from '../support/kubectl-client.ts';

const api = await startApiServer();
t.teardown(() => api.stop());
const kubectl = await kubectlFor(api, t.testdir({}));

const all = documentedKinds.map(({ yaml }) => yaml).join('---');
const wholeLines = (text: string) => text.trimEnd().split('\n');
/**
 * kubectl always sends these again: claim templates are one atomic list, to which the server has added defaults, and
 * a budget's selector is replaced as a whole.
 */
const resent = ['StatefulSet', 'PodDisruptionBudget'];

t.test('every kind is applied, and applied again without a change', withOwnKubectl, async (t) => {
  const made = await kubectl('apply -f -', all);
  t.match(made, { code: 0, err: '' });
  t.same(
    wholeLines(made.out).map((line) => line.replace(/^.*\//, '')),
    documentedKinds.map(({ name }) => `${name} created`),
  );
  const before = api.store.revision;
  const again = await kubectl('apply -f -', all);
  t.match(again, { code: 0, err: '' });
  t.same(
    wholeLines(again.out).map((line) => line.replace(/^.*\//, '')),
    documentedKinds.map(({ kind, name }) => `${name} ${resent.includes(kind) ? 'configured' : 'unchanged'}`),
  );
  t.equal(api.store.revision, before, 'nothing was written');
});

t.test('every kind is read, described and explained', withOwnKubectl, async (t) => {
  const read = await kubectl('get -o wide -f -', all);
  t.match(read, { code: 0, err: '' });
  for (const { kind, name } of documentedKinds) t.match(read.out, new RegExp(`${name} `), kind);
  const described = await kubectl('describe -f -', all);
  t.match(described, { code: 0, err: '' });
  for (const { kind, name } of documentedKinds) {
    t.match(described.out, new RegExp(`Name:\\s+${name}\n`), kind);
  }
  for (const kind of ['statefulset.spec.updateStrategy', 'hpa.spec.metrics', 'cronjob.spec.schedule']) {
    t.match(await kubectl(`explain ${kind}`), { code: 0, out: /FIELD: / }, kind);
  }
});

t.test('every kind is labelled, and deleted for good', withOwnKubectl, async (t) => {
  t.match(await kubectl('label -f - a=b', all), { code: 0, err: '' });
  // What protects storage in use is taken off by a controller, and this server runs none.
  for (const { kind, name } of documentedKinds.filter(({ kind }) => kind.startsWith('PersistentVolume'))) {
    const patch = '{"metadata":{"finalizers":null}}';
    t.match(await kubectl(`patch ${kind} ${name} --type=merge -p ${patch}`), { code: 0, err: '' });
  }
  t.match(await kubectl('delete -f - --cascade=background', all), { code: 0, err: '' });
  const gone = await kubectl('get -f -', all);
  t.equal(gone.err.match(/not found/g)?.length, documentedKinds.length);
});

t.test('deployments are created, changed, scaled and paused by command', withOwnKubectl, async (t) => {
  t.match(await kubectl('create deployment web --image=a:1 --replicas=2'), { code: 0, err: '' });
  t.match(await kubectl('set image deployment/web a=a:2'), { out: /image updated/ });
  t.match(await kubectl('scale deployment web --replicas=4'), { out: /scaled/ });
  t.match(await kubectl('rollout pause deployment/web'), { out: /paused/ });
  t.match(await kubectl('rollout resume deployment/web'), { out: /resumed/ });
  t.match(await kubectl('rollout restart deployment/web'), { out: /restarted/ });
  t.match(await kubectl('get deploy web'), { out: /web +0\/4 +0 +0 / });
  t.match(await kubectl('autoscale deployment web --min=1 --max=3 --cpu-percent=70'), { code: 0, err: '' });
  t.match(await kubectl('get hpa web'), { out: /Deployment\/web +cpu: <unknown>\/70% +1 +3 +0/ });
});

t.test('jobs, cron jobs and limits are created by command', withOwnKubectl, async (t) => {
  const commands: [string, RegExp][] = [
    ['create job once --image=a:1 -- date', /job.batch\/once created/],
    ['create cronjob daily --image=a:1 --schedule=@daily', /cronjob.batch\/daily created/],
    ['create job now --from=cronjob/daily', /job.batch\/now created/],
    ['create quota small --hard=pods=2,cpu=1', /resourcequota\/small created/],
    ['create pdb calm --selector=app=a --min-available=50%', /poddisruptionbudget.policy\/calm created/],
    ['create serviceaccount robot', /serviceaccount\/robot created/],
  ];
  for (const [command, out] of commands) t.match(await kubectl(command), { code: 0, out, err: '' }, command);
  t.match(await kubectl('get jobs'), { out: /NAME +STATUS +COMPLETIONS +DURATION +AGE\n/ });
  t.match(await kubectl('get cj daily'), { out: /daily +@daily +<none> +False +0 +<none> / });
});
