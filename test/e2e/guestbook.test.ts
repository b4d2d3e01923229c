// The guestbook of the Kubernetes introductions, for real: podman, redis, and no address in any manifest.
import { join } from 'node:path';
import t from 'tap';
import type { Service } from '../../src/api/objects.ts';
import { eventually } from '../support/eventually.ts';
import { guestbookArchives } from '../support/guestbook/images.ts';
import { containerIdOf, httpGet, podman, readyPods, runningContainers } from '../support/pods.ts';
import { Trial } from '../support/trial.ts';

const manifest = join(import.meta.dirname, '../support/guestbook/guestbook.yaml');
const redisMaster = 'app=redis,role=master';
const redisSlave = 'app=redis,role=slave';
const frontend = 'app=guestbook';
const all = [redisMaster, redisSlave, frontend];

t.test('the guestbook', async (t) => {
  for (const archive of await guestbookArchives()) await podman('load', '--quiet', '--input', archive);
  const trial = await Trial.create();
  t.teardown(() => trial.destroy());
  await trial.start();
  t.teardown(() => t.passing() || t.comment(trial.program?.output.slice(-4000)));

  const page = async () => {
    const service = await trial.json<Service>('get', 'service', 'frontend');
    return `http://127.0.0.1:${service.spec.ports?.[0]?.nodePort}/cgi-bin/guestbook`;
  };
  const post = async (value: string) => httpGet(`${await page()}?cmd=set&value=${value}`);
  const readsBack = async (value: string) =>
    eventually(async () => (await httpGet(`${await page()}?cmd=get`)).includes(value), 30_000, 200);
  const makeAllReady = async (slaves: number) => {
    await readyPods(trial, redisMaster, 1);
    await readyPods(trial, redisSlave, slaves);
    await readyPods(trial, frontend, 3);
  };

  await t.test('an entry posted through the NodePort is read back from the slave', async (t) => {
    await trial.must('apply', '-f', manifest);
    await makeAllReady(2);
    await eventually(async () => (await post('first')).includes('OK'), 30_000, 200);
    t.ok(await readsBack('first'));
  });

  await t.test(
    'both redis Services made again with other addresses work once their pods restart',
    async (t) => {
      const addresses = async () =>
        (await trial.json<{ items: Service[] }>('get', 'services', '-l', 'app=redis')).items
          .map((service) => service.spec.clusterIP)
          .sort();
      const before = await addresses();
      await trial.must('delete', 'service', 'redis-master', 'redis-slave');
      // Takes the first free address, so that the new Services cannot get their old ones.
      const blocker = (name: string, ip: string) =>
        trial.apply({
          apiVersion: 'v1',
          kind: 'Service',
          metadata: { name },
          spec: { clusterIP: ip, ports: [{ port: 1 }] },
        });
      for (const [index, ip] of before.entries()) await blocker(`blocker-${index}`, ip ?? '');
      await trial.must('apply', '-f', manifest);
      t.notSame(await addresses(), before);
      for (const selector of all) await trial.must('delete', 'pods', '-l', selector, '--grace-period=1');
      await makeAllReady(2);
      await eventually(async () => (await post('second')).includes('OK'), 30_000, 200);
      t.ok(await readsBack('second'));
    },
  );

  await t.test('scaling is changing one number', async (t) => {
    await trial.must('scale', 'rc', 'redis-slave', '--replicas=3');
    t.equal((await readyPods(trial, redisSlave, 3)).length, 3);
  });

  await t.test('a container killed with podman is restarted in its pod', async (t) => {
    const [before] = await readyPods(trial, redisMaster, 1);
    await podman('kill', '--signal', 'KILL', containerIdOf(before));
    const after = await eventually(
      async () => {
        const [pod] = await readyPods(trial, redisMaster, 1);
        return pod?.status?.containerStatuses?.[0]?.restartCount === 1 && pod;
      },
      60_000,
      200,
    );
    t.not(after, false);
    if (after) {
      t.equal(after.metadata.uid, before?.metadata.uid);
      t.equal(after.status?.podIP, before?.status?.podIP);
      t.equal(after.status?.containerStatuses?.[0]?.lastState?.terminated?.exitCode, 137);
    }
  });

  await t.test('a deleted pod is replaced', async (t) => {
    const before = (await readyPods(trial, frontend, 3)).map((pod) => pod.metadata.name);
    await trial.must('delete', 'pod', before[0] ?? '', '--grace-period=1');
    const after = (await readyPods(trial, frontend, 3)).map((pod) => pod.metadata.name);
    t.notOk(after.includes(before[0] ?? ''));
  });

  await t.test(
    'kill -9 of the whole process and a new start change no object and touch no container',
    async (t) => {
      await makeAllReady(3);
      const objects = async () => {
        const kinds = 'rc,services,endpoints,pods,namespaces';
        const list = await trial.json<{ items: { metadata: Record<string, unknown> }[] }>('get', kinds, '-A');
        return list.items.map(({ metadata }) => [
          metadata.namespace,
          metadata.name,
          metadata.uid,
          metadata.resourceVersion,
        ]);
      };
      const settled = async () => {
        const first = JSON.stringify(await objects());
        await new Promise((resolve) => setTimeout(resolve, 1500));
        return JSON.stringify(await objects()) === first;
      };
      await eventually(settled, 30_000);
      const objectsBefore = await objects();
      const containersBefore = await runningContainers('label=edge-cluster/pod-uid');
      t.ok(containersBefore.length >= 14, 'seven pods, each with its pause container');
      await trial.program?.end('SIGKILL');
      await trial.start();
      t.same(await runningContainers('label=edge-cluster/pod-uid'), containersBefore);
      await makeAllReady(3);
      t.same(await objects(), objectsBefore);
      t.same(await runningContainers('label=edge-cluster/pod-uid'), containersBefore);
    },
  );
});
