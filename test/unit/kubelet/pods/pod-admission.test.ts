import t from 'tap';
import { RuntimeError } from '../../../../src/kubelet/runtime/runtime.ts';
import { desiredPod, KubeletWorld, startedWorld, WEB_IMAGE } from '../../../support/kubelet-world.ts';

const gpio = 'edge-cluster.io/gpio';
const device = (path: string) => ({ sort: 'gpio' as const, paths: [path] });
const asking = (name: string) =>
  desiredPod({
    name,
    spec: {
      containers: [
        { name: 'web', image: WEB_IMAGE, resources: { requests: { [gpio]: '1' }, limits: { [gpio]: '1' } } },
      ],
    },
  });
const statusOf = (world: KubeletWorld, name: string) => world.sink.pods.get(`default/${name}`)?.status;

t.test('a container gets its device under its own name, and the group that may use it', async (t) => {
  const world = new KubeletWorld();
  t.teardown(() => world.stop());
  world.room = { ...world.room, devices: [device('/dev/gpiochip0')] };
  world.devices.set('web', { paths: ['/dev/gpiochip0'], groups: [997] });
  await world.start();
  await world.want(asking('door'));
  const [made] = [...world.runtime.configs.values()];
  t.match(made, { devices: ['/dev/gpiochip0'], groups: [997], privileged: false });
});

t.test('a pod for which the board has no device left ends as upstream ends it', async (t) => {
  const world = new KubeletWorld();
  t.teardown(() => world.stop());
  world.room = { ...world.room, devices: [device('/dev/gpiochip0')] };
  await world.start();
  await world.want(asking('first'));
  await world.want(asking('second'));
  t.equal(statusOf(world, 'first')?.phase, 'Running');
  t.match(statusOf(world, 'second'), {
    phase: 'Failed',
    reason: 'UnexpectedAdmissionError',
    message: /unavailable for edge-cluster.io\/gpio. Requested: 1, Available: 0/,
  });
  t.ok(world.sink.reasons().includes('UnexpectedAdmissionError'));
});

t.test('the board takes as many pods as it says', async (t) => {
  const world = await startedWorld(t);
  world.room = { ...world.room, maxPods: 2 };
  await world.want(desiredPod({ name: 'web-2' }));
  await world.want(desiredPod({ name: 'web-3' }));
  t.match(statusOf(world, 'web-3'), {
    phase: 'Failed',
    reason: 'OutOfpods',
    message: "Pod was rejected: Node didn't have enough resource: pods, requested: 1, used: 2, capacity: 2",
  });
  t.equal(statusOf(world, 'web-3')?.containerStatuses, undefined, 'so that kubectl get shows why');
  t.equal(statusOf(world, 'web-1')?.phase, 'Running');
});

t.test(
  'under memory pressure pods that asked for nothing are refused, others and critical ones taken',
  async (t) => {
    const world = new KubeletWorld();
    t.teardown(() => world.stop());
    world.room = { ...world.room, pressures: new Set(['MemoryPressure']) };
    await world.start();
    const resources = { requests: { memory: '1Mi' } };
    const toleration = {
      key: 'node.kubernetes.io/memory-pressure',
      operator: 'Exists',
      effect: 'NoSchedule',
    };
    await world.want(desiredPod({ name: 'best-effort' }));
    await world.want(
      desiredPod({ name: 'burstable', spec: { containers: [{ name: 'web', image: WEB_IMAGE, resources }] } }),
    );
    await world.want(desiredPod({ name: 'critical', spec: { priority: 2_000_001_000 } }));
    await world.want(desiredPod({ name: 'daemon', spec: { tolerations: [toleration] } }));
    const message = 'The node had condition: [MemoryPressure]. ';
    t.match(statusOf(world, 'best-effort'), { phase: 'Failed', reason: 'Evicted', message });
    for (const name of ['burstable', 'critical', 'daemon'])
      t.equal(statusOf(world, name)?.phase, 'Running', name);
  },
);

t.test('under disk pressure only critical pods are taken', async (t) => {
  const world = new KubeletWorld();
  t.teardown(() => world.stop());
  world.room = { ...world.room, pressures: new Set(['DiskPressure']) };
  await world.start();
  await world.want(desiredPod({ name: 'any' }));
  await world.want(desiredPod({ name: 'critical', spec: { priority: 2_000_000_000 } }));
  t.match(statusOf(world, 'any'), { reason: 'Evicted', message: 'The node had condition: [DiskPressure]. ' });
  t.equal(statusOf(world, 'critical')?.phase, 'Running');
});

t.test('an evicted pod fails at once, gives everything back and says that the board ended it', async (t) => {
  const world = await startedWorld(t);
  const message = 'The node was low on resource: memory. ';
  t.ok(world.reconciler.evict('uid-web-1', { reason: 'Evicted', message, isDisruption: true }));
  world.workers.look('default/web-1');
  await world.clock.advance(2_000);
  const status = statusOf(world, 'web-1');
  t.match(status, { phase: 'Failed', reason: 'Evicted', message });
  const disruption = status?.conditions?.find(({ type }) => type === 'DisruptionTarget');
  t.match(disruption, { status: 'True', reason: 'TerminationByKubelet', message });
  t.same([...world.runtime.containers.values()], []);
  t.same(world.volumes.removed, ['uid-web-1'], 'its emptyDirs too, while the pod is still known');
  t.notOk(world.reconciler.evict('uid-web-1', { reason: 'Evicted', message }), 'it has ended already');
});

t.test('one ended for what it did itself is no disruption', async (t) => {
  const world = await startedWorld(t);
  const message = 'Usage of EmptyDir volume "cache" exceeds the limit "1Mi". ';
  world.reconciler.evict('uid-web-1', { reason: 'Evicted', message });
  world.workers.look('default/web-1');
  await world.clock.advance(2_000);
  const status = statusOf(world, 'web-1');
  t.match(status, { phase: 'Failed', reason: 'Evicted', message });
  t.notOk(status?.conditions?.some(({ type }) => type === 'DisruptionTarget'));
});

t.test('a board in need removes the containers of pods that have ended, and of no others', async (t) => {
  const world = await startedWorld(t);
  await world.want(desiredPod({ name: 'job', spec: { restartPolicy: 'Never' } }));
  await world.exit(0, 'web', 'default/job');
  const before = statusOf(world, 'job');
  t.equal(before?.phase, 'Succeeded');
  t.equal(world.runtime.containersOf('default/job').length, 1, 'it stays for its log');
  for (const key of world.reconciler.dropEnded()) world.workers.look(key);
  await world.clock.advance(1_000);
  t.same(world.runtime.containersOf('default/job'), []);
  t.same(world.volumes.removed, ['uid-job']);
  t.same(statusOf(world, 'job'), before);
  t.equal(world.runtime.containersOf('default/web-1').length, 1);
  t.same(world.reconciler.dropEnded(), []);
});

t.test('what has ended and does not go is waited for no longer than half a minute', async (t) => {
  const world = await startedWorld(t);
  await world.want(desiredPod({ name: 'job', spec: { restartPolicy: 'Never' } }));
  await world.exit(0, 'web', 'default/job');
  world.runtime.fail(
    'removeSandbox',
    new RuntimeError('KillPodSandboxError', 'device or resource busy'),
    100,
  );
  for (const key of world.reconciler.dropEnded()) world.workers.look(key);
  await world.clock.advance(25_000);
  t.same(world.reconciler.dropEnded(), ['default/job'], 'a slow board takes its time');
  await world.clock.advance(10_000);
  t.same(world.reconciler.dropEnded(), [], 'or no pod would ever be evicted');
  world.reconciler.evict('uid-web-1', { reason: 'Evicted', message: 'low on disk' });
  world.workers.look('default/web-1');
  await world.clock.advance(35_000);
  t.equal(statusOf(world, 'web-1')?.phase, 'Failed');
  t.same(world.reconciler.dropEnded(), [], 'nor is one evicted waited for twice');
});
