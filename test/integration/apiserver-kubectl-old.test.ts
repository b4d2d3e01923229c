// Debian 12's kubectl 1.20, which knows an API by its OpenAPI v2 document alone: it validates, merges, compares and
// explains by it. https://kubernetes.io/docs/reference/kubectl/
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { renderKubeconfig } from '../../src/pki/kubeconfig.ts';
import { startApiServer } from '../support/api-server.ts';
import { oldKubectlPath, runKubectl } from '../support/kubectl.ts';

const path = await oldKubectlPath();
const options = { skip: path ? false : 'apt has no kubernetes-client here' };
const api = await startApiServer();
t.teardown(() => api.stop());
const home = t.testdir({});
await writeFile(
  join(home, 'config'),
  renderKubeconfig({ server: api.url, authorityPem: api.authority.certificatePem, client: api.admin }),
);

async function kubectl(line: string, input = '') {
  const { code, out, err } = await runKubectl(path ?? '', home, line.split(' '), input);
  return { code, out: out.toString(), err };
}

const rc = (image: string, extra: object = {}) =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'ReplicationController',
    metadata: { name: 'web' },
    spec: {
      replicas: 2,
      selector: { app: 'web' },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: {
          containers: [
            {
              name: 'web',
              image,
              ports: [{ containerPort: 80 }],
              resources: { requests: { cpu: '100m', memory: '64Mi' } },
              livenessProbe: { httpGet: { port: 'http', path: '/' } },
              env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
            },
          ],
          volumes: [{ name: 'scratch', emptyDir: {} }],
        },
      },
      ...extra,
    },
  });

t.test('it applies, sees what is unchanged, and compares on the server', options, async (t) => {
  t.match(await kubectl('apply -f -', rc('web:1')), { code: 0, out: /web created/ });
  t.match(await kubectl('apply -f -', rc('web:1')), { code: 0, out: /web unchanged/ });
  t.match(await kubectl('diff -f -', rc('web:2')), { code: 1, out: /\+.*image: web:2/ });
  t.match(await kubectl('apply --dry-run=server -f -', rc('web:2')), { out: /\(server dry run\)/ });
  t.match(await kubectl('apply -f -', rc('web:2')), { code: 0, out: /web configured/ });
  t.match(await kubectl('apply --server-side -f -', rc('web:3')), { out: /web serverside-applied/ });
  t.match(await kubectl('get rc web -o jsonpath={.spec.template.spec.containers[*].image}'), {
    out: 'web:3',
  });
});

t.test('it refuses by the definitions what the server would refuse', options, async (t) => {
  const unknown = await kubectl('create -f -', rc('web:1', { replica: 3 }));
  t.match(unknown, {
    code: 1,
    err: /unknown field "replica" in io.k8s.api.core.v1.ReplicationControllerSpec/,
  });
  const wrong = await kubectl('create -f -', rc('web:1', { replicas: 'two' }));
  t.match(wrong, { code: 1, err: /invalid type for .*replicas: got "string", expected "integer"/ });
});

t.test('it explains', options, async (t) => {
  t.match(await kubectl('explain pod.spec.containers.livenessProbe.httpGet'), {
    code: 0,
    out: /host\t<string>/,
  });
  t.match(await kubectl('explain service.spec --recursive'), { code: 0, out: /externalTrafficPolicy/ });
});

t.test('it creates and changes what it sends without a content type', options, async (t) => {
  t.match(await kubectl('create namespace team'), { code: 0 });
  t.match(await kubectl('create configmap cm --from-literal=a=b'), { code: 0 });
  t.match(await kubectl('scale rc web --replicas=3'), { code: 0, out: /scaled/ });
  t.match(await kubectl('label rc web x=y'), { code: 0, out: /labeled/ });
  t.match(await kubectl('delete rc web --cascade=background'), { code: 0, out: /deleted/ });
});
