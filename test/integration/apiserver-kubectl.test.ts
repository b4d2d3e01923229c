// The real kubectl against the API server alone: what people do with it works, and errors read as they should.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { renderKubeconfig } from '../../src/pki/kubeconfig.ts';
import { startApiServer } from '../support/api-server.ts';

const KUBECTL = '/usr/bin/kubectl';
const options = { skip: existsSync(KUBECTL) ? false : `${KUBECTL} is not on this machine` };

const api = await startApiServer();
t.teardown(() => api.stop());
// A fresh HOME: kubectl keeps discovery per address and port.
const home = t.testdir({});
const kubeconfig = renderKubeconfig({
  server: api.url,
  authorityPem: api.authority.certificatePem,
  client: api.admin,
});
await writeFile(join(home, 'config'), kubeconfig);

function kubectl(line: string, input = ''): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    const args = ['--kubeconfig', join(home, 'config'), ...line.split(' ')];
    const child = execFile(
      KUBECTL,
      args,
      { env: { HOME: home, PATH: process.env.PATH }, timeout: 20_000 },
      (error, out, err) => {
        resolve({ code: error ? Number(error.code ?? 1) : 0, out, err });
      },
    );
    child.stdin?.end(input);
  });
}

const rc = (image: string, extra = '') => `
apiVersion: v1
kind: ReplicationController
metadata: {name: web}
spec:
  replicas: 2
  ${extra}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: '${image}', ports: [{containerPort: 80}]}]
`;

t.test('apply creates, leaves alone, changes', options, async (t) => {
  t.match(await kubectl('apply -f -', rc('web:1')), { code: 0, out: /web created/ });
  t.match(await kubectl('apply -f -', rc('web:1')), { code: 0, out: /web unchanged/ });
  t.match(await kubectl('apply -f -', rc('web:2')), { code: 0, out: /web configured/ });
  t.match(await kubectl('get rc web -o jsonpath={.spec.template.spec.containers[0].image}'), {
    out: 'web:2',
  });
  t.match(await kubectl('diff -f -', rc('web:3')), { code: 1, out: /\+.*image: web:3/ });
  t.match(await kubectl('apply --dry-run=server -f -', rc('web:3')), {
    out: /configured \(server dry run\)/,
  });
});

t.test('unknown fields and wrong types are refused by name', options, async (t) => {
  const unknown = await kubectl('apply -f -', rc('web:2', 'replica: 3'));
  t.match(unknown, { code: 1, err: /strict decoding error: unknown field "spec.replica"/ });
  t.match(await kubectl('apply -f -', rc('[1]', 'minReadySeconds: soon')), {
    code: 1,
    err: /cannot unmarshal string/,
  });
  t.match(await kubectl('apply --validate=warn -f -', rc('web:2', 'replica: 3')), {
    code: 0,
    err: /Warning: unknown field "spec.replica"/,
  });
});

t.test('get prints the columns of Kubernetes', options, async (t) => {
  t.match(await kubectl('get rc'), { out: /^NAME +DESIRED +CURRENT +READY +AGE\nweb +2 +0 +0 +\d/ });
  t.match(await kubectl('get rc -o wide'), { out: /CONTAINERS +IMAGES +SELECTOR\n.* web:2 +app=web/ });
  t.match(await kubectl('get all -o name'), { out: /^replicationcontroller\/web\nservice\/kubernetes\n$/ });
  t.match(await kubectl('get pods'), { err: /No resources found in default namespace/ });
  t.match(await kubectl('get widgets'), { code: 1, err: /doesn't have a resource type "widgets"/ });
});

t.test('scale, label, patch, describe, explain, delete', options, async (t) => {
  t.match(await kubectl('scale rc web --replicas=5'), { out: /scaled/ });
  t.match(await kubectl('scale rc web --current-replicas=2 --replicas=1'), { code: 1 });
  t.match(await kubectl('label rc web a=b'), { out: /labeled/ });
  t.match(await kubectl('patch rc web -p {"spec":{"minReadySeconds":5}}'), { out: /patched\n/ });
  t.match(await kubectl('patch rc web -p {"spec":{"minReadySeconds":5}}'), { out: /patched \(no change\)/ });
  t.match(await kubectl('describe rc web'), { code: 0, out: /0 current \/ 5 desired/ });
  t.match(await kubectl('explain pod.spec.containers.image'), { code: 0, out: /FIELD: image <string>/ });
  t.match(await kubectl('delete rc web --cascade=background'), { out: /deleted/ });
  t.match(await kubectl('delete rc web'), { code: 1, err: /replicationcontrollers "web" not found/ });
});

t.test('run, expose, wait and follow what is not there', options, async (t) => {
  t.match(await kubectl('run one --image=x:1'), { out: /pod\/one created/ });
  t.match(await kubectl('expose pod one --port=80'), { out: /service\/one exposed/ });
  t.match(await kubectl('logs one'), { code: 0, out: '' });
  t.match(await kubectl('logs one -c two'), { code: 1, err: /container two is not valid for pod one/ });
  t.match(await kubectl('delete pod one'), { code: 0 });
  t.match(await kubectl('wait --for=delete pod/one --timeout=5s'), { code: 0 });
});
