// The dialogues of Kubernetes' conformance tests on pods since 1.21 that need no container to run: RuntimeClasses,
// sysctls, generations, and the order in which a namespace is emptied; the scheduler and all controllers at work.
// Source: test/e2e/node/{pods,runtimeclass}.go, test/e2e/common/node/sysctl.go, test/e2e/apimachinery/namespace.go
import t from 'tap';
import { eventually } from '../support/eventually.ts';
import { LiveCluster } from '../support/live-cluster.ts';

const live = await LiveCluster.start({ boards: ['one'] });
t.teardown(() => live.stop());
const { api } = live;
const PODS = '/api/v1/namespaces/default/pods';
const MERGE = { 'content-type': 'application/merge-patch+json' };

// biome-ignore lint/suspicious/noExplicitAny: tests look into whatever the server sent.
type Any = any;

const podBody = (name: string, spec: object = {}, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, ...metadata },
  spec: { containers: [{ name: 'c', image: 'example.com/c:1' }], ...spec },
});

const create = (name: string, spec?: object, metadata?: object) =>
  api.ask('POST', PODS, { body: podBody(name, spec, metadata) });

const read = async (name: string): Promise<Any> => (await api.ask('GET', `${PODS}/${name}`)).json;

/** As client-go's tests do: read, change, write, and again on a conflict. */
const update = (name: string, change: (pod: Any) => void) =>
  eventually(async () => {
    const pod = await read(name);
    change(pod);
    const answer = await api.ask('PUT', `${PODS}/${name}`, { body: pod });
    if (answer.code !== 200) throw new Error(answer.text);
    return answer.json;
  });

const condition = (pod: Any, type: string) =>
  pod.status?.conditions?.find((each: { type: string }) => each.type === type);

t.test('a pod has the overhead of its RuntimeClass, and goes where the class says', async (t) => {
  const body = {
    apiVersion: 'node.k8s.io/v1',
    kind: 'RuntimeClass',
    metadata: { name: 'heavy' },
    handler: 'runc',
    overhead: { podFixed: { cpu: '10m', memory: '1Mi' } },
    scheduling: {
      nodeSelector: { heavy: 'yes' },
      tolerations: [{ key: 'heavy', operator: 'Exists', effect: 'NoSchedule' }],
    },
  };
  t.equal((await api.ask('POST', '/apis/node.k8s.io/v1/runtimeclasses', { body })).code, 201);
  const { code, json } = await create('weighed', { runtimeClassName: 'heavy', nodeSelector: { own: 'too' } });
  t.equal(code, 201);
  t.same(json.spec.overhead, { cpu: '10m', memory: '1Mi' });
  t.same(json.spec.nodeSelector, { own: 'too', heavy: 'yes' });
  t.ok(json.spec.tolerations.some(({ key }: { key: string }) => key === 'heavy'));
  const same = { runtimeClassName: 'heavy', overhead: { cpu: '0.010', memory: '1024Ki' } };
  t.match(await create('copied', same), { code: 201, json: { spec: { overhead: { memory: '1Mi' } } } });
});

t.test('what contradicts a RuntimeClass, or names none that is there, is forbidden', async (t) => {
  const refused: [object, RegExp][] = [
    [{ runtimeClassName: 'absent' }, /pod rejected: RuntimeClass "absent" not found/],
    [
      { runtimeClassName: 'heavy', nodeSelector: { heavy: 'no' } },
      /conflict: runtimeClass.scheduling.nodeSelector/,
    ],
    [
      { runtimeClassName: 'heavy', overhead: { cpu: '1' } },
      /Overhead doesn't match RuntimeClass's defined Overhead/,
    ],
    [{ overhead: { cpu: '1' } }, /Overhead set without corresponding RuntimeClass defined Overhead/],
  ];
  for (const [spec, message] of refused) {
    t.match(await create('refused', spec), { code: 403, json: { reason: 'Forbidden', message } });
  }
});

t.test('sysctls with odd names are refused, those that a board may not like are not', async (t) => {
  const sysctls = ['foo-', 'kernel.shmmax', 'safe-and-unsafe', 'bar..'].map((name) => ({ name, value: '1' }));
  const { code, json } = await create('odd', { securityContext: { sysctls } });
  t.equal(code, 422);
  t.match(json.message, /Invalid value: "foo-".*Invalid value: "bar\.\."/s);
  t.notMatch(json.message, /safe-and-unsafe|kernel\.shmmax/);
});

t.test('the generation of a pod counts the changes of its spec, whatever clients say', async (t) => {
  const init = { initContainers: [{ name: 'i', image: 'example.com/i:1' }] };
  t.equal((await create('counted', init, { generation: 100 })).json.metadata.generation, 1);
  await eventually(async () => (await read('counted')).status.phase === 'Running');
  t.equal((await read('counted')).metadata.generation, 1, 'being bound is no change');
  const changes: [string, (pod: Any) => void, number][] = [
    ['nothing', () => {}, 1],
    [
      'tolerations',
      (pod) =>
        (pod.spec.tolerations = [{ key: 'foo', operator: 'Equal', value: 'bar', effect: 'NoSchedule' }]),
      2,
    ],
    ['deadline', (pod) => (pod.spec.activeDeadlineSeconds = 5000), 3],
    ['image', (pod) => (pod.spec.containers[0].image = 'example.com/c:2'), 4],
    ['init image', (pod) => (pod.spec.initContainers[0].image = 'example.com/i:2'), 5],
    ['annotations', (pod) => (pod.metadata.annotations = { key: 'value' }), 5],
    ['generation', (pod) => (pod.metadata.generation = 1), 5],
  ];
  for (const [name, change, generation] of changes) {
    t.equal((await update('counted', change)).metadata.generation, generation, name);
  }
  const { tolerations } = (await read('counted')).spec;
  t.same(
    tolerations.map(({ key }: { key: string }) => key),
    ['foo', 'node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'],
  );
  const deleted = await api.ask('DELETE', `${PODS}/counted?gracePeriodSeconds=60`);
  t.equal(deleted.json.metadata.generation, 6);
});

t.test('the scheduler says which generation it looked at', async (t) => {
  const resources = { requests: { cpu: '1000000000000' } };
  await create('huge', { containers: [{ name: 'c', image: 'example.com/c:1', resources }] });
  const pod = await eventually(async () => {
    const found = await read('huge');
    return condition(found, 'PodScheduled') ? found : false;
  });
  t.match(pod.status.conditions, [{ type: 'PodScheduled', status: 'False', observedGeneration: 1 }]);
  t.equal(pod.status.conditions.length, 1);
  const target = { kind: 'Node', name: 'one' };
  const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'huge' }, target };
  t.equal((await api.ask('POST', `${PODS}/huge/binding`, { body: binding })).code, 201);
  t.match(condition(await read('huge'), 'PodScheduled'), { status: 'True', observedGeneration: 1 });
});

t.test('a namespace keeps what its pods may need until they are gone', async (t) => {
  const NAMESPACE = '/api/v1/namespaces/ordered';
  await api.ask('POST', '/api/v1/namespaces', { body: { metadata: { name: 'ordered' } } });
  await eventually(async () => (await api.ask('GET', `${NAMESPACE}/serviceaccounts/default`)).code === 200);
  const held = podBody('held', {}, { finalizers: ['example.com/finalizer'] });
  t.equal((await api.ask('POST', `${NAMESPACE}/pods`, { body: held })).code, 201);
  await api.ask('POST', `${NAMESPACE}/configmaps`, { body: { metadata: { name: 'used' } } });
  await api.ask('DELETE', NAMESPACE);
  const told = await eventually(async () => {
    const { json } = await api.ask('GET', NAMESPACE);
    return condition(json, 'NamespaceDeletionContentFailure') ? json : false;
  });
  t.equal(told.status.phase, 'Terminating');
  t.match(condition(told, 'NamespaceContentRemaining'), {
    status: 'True',
    message: 'Some resources are remaining: pods. has 1 resource instances',
  });
  t.ok((await api.ask('GET', `${NAMESPACE}/pods/held`)).json.metadata.deletionTimestamp);
  t.equal((await api.ask('GET', `${NAMESPACE}/configmaps/used`)).code, 200);
  const freed = { body: { metadata: { finalizers: null } }, headers: MERGE };
  t.equal((await api.ask('PATCH', `${NAMESPACE}/pods/held`, freed)).code, 200);
  await eventually(async () => (await api.ask('GET', NAMESPACE)).code === 404);
});
