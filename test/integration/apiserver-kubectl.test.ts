// The real kubectl against the API server alone: what people do with it works, and errors read as they should.
import t from 'tap';
import { startApiServer } from '../support/api-server.ts';
import { kubectlFor, withOwnKubectl } from '../support/kubectl-client.ts';

const api = await startApiServer();
t.teardown(() => api.stop());
const kubectl = await kubectlFor(api, t.testdir({}));

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

t.test('apply creates, leaves alone, changes', withOwnKubectl, async (t) => {
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

t.test('unknown fields and wrong types are refused by name', withOwnKubectl, async (t) => {
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

t.test('get prints the columns of Kubernetes', withOwnKubectl, async (t) => {
  t.match(await kubectl('get rc'), { out: /^NAME +DESIRED +CURRENT +READY +AGE\nweb +2 +0 +0 +\d/ });
  t.match(await kubectl('get rc -o wide'), { out: /CONTAINERS +IMAGES +SELECTOR\n.* web:2 +app=web/ });
  t.match(await kubectl('get all -o name'), { out: /^replicationcontroller\/web\nservice\/kubernetes\n$/ });
  t.match(await kubectl('get pods'), { err: /No resources found in default namespace/ });
  t.match(await kubectl('get widgets'), { code: 1, err: /doesn't have a resource type "widgets"/ });
});

t.test('scale, label, patch, describe, explain, delete', withOwnKubectl, async (t) => {
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

t.test('run, expose, wait and follow what is not there', withOwnKubectl, async (t) => {
  t.match(await kubectl('run one --image=x:1'), { out: /pod\/one created/ });
  t.match(await kubectl('expose pod one --port=80'), { out: /service\/one exposed/ });
  t.match(await kubectl('logs one'), { code: 0, out: '' });
  t.match(await kubectl('logs one -c two'), { code: 1, err: /container two is not valid for pod one/ });
  t.match(await kubectl('delete pod one'), { code: 0 });
  t.match(await kubectl('wait --for=delete pod/one --timeout=5s'), { code: 0 });
});
