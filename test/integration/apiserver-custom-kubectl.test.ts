// The real kubectl with a kind that it has never heard of.
import t from 'tap';
import { startApiServer } from '../support/api-server.ts';
import { kubectlFor, withOwnKubectl } from '../support/kubectl-client.ts';

const api = await startApiServer();
t.teardown(() => api.stop());
const kubectl = await kubectlFor(api, t.testdir({}));

const definition = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: crontabs.stable.example.com}
spec:
  group: stable.example.com
  scope: Namespaced
  names: {plural: crontabs, singular: crontab, kind: CronTab, shortNames: [ct], categories: [all]}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          description: A table of things to do.
          properties:
            spec:
              type: object
              properties:
                cronSpec: {type: string, description: When to run., pattern: '^(\\S+ ?)+$'}
                replicas: {type: integer, minimum: 0, default: 1}
            status: {type: object, properties: {replicas: {type: integer}}}
      subresources:
        status: {}
        scale: {specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas}
      additionalPrinterColumns:
        - {name: Spec, type: string, jsonPath: .spec.cronSpec}
        - {name: Replicas, type: integer, jsonPath: .spec.replicas}
        - {name: Age, type: date, jsonPath: .metadata.creationTimestamp}
`;

const tab = (spec: string) => `
apiVersion: stable.example.com/v1
kind: CronTab
metadata: {name: mine}
spec: {${spec}}
`;

t.test('a definition is applied and waited for', withOwnKubectl, async (t) => {
  t.match(await kubectl('apply -f -', definition), { code: 0, out: /crontabs.stable.example.com created/ });
  t.match(await kubectl('wait --for=condition=Established crd/crontabs.stable.example.com --timeout=5s'), {
    code: 0,
  });
  t.match(await kubectl('apply -f -', definition), { code: 0, out: /unchanged/ });
  t.match(await kubectl('get crd'), { out: /crontabs.stable.example.com +\d{4}-/ });
  t.match(await kubectl('api-resources --api-group=stable.example.com'), {
    out: /crontabs +ct +stable.example.com\/v1 +true +CronTab/,
  });
});

t.test('objects are applied, refused, shown and changed', withOwnKubectl, async (t) => {
  t.match(await kubectl('apply -f -', tab('cronSpec: "* * * * */5"')), { code: 0, out: /mine created/ });
  t.match(await kubectl('apply -f -', tab('cronSpec: "* * * * */5"')), { code: 0, out: /mine unchanged/ });
  t.match(await kubectl('apply -f -', tab('cronSpec: 5')), {
    code: 1,
    err: /must be of type string: "integer"/,
  });
  t.match(await kubectl('apply -f -', tab('cronspec: "*"')), {
    code: 1,
    err: /unknown field "spec.cronspec"/,
  });
  t.match(await kubectl('get ct'), { out: /^NAME +SPEC +REPLICAS +AGE\nmine +\* \* \* \* \*\/5 +1 +\d+s/ });
  t.match(await kubectl('get all -o name'), { out: /crontab.stable.example.com\/mine/ });
  t.match(await kubectl('get crontab mine -o jsonpath={.spec.replicas}'), { out: '1' });
  t.match(await kubectl('describe ct mine'), { code: 0, out: /Cron Spec: +\* \* \* \* \*\/5/ });
  t.match(await kubectl('label ct mine a=b'), { out: /labeled/ });
  t.match(await kubectl('patch ct mine --type=merge -p {"spec":{"replicas":2}}'), { out: /patched/ });
  t.match(await kubectl('apply --server-side --force-conflicts -f -', tab('cronSpec: "*"')), {
    code: 0,
    out: /serverside-applied/,
  });
});

t.test('explain and scale work', withOwnKubectl, async (t) => {
  t.match(await kubectl('explain crontab.spec.cronSpec'), {
    code: 0,
    out: /FIELD: cronSpec <string>[\s\S]*When to run/,
  });
  t.match(await kubectl('scale ct mine --replicas=4'), { code: 0, out: /scaled/ });
  t.match(await kubectl('get ct mine -o jsonpath={.spec.replicas}'), { out: '4' });
  t.match(await kubectl('explain crd.spec.names'), { code: 0, out: /plural/ });
});

t.test('the definition takes its objects with it', withOwnKubectl, async (t) => {
  t.match(await kubectl('delete ct mine'), { out: /deleted/ });
  t.match(await kubectl('apply -f -', tab('cronSpec: "*"')), { code: 0 });
  t.match(await kubectl('delete crd crontabs.stable.example.com --timeout=10s'), { code: 0, out: /deleted/ });
  t.match(await kubectl('get crontabs.stable.example.com'), { code: 1 });
});
