// The kinds of the smaller groups over HTTPS: what the server adds to what their rules say.
import t from 'tap';
import { startApiServer } from '../support/api-server.ts';

const api = await startApiServer();
t.teardown(() => api.stop());

const merge = { 'content-type': 'application/merge-patch+json' };
const inDefault = (group: string, plural: string) => `/apis/${group}/v1/namespaces/default/${plural}`;
const names = (list: { items: { metadata: { name: string } }[] }) =>
  list.items.map(({ metadata }) => metadata.name);

t.test('a NetworkPolicy is stored, and whoever writes it is told what that means', async (t) => {
  const path = inDefault('networking.k8s.io', 'networkpolicies');
  const created = await api.ask('POST', path, {
    body: { metadata: { name: 'a' }, spec: { podSelector: {} } },
  });
  t.match(created, { code: 201, headers: { warning: /^299 - "NetworkPolicy: stored, not enforced/ } });
  const read = await api.ask('GET', `${path}/a`);
  t.match(read, { code: 200, headers: { warning: undefined } });
  const put = await api.ask('PUT', `${path}/a`, { body: read.json });
  t.match(put.headers.warning, /stored, not enforced/);
});

t.test('the priority classes of the system are there from the start', async (t) => {
  const path = '/apis/scheduling.k8s.io/v1/priorityclasses';
  const { json } = await api.ask('GET', path);
  t.strictSame(names(json), ['system-cluster-critical', 'system-node-critical']);
  const mine = await api.ask('POST', path, { body: { metadata: { name: 'system-mine' }, value: 1 } });
  t.match(mine, { code: 422, json: { details: { causes: [{ reason: 'FieldValueForbidden' }] } } });
});

t.test('a Lease is renewed and taken over by who names the version that they saw', async (t) => {
  const path = inDefault('coordination.k8s.io', 'leases');
  const spec = { holderIdentity: 'one', leaseDurationSeconds: 15, renewTime: '2024-01-01T00:00:00.000000Z' };
  const { json } = await api.ask('POST', path, { body: { metadata: { name: 'leader' }, spec } });
  t.match(json.spec, spec);
  const taken = { ...json, spec: { ...spec, holderIdentity: 'two' } };
  const answers = await Promise.all(
    [1, 2].map(() =>
      api.ask('PUT', `${path}/leader`, { body: { ...taken, spec: { ...taken.spec, leaseTransitions: 1 } } }),
    ),
  );
  t.strictSame(answers.map(({ code }) => code).sort(), [200, 409]);
});

t.test(
  'a certificate is asked for as oneself, approved through approval and signed through status',
  async (t) => {
    const path = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
    const pem = '-----BEGIN CERTIFICATE REQUEST-----\nAA==\n-----END CERTIFICATE REQUEST-----\n';
    const spec = {
      request: Buffer.from(pem).toString('base64'),
      signerName: 'example.com/signer',
      usages: ['client auth'],
      username: 'somebody-else',
      groups: ['system:nodes'],
    };
    const approved = { type: 'Approved', status: 'True', reason: 'Fine' };
    const created = await api.ask('POST', path, {
      body: { metadata: { name: 'mine' }, spec, status: { conditions: [approved] } },
    });
    t.match(created, { code: 201, json: { spec: { username: 'admin' } } });
    t.ok(created.json.spec.groups.includes('system:masters'));
    t.notOk(created.json.spec.groups.includes('system:nodes'));
    t.notOk(created.json.status?.conditions, 'nobody approves with the request itself');
    const body = { status: { conditions: [approved], certificate: 'AA==' } };
    const byStatus = await api.ask('PATCH', `${path}/mine/status`, {
      body: { status: { conditions: [approved] } },
      headers: merge,
    });
    t.notOk(byStatus.json.status?.conditions?.length, 'nor through status');
    const metadata = { annotations: { 'example.com/by': 'me' } };
    const decided = await api.ask('PATCH', `${path}/mine/approval`, {
      body: { ...body, metadata, spec: { signerName: 'example.com/other' } },
      headers: merge,
    });
    t.match(decided, {
      code: 200,
      json: { metadata, spec: { signerName: 'example.com/signer' } },
    });
    t.match(decided.json.status, { conditions: [{ ...approved, lastUpdateTime: String }] });
    t.notOk(decided.json.status.certificate, 'who approves does not sign');
    const signed = await api.ask('PATCH', `${path}/mine/status`, {
      body: { status: { certificate: 'AA==' } },
      headers: merge,
    });
    t.match(signed.json.status, { certificate: 'AA==', conditions: [approved] });
    const selected = await api.ask('GET', `${path}?fieldSelector=spec.signerName=example.com/signer`);
    t.strictSame(names(selected.json), ['mine']);
  },
);

t.test('roles and bindings are stored with what upstream fills in', async (t) => {
  const group = 'rbac.authorization.k8s.io';
  const rules = [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }];
  t.equal(
    (await api.ask('POST', inDefault(group, 'roles'), { body: { metadata: { name: 'r' }, rules } })).code,
    201,
  );
  const binding = {
    metadata: { name: 'b:1' },
    roleRef: { apiGroup: group, kind: 'Role', name: 'r' },
    subjects: [{ kind: 'User', name: 'ann' }],
  };
  const bound = await api.ask('POST', inDefault(group, 'rolebindings'), { body: binding });
  t.match(bound, { code: 201, json: { subjects: [{ apiGroup: group }] } });
  const path = `${inDefault(group, 'rolebindings')}/b:1`;
  const swapped = await api.ask('PATCH', path, { body: { roleRef: { name: 'other' } }, headers: merge });
  t.match(swapped, { code: 422, json: { details: { causes: [{ field: 'roleRef' }] } } });
});

t.test('the others are created, listed as a Table and removed', async (t) => {
  const backend = { service: { name: 'web', port: { number: 80 } } };
  const cases: [string, object][] = [
    [inDefault('networking.k8s.io', 'ingresses'), { spec: { defaultBackend: backend } }],
    ['/apis/networking.k8s.io/v1/ingressclasses', { spec: { controller: 'example.com/c' } }],
    [
      inDefault('discovery.k8s.io', 'endpointslices'),
      { addressType: 'IPv4', endpoints: [{ addresses: ['10.0.0.1'] }] },
    ],
    ['/apis/storage.k8s.io/v1/storageclasses', { provisioner: 'example.com/disk' }],
    ['/apis/node.k8s.io/v1/runtimeclasses', { handler: 'crun' }],
  ];
  for (const [path, fields] of cases) {
    const created = await api.ask('POST', path, { body: { metadata: { name: 'x' }, ...fields } });
    t.equal(created.code, 201, `${path}: ${created.text}`);
    const headers = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
    const { json } = await api.ask('GET', `${path}/x`, { headers });
    t.match(json, { kind: 'Table', rows: [{ cells: ['x'] }] }, path);
    t.equal((await api.ask('DELETE', `${path}/x`)).code, 200);
  }
});
