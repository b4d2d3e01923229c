// Admission over HTTPS: quotas under parallel writes, limits, priorities and Pod Security levels.
import t from 'tap';
import { allKinds } from '../../src/api/scheme-table.ts';
import { systemClock } from '../../src/base/clock.ts';
import { sequence } from '../../src/base/component.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { InformerFactory } from '../../src/client/informer-factory.ts';
import { ResourceQuotaController } from '../../src/controllers/resource-quota.ts';
import { startApiServer } from '../support/api-server.ts';
import { eventually } from '../support/eventually.ts';

const api = await startApiServer();
const { client } = api.server;
const informers = new InformerFactory({ client, clock: systemClock, logger: silentLogger });
const common = { client, informers, clock: systemClock, logger: silentLogger, recorder: { record() {} } };
const loops = sequence([informers, new ResourceQuotaController({ ...common, kinds: allKinds })]);
// The informers are made by the controllers' constructors, so they start with all of them.
await loops.start();
t.teardown(async () => {
  await loops.stop();
  await api.stop();
});

let made = 0;
/** A namespace of its own for each test, with labels at will. */
async function namespace(labels: Record<string, string> = {}): Promise<string> {
  const name = `n${++made}`;
  await api.ask('POST', '/api/v1/namespaces', { body: { metadata: { name, labels } } });
  return `/api/v1/namespaces/${name}`;
}

const quota = (hard: Record<string, string>, spec: object = {}) => ({
  body: { metadata: { name: 'q' }, spec: { hard, ...spec } },
});

const pod = (name: string, resources: object = {}, spec: object = {}) => ({
  body: { metadata: { name }, spec: { containers: [{ name: 'c', image: 'i', resources }], ...spec } },
});

const used = async (ns: string) => (await api.ask('GET', `${ns}/resourcequotas/q`)).json.status?.used;
const eventuallyUsed = (ns: string, wanted: Record<string, string>) =>
  eventually(async () => {
    const now = await used(ns);
    for (const [name, amount] of Object.entries(wanted)) {
      if (now?.[name] !== amount) throw new Error(`used is ${JSON.stringify(now)}`);
    }
    return true;
  });

t.test('fifty parallel creates never exceed a quota', async (t) => {
  const ns = await namespace();
  t.equal(
    (await api.ask('POST', `${ns}/resourcequotas`, quota({ pods: '7', 'requests.cpu': '1' }))).code,
    201,
  );
  const asked = Array.from({ length: 50 }, (_, i) =>
    api.ask('POST', `${ns}/pods`, pod(`p${i}`, { requests: { cpu: i % 2 ? '100m' : '200m' } })),
  );
  const answers = await Promise.all(asked);
  const created = answers.filter(({ code }) => code === 201);
  t.ok(answers.every(({ code }) => code === 201 || code === 403));
  const milli = created.reduce((sum, { json }) => {
    return sum + Number.parseInt(json.spec.containers[0].resources.requests.cpu, 10);
  }, 0);
  t.ok(created.length <= 7 && milli <= 1000, `${created.length} pods, ${milli}m`);
  t.ok(created.length === 7 || milli > 800, 'what fits is let in');
  const refused = answers.find(({ code }) => code === 403)!;
  t.match(refused.json.message, /^pods "p\d+" is forbidden: exceeded quota: q, requested: /);
  t.ok(await eventuallyUsed(ns, { pods: String(created.length) }));
});

t.test('parallel creates and deletes leave room that is exact', async (t) => {
  const ns = await namespace();
  await api.ask('POST', `${ns}/resourcequotas`, quota({ configmaps: '5', 'count/secrets': '3' }));
  const round = async (i: number) => {
    const made = await api.ask('POST', `${ns}/configmaps`, { body: { metadata: { name: `c${i}` } } });
    if (made.code === 201) await api.ask('DELETE', `${ns}/configmaps/c${i}`);
  };
  for (let i = 0; i < 4; i++) await Promise.all(Array.from({ length: 15 }, (_, j) => round(i * 15 + j)));
  const codes = [];
  for (let i = 0; i < 6; i++) {
    codes.push((await api.ask('POST', `${ns}/configmaps`, { body: { metadata: { name: `z${i}` } } })).code);
  }
  t.same(codes, [201, 201, 201, 201, 201, 403]);
  const secrets = Array.from({ length: 5 }, (_, i) =>
    api.ask('POST', `${ns}/secrets`, { body: { metadata: { name: `s${i}` } } }),
  );
  const made = (await Promise.all(secrets)).filter(({ code }) => code === 201);
  t.equal(made.length, 3);
});

t.test('a refusal says what was asked, used and limited', async (t) => {
  const ns = await namespace();
  await api.ask('POST', `${ns}/resourcequotas`, quota({ pods: '1', 'limits.memory': '64Mi' }));
  const limits = { limits: { memory: '48Mi' } };
  t.equal((await api.ask('POST', `${ns}/pods`, pod('a', limits))).code, 201);
  t.equal(
    (await api.ask('POST', `${ns}/pods`, pod('b', limits))).json.message,
    'pods "b" is forbidden: exceeded quota: q, requested: limits.memory=48Mi,pods=1, used: limits.memory=48Mi,pods=1, limited: limits.memory=64Mi,pods=1',
  );
  t.equal(
    (await api.ask('POST', `${ns}/pods`, pod('c'))).json.message,
    'pods "c" is forbidden: failed quota: q: must specify limits.memory for: c',
  );
});

t.test('every quota is asked what it must know before any is asked what it has left', async (t) => {
  const ns = await namespace();
  const named = (name: string, hard: object) => ({ body: { metadata: { name }, spec: { hard } } });
  await api.ask('POST', `${ns}/resourcequotas`, named('a', { pods: '0' }));
  await api.ask('POST', `${ns}/resourcequotas`, named('b', { 'requests.cpu': '1' }));
  t.equal(
    (await api.ask('POST', `${ns}/pods`, pod('p'))).json.message,
    'pods "p" is forbidden: failed quota: b: must specify requests.cpu for: c',
  );
});

t.test('a pod that was there before the quota may still be labelled', async (t) => {
  const ns = await namespace();
  await api.ask('POST', `${ns}/pods`, pod('old'));
  await api.ask('POST', `${ns}/resourcequotas`, quota({ 'limits.memory': '64Mi' }));
  const headers = { 'content-type': 'application/merge-patch+json' };
  const change = (body: object) => api.ask('PATCH', `${ns}/pods/old`, { body, headers });
  t.equal((await change({ metadata: { labels: { tier: 'web' } } })).code, 200);
  t.equal(
    (await change({ spec: { activeDeadlineSeconds: 60 } })).json.message,
    'pods "old" is forbidden: failed quota: q: must specify limits.memory for: c',
    'but not get a deadline, which other scopes count',
  );
});

t.test('a dry run takes nothing', async (t) => {
  const ns = await namespace();
  await api.ask('POST', `${ns}/resourcequotas`, quota({ pods: '1' }));
  for (const name of ['a', 'b'])
    t.equal((await api.ask('POST', `${ns}/pods?dryRun=All`, pod(name))).code, 201);
  t.equal((await api.ask('POST', `${ns}/pods`, pod('c'))).code, 201);
  t.equal((await api.ask('POST', `${ns}/pods?dryRun=All`, pod('d'))).code, 403);
});

t.test(
  'what is there before the quota counts, and a finished or deleted pod gives its room back',
  async (t) => {
    const ns = await namespace();
    await api.ask('POST', `${ns}/pods`, pod('old'));
    await api.ask('POST', `${ns}/resourcequotas`, quota({ pods: '2' }));
    t.ok(await eventuallyUsed(ns, { pods: '1' }));
    t.equal((await api.ask('POST', `${ns}/pods`, pod('new'))).code, 201);
    t.equal((await api.ask('POST', `${ns}/pods`, pod('late'))).code, 403);
    const headers = { 'content-type': 'application/merge-patch+json' };
    const done = { status: { phase: 'Succeeded' } };
    t.equal((await api.ask('PATCH', `${ns}/pods/old/status`, { body: done, headers })).code, 200);
    t.equal((await api.ask('POST', `${ns}/pods`, pod('late'))).code, 201);
    t.equal((await api.ask('POST', `${ns}/pods`, pod('later'))).code, 403);
    await api.ask('DELETE', `${ns}/pods/new?gracePeriodSeconds=0`);
    t.equal((await api.ask('POST', `${ns}/pods`, pod('later'))).code, 201);
    t.ok(await eventuallyUsed(ns, { pods: '2' }));
  },
);

t.test('a quota with a scope counts only the pods in it', async (t) => {
  const ns = await namespace();
  await api.ask('POST', `${ns}/resourcequotas`, quota({ pods: '1' }, { scopes: ['BestEffort'] }));
  t.equal((await api.ask('POST', `${ns}/pods`, pod('a'))).code, 201);
  t.equal((await api.ask('POST', `${ns}/pods`, pod('b'))).code, 403);
  t.equal((await api.ask('POST', `${ns}/pods`, pod('c', { requests: { cpu: '1m' } }))).code, 201);
  t.ok(await eventuallyUsed(ns, { pods: '1' }));
});

t.test('a Service that grows node ports is held against the quota too', async (t) => {
  const ns = await namespace();
  await api.ask('POST', `${ns}/resourcequotas`, quota({ services: '2', 'services.nodeports': '1' }));
  const service = (name: string, type: string) => ({
    metadata: { name },
    spec: { type, ports: [{ port: 80 }] },
  });
  t.equal((await api.ask('POST', `${ns}/services`, { body: service('a', 'NodePort') })).code, 201);
  t.equal((await api.ask('POST', `${ns}/services`, { body: service('b', 'ClusterIP') })).code, 201);
  const headers = { 'content-type': 'application/merge-patch+json' };
  const grow = { body: { spec: { type: 'NodePort' } }, headers };
  const refused = await api.ask('PATCH', `${ns}/services/b`, grow);
  t.equal(refused.code, 403);
  t.match(refused.json.message, /exceeded quota: q, requested: services.nodeports=1/);
  await api.ask('DELETE', `${ns}/services/a`);
  t.equal((await api.ask('PATCH', `${ns}/services/b`, grow)).code, 200);
});

t.test("a LimitRange fills in, and refuses in upstream's words", async (t) => {
  const ns = await namespace();
  const limits = [
    {
      type: 'Container',
      default: { memory: '64Mi' },
      defaultRequest: { cpu: '100m', memory: '32Mi' },
      max: { memory: '128Mi' },
      min: { cpu: '50m' },
      maxLimitRequestRatio: { memory: '4' },
    },
  ];
  await api.ask('POST', `${ns}/limitranges`, { body: { metadata: { name: 'l' }, spec: { limits } } });
  const { json } = await api.ask('POST', `${ns}/pods`, pod('a'));
  const { resources } = json.spec.containers[0];
  t.match(resources, { requests: { cpu: '100m', memory: '32Mi' }, limits: { memory: '64Mi' } });
  t.equal(json.status.qosClass, 'Burstable');
  t.match(
    json.metadata.annotations['kubernetes.io/limit-ranger'],
    /^LimitRanger plugin set: .* for container c/,
  );
  const message = async (name: string, asked: object) =>
    (await api.ask('POST', `${ns}/pods`, pod(name, asked))).json.message;
  t.equal(
    await message('b', { requests: { memory: '64Mi' }, limits: { memory: '256Mi' } }),
    'pods "b" is forbidden: maximum memory usage per Container is 128Mi, but limit is 256Mi',
  );
  t.equal(
    await message('c', { requests: { cpu: '10m' } }),
    'pods "c" is forbidden: minimum cpu usage per Container is 50m, but request is 10m',
  );
  t.match(
    await message('d', { requests: { memory: '1Mi' }, limits: { memory: '64Mi' } }),
    /memory max limit to request ratio per Container is 4, but provided ratio is 64\.0/,
  );
});

t.test('of several LimitRanges the first that minds speaks, each sentence once', async (t) => {
  const ns = await namespace();
  const range = (name: string, ...limits: object[]) =>
    api.ask('POST', `${ns}/limitranges`, { body: { metadata: { name }, spec: { limits } } });
  await range(
    'a',
    { type: 'Container', maxLimitRequestRatio: { cpu: '2' } },
    { type: 'Pod', max: { memory: '64Mi' } },
  );
  await range('b', { type: 'Pod', min: { cpu: '1' } });
  const containers = ['c', 'd'].map((name) => ({ name, image: 'i' }));
  t.equal(
    (await api.ask('POST', `${ns}/pods`, pod('p', {}, { containers }))).json.message,
    'pods "p" is forbidden: [cpu max limit to request ratio per Container is 2, but no request is specified or request is 0, maximum memory usage per Pod is 64Mi.  No limit is specified]',
  );
});

t.test('what each LimitRange filled in is told of the last one', async (t) => {
  const ns = await namespace();
  const range = (name: string, given: object) =>
    api.ask('POST', `${ns}/limitranges`, {
      body: { metadata: { name }, spec: { limits: [{ type: 'Container', ...given }] } },
    });
  await range('a', { default: { memory: '64Mi' } });
  await range('b', { defaultRequest: { cpu: '10m' } });
  const { json } = await api.ask('POST', `${ns}/pods`, pod('p'));
  t.match(json.spec.containers[0].resources, { requests: { cpu: '10m' }, limits: { memory: '64Mi' } });
  t.equal(
    json.metadata.annotations['kubernetes.io/limit-ranger'],
    'LimitRanger plugin set: cpu request for container c',
  );
});

t.test('a pod gets the priority of its class', async (t) => {
  const ns = await namespace();
  const classes = '/apis/scheduling.k8s.io/v1/priorityclasses';
  await api.ask('POST', classes, { body: { metadata: { name: 'high' }, value: 1000 } });
  const priority = async (name: string, spec: object) => {
    const { code, json } = await api.ask('POST', `${ns}/pods`, pod(name, {}, spec));
    return code === 201 ? json.spec.priority : json.message;
  };
  t.equal(await priority('none', {}), 0);
  t.equal(await priority('high', { priorityClassName: 'high' }), 1000);
  t.equal(await priority('system', { priorityClassName: 'system-node-critical' }), 2_000_001_000);
  t.equal(
    await priority('lost', { priorityClassName: 'nowhere' }),
    'pods "lost" is forbidden: no PriorityClass with name nowhere was found',
  );
  t.match(
    await priority('liar', { priorityClassName: 'high', priority: 5 }),
    /must not be provided in pod spec/,
  );
  const patient = { metadata: { name: 'patient' }, value: 1000, preemptionPolicy: 'Never' };
  await api.ask('POST', classes, { body: patient });
  const never = { priorityClassName: 'patient', preemptionPolicy: 'Never' };
  t.equal(await priority('patient', never), 1000);
  t.equal(
    await priority('pushy', { preemptionPolicy: 'Never' }),
    'pods "pushy" is forbidden: the string value of PreemptionPolicy (Never) must not be provided in pod spec; priority admission controller computed PreemptLowerPriority from the given PriorityClass name',
  );
  const general = { metadata: { name: 'general' }, value: 10, globalDefault: true };
  t.equal((await api.ask('POST', classes, { body: general })).code, 201);
  t.equal(await priority('plain', {}), 10);
  const second = { metadata: { name: 'second' }, value: 11, globalDefault: true };
  t.match(await api.ask('POST', classes, { body: second }), {
    code: 403,
    json: {
      message:
        'priorityclasses.scheduling.k8s.io "second" is forbidden: PriorityClass general is already marked as default. Only one default can exist',
    },
  });
  await api.ask('DELETE', `${classes}/general`);
});

t.test('a namespace enforces a Pod Security level, and warns about another', async (t) => {
  const prefix = 'pod-security.kubernetes.io';
  const ns = await namespace({ [`${prefix}/enforce`]: 'baseline', [`${prefix}/warn`]: 'restricted' });
  const fine = await api.ask('POST', `${ns}/pods`, pod('fine'));
  t.equal(fine.code, 201);
  t.match(
    String(fine.headers.warning),
    /would violate PodSecurity \\"restricted:latest\\": allowPrivilegeEscalation != false/,
  );
  t.equal(
    (await api.ask('POST', `${ns}/pods`, pod('host', {}, { hostNetwork: true }))).json.message,
    'pods "host" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostNetwork=true)',
  );
  const template = { metadata: { labels: { a: 'b' } }, spec: { ...pod('x').body.spec, hostPID: true } };
  const rc = { metadata: { name: 'rc' }, spec: { replicas: 0, selector: { a: 'b' }, template } };
  const workload = await api.ask('POST', `${ns}/replicationcontrollers`, { body: rc });
  t.equal(workload.code, 201, 'templates are only warned about');
  t.match(String(workload.headers.warning), /host namespaces \(hostPID=true\)/);
});

t.test('a pod runs as an account that exists', async (t) => {
  const ns = await namespace();
  const plain = await api.ask('POST', `${ns}/pods`, pod('plain'));
  t.match(plain.json.spec, { serviceAccountName: 'default', serviceAccount: 'default' });
  t.match(
    (await api.ask('POST', `${ns}/pods`, pod('lost', {}, { serviceAccountName: 'x' }))).json.message,
    /error looking up service account n\d+\/x: serviceaccount "x" not found/,
  );
  const account = { metadata: { name: 'x' }, imagePullSecrets: [{ name: 'registry' }] };
  await api.ask('POST', `${ns}/serviceaccounts`, { body: account });
  const found = await api.ask('POST', `${ns}/pods`, pod('found', {}, { serviceAccountName: 'x' }));
  t.match(found.json.spec.imagePullSecrets, [{ name: 'registry' }]);
});
