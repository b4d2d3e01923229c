// What clients really send: protobuf bodies from kubectl and from typed clients, and kubectl's server-side apply.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { renderKubeconfig } from '../../src/pki/kubeconfig.ts';
import { startApiServer } from '../support/api-server.ts';
import { protobufBody } from '../support/protobuf-encoder.ts';

const KUBECTL = '/usr/bin/kubectl';
const options = { skip: existsSync(KUBECTL) ? false : `${KUBECTL} is not on this machine` };
const PROTOBUF = { 'content-type': 'application/vnd.kubernetes.protobuf' };

const api = await startApiServer();
t.teardown(() => api.stop());
const home = t.testdir({});
const kubeconfig = renderKubeconfig({
  server: api.url,
  authorityPem: api.authority.certificatePem,
  client: api.admin,
});
await writeFile(join(home, 'config'), kubeconfig);

const kubectl = (line: string, input = '') => kubectlWith(line.split(' '), input);

function kubectlWith(
  words: readonly string[],
  input = '',
): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    const args = ['--kubeconfig', join(home, 'config'), ...words];
    const settings = { env: { HOME: home, PATH: process.env.PATH }, timeout: 20_000 };
    const child = execFile(KUBECTL, args, settings, (error, out, err) => {
      resolve({ code: error ? Number(error.code ?? 1) : 0, out, err });
    });
    child.stdin?.end(input);
  });
}

t.test('a typed client creates, replaces and deletes in protobuf', async (t) => {
  const path = '/api/v1/namespaces/default/secrets';
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'release', creationTimestamp: undefined, labels: { owner: 'helm' } },
    type: 'helm.sh/release.v1',
    data: { release: 'aGVsbG8=' },
  };
  const created = await api.ask('POST', path, { body: protobufBody(secret), headers: PROTOBUF });
  t.match(created, { code: 201, json: { data: { release: 'aGVsbG8=' }, type: 'helm.sh/release.v1' } });
  t.match(created.headers['content-type'], /^application\/json/);
  const changed = { ...secret, data: { release: 'aGV5' } };
  const put = await api.ask('PUT', `${path}/release`, { body: protobufBody(changed), headers: PROTOBUF });
  t.match(put, { code: 200, json: { data: { release: 'aGV5' } } });
  const body = protobufBody({
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    ...{ preconditions: { uid: 'other' } },
  });
  const refused = await api.ask('DELETE', `${path}/release`, { body, headers: PROTOBUF });
  t.match(refused, { code: 409, json: { reason: 'Conflict' } });
});

t.test(
  'YAML is answered where it is wanted, errors and discovery too, so that every reader gets it back',
  async (t) => {
    const headers = { accept: 'application/yaml' };
    const path = '/api/v1/namespaces/default/configmaps';
    const data = {
      yes: 'no',
      number: '1.0',
      date: '2026-01-01',
      text: 'a: b\n# no comment\n',
      octal: '0o17',
    };
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'texts' }, data };
    const created = await api.ask('POST', path, { body, headers });
    t.equal(created.code, 201);
    t.equal(created.headers['content-type'], 'application/yaml');
    for (const version of ['1.1', '1.2'] as const) t.same(parse(created.text, { version }).data, data);
    const list = parse((await api.ask('GET', path, { headers })).text);
    t.match(list, { kind: 'ConfigMapList', apiVersion: 'v1' });
    t.match(parse((await api.ask('GET', `${path}/none`, { headers })).text), { kind: 'Status', code: 404 });
    t.match(parse((await api.ask('GET', '/apis/apps/v1', { headers })).text), { kind: 'APIResourceList' });
    await api.ask('DELETE', `${path}/texts`);
  },
);

t.test('nothing is written for a client that takes no form of answer', async (t) => {
  const path = '/api/v1/namespaces/default/configmaps';
  const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'unheard' } };
  const headers = { accept: 'application/vnd.kubernetes.protobuf' };
  t.match(await api.ask('POST', path, { body, headers }), { code: 406, json: { reason: 'NotAcceptable' } });
  t.equal((await api.ask('GET', `${path}/unheard`)).code, 404);
});

t.test('a protobuf body that is another kind or no object at all is a bad request', async (t) => {
  const path = '/api/v1/namespaces/default/configmaps';
  const pod = protobufBody({ apiVersion: 'v1', kind: 'Pod' });
  for (const body of [pod, Buffer.from('k8s\0\xff\xff', 'latin1'), Buffer.from('{}'), Buffer.alloc(0)]) {
    const answer = await api.ask('POST', path, { body, headers: PROTOBUF });
    t.match(answer, { code: 400, json: { kind: 'Status', reason: 'BadRequest' } });
  }
});

t.test('kubectl creates what it sends in protobuf', options, async (t) => {
  t.match(await kubectl('create namespace team'), { code: 0, out: 'namespace/team created\n' });
  t.match(await kubectl('create configmap cm --from-literal=a=b'), { code: 0 });
  t.match(await kubectl('create secret generic pw --from-literal=pw=s3cret'), { code: 0 });
  t.match(await kubectl('create service clusterip svc --tcp=80:8080'), { code: 0 });
  t.match(await kubectl('get cm cm -o jsonpath={.data}'), { out: '{"a":"b"}' });
  t.match(await kubectl('get secret pw -o jsonpath={.type}{.data.pw}'), { out: 'OpaqueczNjcmV0' });
  t.match(await kubectl('get svc svc -o jsonpath={.spec.ports[0].targetPort}'), { out: '8080' });
  const metadata = JSON.parse((await kubectl('get cm cm -o json')).out).metadata;
  t.not(metadata.creationTimestamp, '1970-01-01T00:00:00Z');
});

t.test('kubectl creates every kind that it knows a command for', options, async (t) => {
  const lines = [
    'serviceaccount robot',
    'deployment web --image=web:1 --replicas=2',
    'job once --image=web:1',
    'cronjob nightly --image=web:1 --schedule=0_3_*_*_*',
    'quota limits --hard=pods=10',
    'role reader --verb=get --resource=pods',
    'rolebinding readers --role=reader --serviceaccount=default:robot',
    'clusterrole lister --verb=list --resource=nodes',
    'clusterrolebinding listers --clusterrole=lister --user=ann',
    'ingress web --rule=example.com/*=web:80',
    'poddisruptionbudget web --selector=app=web --min-available=1',
    'priorityclass high --value=1000',
  ];
  for (const line of lines) {
    const args = `create ${line}`.split(' ').map((word) => word.replaceAll('_', ' '));
    t.match(await kubectlWith(args), { code: 0, out: / created\n/ }, line);
  }
  t.match(await kubectl('autoscale deployment web --max=5'), { code: 0, out: /autoscaled/ });
  t.match(await kubectl('auth can-i list pods'), { code: 0, out: 'yes\n' });
  t.match(await kubectl('auth whoami -o jsonpath={.status.userInfo.username}'), { code: 0, out: 'admin' });
  t.match(await kubectl('create token robot'), { code: 0, out: /^[\w-]+\.[\w-]+\.[\w-]+\n?$/ });
  const job = JSON.parse((await kubectl('get cronjob nightly -o json')).out);
  t.match(job.spec, { schedule: '0 3 * * *', suspend: false });
});

const cm = (data: object) =>
  JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'ssa' }, data });

t.test('kubectl applies on the server, and moves there from its own way', options, async (t) => {
  t.match(await kubectl('apply -f -', cm({ a: '1', b: '2' })), { out: /ssa created/ });
  const moved = await kubectl('apply --server-side -f -', cm({ a: '1' }));
  t.match(moved, { code: 0, out: /ssa serverside-applied/ });
  t.match(await kubectl('get cm ssa -o jsonpath={.data}'), { out: '{"a":"1"}' });
  const managers = 'get cm ssa --show-managed-fields -o jsonpath={.metadata.managedFields[*].manager}';
  t.match(await kubectl(managers), { out: 'kubectl' });
  t.match(await kubectl('label cm ssa x=y'), { code: 0 });
  const other = 'apply --server-side --field-manager=other -f -';
  const refused = await kubectl(other, cm({ a: '3' }));
  t.match(refused, { code: 1, err: /Apply failed with 1 conflict: conflict with "kubectl": \.data\.a/ });
  t.match(await kubectl(`${other} --force-conflicts`, cm({ a: '3' })), { code: 0 });
  t.match(await kubectl('get cm ssa -o jsonpath={.data.a}'), { out: '3' });
  t.match(await kubectl('diff --server-side --field-manager=other -f -', cm({ a: '4' })), {
    code: 1,
    out: /\+ {2}a: "4"/,
  });
});
