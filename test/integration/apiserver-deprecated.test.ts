// What clients are told of kinds that upstream has given up, and componentstatuses, the oldest of them: `kubectl get cs`
// is how many people look whether a cluster is well.
import t from 'tap';
import type { ComponentHealth } from '../../src/apiserver/measured/component-health.ts';
import { startApiServer } from '../support/api-server.ts';
import { DEFINITIONS } from '../support/custom-kind.ts';
import { eventually } from '../support/eventually.ts';
import { kubectlFor, withOwnKubectl } from '../support/kubectl-client.ts';

const parts: ComponentHealth[] = [{ name: 'store' }, { name: 'scheduler' }];
const api = await startApiServer({ components: () => parts });
t.teardown(() => api.stop());
const PATH = '/api/v1/componentstatuses';
const TABLE = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' };

t.test('the parts of the master are listed as they are now', async (t) => {
  const { code, json } = await api.ask('GET', PATH);
  t.equal(code, 200);
  t.match(json, { kind: 'ComponentStatusList', apiVersion: 'v1', items: { length: 2 } });
  t.same(json.items[0], {
    metadata: { name: 'scheduler', creationTimestamp: null },
    conditions: [{ type: 'Healthy', status: 'True', message: 'ok' }],
  });
  t.match(await api.ask('GET', `${PATH}/store`), {
    code: 200,
    json: { kind: 'ComponentStatus', metadata: { name: 'store' } },
  });
  t.match(await api.ask('GET', `${PATH}/etcd-0`), {
    code: 404,
    json: { message: 'componentstatuses "etcd-0" not found' },
  });
  t.match(await api.ask('POST', PATH, { body: { metadata: { name: 'x' } } }), { code: 405 });
  t.match(await api.ask('DELETE', `${PATH}/store`), { code: 405 });
  parts[0] = { name: 'store', problem: 'the disk is full' };
  t.teardown(() => {
    parts[0] = { name: 'store' };
  });
  const table = await api.ask('GET', PATH, { headers: TABLE });
  t.same(
    table.json.rows.map(({ cells }: { cells: unknown[] }) => cells),
    [
      ['scheduler', 'Healthy', 'ok', ''],
      ['store', 'Unhealthy', 'the disk is full', 'the disk is full'],
    ],
  );
});

t.test('kubectl prints them, with its warning', withOwnKubectl, async (t) => {
  const kubectl = await kubectlFor(api, t.testdir({}));
  const { out, err } = await kubectl('get cs');
  t.match(out, /^NAME +STATUS +MESSAGE +ERROR\s+scheduler +Healthy +ok/);
  t.match(err, /v1 ComponentStatus is deprecated in v1\.19\+/);
  t.match(await kubectl('explain cs.conditions'), { code: 0, out: /List of component conditions observed/ });
});

t.test('whoever asks for a kind that is given up is told, also when reading', async (t) => {
  const warned = async (path: string) => (await api.ask('GET', path)).headers.warning;
  t.equal(await warned(PATH), '299 - "v1 ComponentStatus is deprecated in v1.19+"');
  t.match(await warned('/api/v1/namespaces/default/endpoints/kubernetes'), /use discovery\.k8s\.io\/v1/);
  t.match(await warned('/apis/batch/v1beta1/cronjobs'), /batch\/v1beta1 CronJob is deprecated/);
  t.equal(await warned('/apis/batch/v1/cronjobs'), undefined);
  t.equal(await warned('/api/v1/pods'), undefined);
});

t.test('a version of a custom kind that is deprecated says so in its own words', async (t) => {
  const schema = { openAPIV3Schema: { type: 'object' } };
  const names = { plural: 'shirts', singular: 'shirt', kind: 'Shirt', listKind: 'ShirtList' };
  const version = { served: true, schema };
  const versions = [
    { name: 'v1', storage: true, ...version },
    { name: 'v1beta1', storage: false, ...version, deprecated: true },
    { name: 'v1alpha1', storage: false, ...version, deprecated: true, deprecationWarning: 'use "v1"' },
  ];
  const body = {
    metadata: { name: 'shirts.example.com' },
    spec: { group: 'example.com', scope: 'Namespaced', names, versions },
  };
  t.match(await api.ask('POST', DEFINITIONS, { body }), { code: 201 });
  const of = (version: string) => `/apis/example.com/${version}/namespaces/default/shirts`;
  await eventually(async () => (await api.ask('GET', of('v1'))).code === 200);
  const warned = async (version: string) => (await api.ask('GET', of(version))).headers.warning;
  t.equal(await warned('v1'), undefined);
  t.equal(await warned('v1beta1'), '299 - "example.com/v1beta1 Shirt is deprecated"');
  t.equal(await warned('v1alpha1'), '299 - "use \\"v1\\""');
  const shirt = { metadata: { name: 's' }, spec: { x: 1 } };
  const created = await api.ask('POST', `${of('v1beta1')}?fieldValidation=Warn`, { body: shirt });
  t.match(created.headers.warning, /Shirt is deprecated", 299 - "unknown field/);
});
