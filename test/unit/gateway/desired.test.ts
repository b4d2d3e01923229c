import fc from 'fast-check';
import t from 'tap';
import type { BoardPod } from '../../../src/api/board-pod.ts';
import { configMaps } from '../../../src/api/kinds/config-map.ts';
import { pods } from '../../../src/api/kinds/pod.ts';
import { runtimeClasses } from '../../../src/api/kinds/runtime-class.ts';
import { secrets } from '../../../src/api/kinds/secret.ts';
import type { ConfigMap, RuntimeClass, Secret } from '../../../src/api/objects.ts';
import { DesiredView } from '../../../src/mqtt/desired-view.ts';
import { decodeJson } from '../../../src/mqtt/json-payload.ts';
import { isDesiredSort, keyOfLevels, levelsOf, topics } from '../../../src/mqtt/topics.ts';
import { GatewayLab } from '../../support/gateway-lab.ts';

const namespace = 'default';
const addConfig = (lab: GatewayLab, name: string, value = '1') =>
  lab.client.create<ConfigMap>(configMaps, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace },
    data: { value },
  });
const addSecret = (lab: GatewayLab, name: string) =>
  lab.client.create<Secret>(secrets, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace },
    data: {},
  });

/** What a board that hears all of the bus shows. */
function viewOf(lab: GatewayLab, node: string): DesiredView {
  const view = new DesiredView();
  const take = ({ topic, payload }: { topic: string; payload: Uint8Array }) => {
    const [, , , sort, ...key] = levelsOf(topic) ?? [];
    const message = decodeJson(payload) as never;
    if (!message) {
      if (isDesiredSort(sort)) view.removed(sort, keyOfLevels(key[0] ?? '', key[1] ?? ''));
    } else if (sort === 'index') view.index(message);
    else if (sort === 'pods') view.pod(message);
    else if (sort === 'configs') view.config(message);
    else view.secret(message);
  };
  const filter = `edge/v1/nodes/${node}/desired/#`;
  for (const message of lab.bus.retained(filter)) take(message);
  lab.bus.subscribe(filter, take);
  return view;
}

t.test(
  'a board gets its pods and each ConfigMap and Secret that they name, wherever they name it',
  async (t) => {
    const lab = await GatewayLab.start(t);
    await lab.join('pi');
    for (const name of ['c1', 'c2', 'c3', 'unused']) await addConfig(lab, name);
    for (const name of ['s1', 's2', 's3', 'unused']) await addSecret(lab, name);
    await lab.addPod('elsewhere', 'other');
    await lab.addPod('unbound', undefined);
    await lab.client.create(pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'web', namespace },
      spec: {
        nodeName: 'pi',
        imagePullSecrets: [{ name: 's3' }],
        initContainers: [
          {
            name: 'i',
            image: 'i',
            envFrom: [{ configMapRef: { name: 'c1' } }, { secretRef: { name: 's1' } }],
          },
        ],
        containers: [
          {
            name: 'c',
            image: 'i',
            env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'c2', key: 'value' } } }],
          },
        ],
        volumes: [
          { name: 'v', configMap: { name: 'c3' } },
          { name: 'w', secret: { secretName: 's2' } },
          { name: 'x', configMap: { name: 'missing', optional: true } },
        ],
      },
    });
    await lab.pass(10);
    const desired = viewOf(lab, 'pi').current();
    t.same([...(desired?.pods.keys() ?? [])], ['default/web']);
    t.same([...(desired?.configMaps.keys() ?? [])].sort(), ['default/c1', 'default/c2', 'default/c3']);
    t.same([...(desired?.secrets.keys() ?? [])].sort(), ['default/s1', 'default/s2', 'default/s3']);
  },
);

t.test(
  'a status write is no change for the board, and a finished pod keeps its phase and needs no config',
  async (t) => {
    const lab = await GatewayLab.start(t);
    await lab.join('pi');
    await addConfig(lab, 'c1');
    const pod = await lab.addPod('web', 'pi', { envFrom: [{ configMapRef: { name: 'c1' } }] });
    await lab.pass(10);
    const topic = topics.desired('pi', 'pods', 'default/web');
    t.notOk(lab.bus.at(topic).pod.status);
    const sent = lab.bus.log.length;
    lab.report('pi', pod, 'Running');
    await lab.pass(10);
    const since = lab.bus.log.slice(sent).filter((name) => name.includes('/desired/'));
    t.same(since, [], 'nothing desired is published again');
    lab.report('pi', pod, 'Succeeded');
    await lab.pass(10);
    t.same(lab.bus.at(topic).pod.status, { phase: 'Succeeded' });
    t.same(lab.bus.topics('edge/v1/nodes/pi/desired/configs/#'), []);
  },
);

t.test(
  'a change of a ConfigMap names the pods that use it; a missing one that comes is delivered',
  async (t) => {
    const lab = await GatewayLab.start(t);
    await lab.join('pi');
    await lab.addPod('user', 'pi', { envFrom: [{ configMapRef: { name: 'c1' } }] });
    await lab.addPod('other', 'pi');
    await lab.pass(10);
    const view = viewOf(lab, 'pi');
    const changes: string[][] = [];
    view.onChange((keys) => changes.push([...keys]));
    const config = await addConfig(lab, 'c1');
    await lab.pass(10);
    await lab.client.update(configMaps, { ...config, data: { value: '2' } });
    await lab.pass(10);
    t.same(changes, [['default/user'], ['default/user']]);
    t.equal(view.current()?.configMaps.get('default/c1')?.data?.value, '2');
  },
);

t.test('items come before the index that names them and go after the one that does not', async (t) => {
  const lab = await GatewayLab.start(t);
  await lab.join('pi');
  await lab.pass(10);
  const from = lab.bus.log.length;
  await lab.addPod('web', 'pi');
  await lab.pass(10);
  await lab.client.delete(pods, 'default/web', { gracePeriodSeconds: 0 });
  await lab.pass(10);
  const item = topics.desired('pi', 'pods', 'default/web');
  const index = topics.desiredIndex('pi');
  t.same(
    lab.bus.log.slice(from).filter((name) => name.includes('/desired/')),
    [item, index, index, item],
  );
});

t.test('a board whose Node is deleted hears of an empty set', async (t) => {
  const lab = await GatewayLab.start(t);
  await lab.join('pi');
  await lab.addPod('web', 'pi');
  await lab.pass(10);
  const view = viewOf(lab, 'pi');
  t.equal(view.current()?.pods.size, 1);
  const { nodes } = await import('../../../src/api/kinds/node.ts');
  await lab.client.delete(nodes, 'pi');
  await lab.pass(10);
  t.equal(view.current()?.pods.size, 0);
});

t.test(
  'after any writes a board that heard all and one that comes later show what the store holds',
  async (t) => {
    const step = fc.record({
      op: fc.constantFrom('pod', 'pod', 'unpod', 'config', 'unconfig', 'label'),
      n: fc.nat(2),
      uses: fc.nat(2),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const lab = await GatewayLab.start(t);
        await lab.join('pi');
        const listening = viewOf(lab, 'pi');
        for (const { op, n, uses } of steps) {
          const attempt = {
            pod: () => lab.addPod(`p${n}`, 'pi', { envFrom: [{ configMapRef: { name: `c${uses}` } }] }),
            unpod: () => lab.client.delete(pods, `default/p${n}`, { gracePeriodSeconds: 0 }),
            config: () => addConfig(lab, `c${n}`),
            unconfig: () => lab.client.delete(configMaps, `default/c${n}`),
            label: () =>
              lab.client.patch(pods, `default/p${n}`, {
                type: 'merge',
                body: { metadata: { labels: { uses: `${uses}` } } },
              }),
          }[op];
          // Names that are taken or not there are part of the mix.
          await attempt().catch((error: { code?: number }) => {
            if (error.code !== 404 && error.code !== 409) throw error;
          });
          if (uses === 0) await lab.pass(1);
        }
        await lab.pass(10);
        const stored = (await lab.client.list(pods)).items;
        const wanted = stored.map(({ metadata: { uid, labels } }) => [uid, labels?.uses]).sort();
        const used = new Set(stored.map(({ spec }) => spec.containers[0]?.envFrom?.[0]?.configMapRef?.name));
        const configs = (await lab.client.list(configMaps)).items.filter(({ metadata }) =>
          used.has(metadata.name),
        );
        for (const view of [listening, viewOf(lab, 'pi')]) {
          const { pods = new Map(), configMaps = new Map() } = view.current() ?? {};
          t.same(
            [...pods.values()].map(({ metadata: { uid, labels } }) => [uid, labels?.uses]).sort(),
            wanted,
          );
          t.same(
            [...configMaps.values()].map((c) => c.metadata.uid).sort(),
            configs.map((c) => c.metadata.uid).sort(),
          );
        }
      }),
      { numRuns: 25 },
    );
  },
);

t.test('a board is told the handler of a pod’s RuntimeClass, as long as the class is there', async (t) => {
  const lab = await GatewayLab.start(t);
  await lab.join('pi');
  const runtimeClass = {
    apiVersion: 'node.k8s.io/v1',
    kind: 'RuntimeClass',
    metadata: { name: 'heavy' },
    handler: 'crun',
  };
  await lab.client.create<RuntimeClass>(runtimeClasses, runtimeClass);
  await lab.client.create(pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'heavy', namespace },
    spec: { nodeName: 'pi', runtimeClassName: 'heavy', containers: [{ name: 'c', image: 'i' }] },
  });
  await lab.addPod('plain', 'pi');
  const view = viewOf(lab, 'pi');
  const told = async (name: string) => {
    await lab.pass(10);
    return (view.current()?.pods.get(`default/${name}`) as BoardPod | undefined)?.runtimeHandler;
  };
  t.equal(await told('heavy'), 'crun');
  t.equal(await told('plain'), undefined);
  await lab.client.delete(runtimeClasses, 'heavy');
  t.equal(await told('heavy'), undefined);
  await lab.client.create<RuntimeClass>(runtimeClasses, { ...runtimeClass, handler: 'runc' });
  t.equal(await told('heavy'), 'runc');
});
