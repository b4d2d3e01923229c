// A pod's life on a board, played on the fake runtime: from its sandbox to its end.
import t from 'tap';
import {
  desiredPod,
  KubeletWorld,
  NEW_WEB_IMAGE,
  startedWorld,
  WEB_IMAGE,
  WEB_KEY,
} from '../../../support/kubelet-world.ts';

t.test(
  'a wanted pod gets a sandbox with an address, then its containers, and is reported ready',
  async (t) => {
    const world = await startedWorld(t);
    const [sandbox] = world.runtime.sandboxesOf(WEB_KEY);
    t.equal(sandbox?.ip, '10.40.2.2');
    t.equal(world.running()?.image, WEB_IMAGE);
    const status = world.status();
    t.equal(status.phase, 'Running');
    t.equal(status.podIP, '10.40.2.2');
    t.equal(status.hostIP, '192.168.1.20');
    t.equal(status.qosClass, 'BestEffort');
    t.same(Object.fromEntries((status.conditions ?? []).map((c) => [c.type, c.status])), {
      PodReadyToStartContainers: 'True',
      Initialized: 'True',
      Ready: 'True',
      ContainersReady: 'True',
      PodScheduled: 'True',
    });
    const container = world.containerStatus();
    t.match(container, { ready: true, started: true, restartCount: 0, image: WEB_IMAGE });
    t.equal(container.containerID, `podman://${world.running()?.id}`);
    t.equal(container.state?.running?.startedAt, '2026-01-01T00:00:00Z');
    t.same(world.sink.reasons(), ['Pulled', 'Created', 'Started']);
  },
);

t.test('the sandbox is told the cluster DNS and the pod name as host name', async (t) => {
  const world = await startedWorld(t);
  const [config] = [...world.runtime.sandboxConfigs.values()];
  t.equal(config?.hostname, 'web-1');
  t.same(config?.dns?.servers, ['10.48.0.10']);
  t.same(config?.dns?.searches, ['default.svc.cluster.local', 'svc.cluster.local', 'cluster.local']);
});

t.test('containers of a pod share one sandbox', async (t) => {
  const containers = [
    { name: 'web', image: WEB_IMAGE },
    { name: 'side', image: WEB_IMAGE },
  ];
  const world = await startedWorld(t, desiredPod({ spec: { containers } }));
  t.equal(world.runtime.sandboxesOf(WEB_KEY).length, 1);
  t.same(
    world.runtime.containersOf(WEB_KEY).map((c) => c.containerName),
    ['web', 'side'],
  );
});

t.test('without a pod range the pod waits and says why, and starts when the range is known', async (t) => {
  const world = new KubeletWorld();
  t.teardown(() => world.stop());
  world.podCIDR = undefined;
  await world.start();
  await world.want(desiredPod());
  t.equal(world.status().phase, 'Pending');
  t.match(world.containerStatus().state?.waiting, { message: /network is not ready.*pod range/ });
  t.same(world.sink.reasons(), [], 'a board that has just come says nothing yet');
  await world.advance(5_000);
  t.same(world.sink.reasons(), ['NetworkNotReady']);
  world.podCIDR = '10.40.2.0/23';
  await world.advance(5_000);
  t.equal(world.status().phase, 'Running');
});

t.test(
  'a dead pause container remakes the whole sandbox and counts a restart for each container',
  async (t) => {
    const world = await startedWorld(t);
    const [sandbox] = world.runtime.sandboxesOf(WEB_KEY);
    world.runtime.exit(sandbox?.id ?? '', 137);
    await world.settle();
    const [next] = world.runtime.sandboxesOf(WEB_KEY);
    t.not(next?.id, sandbox?.id);
    t.equal(next?.attempt, 1);
    t.equal(world.running()?.attempt, 1);
    t.equal(world.status().podIP, next?.ip);
    t.equal(world.containerStatus().restartCount, 1);
    t.ok(world.sink.reasons().includes('SandboxChanged'));
  },
);

t.test('a deleted pod that Services lead to runs on until they do not', async (t) => {
  const world = await startedWorld(t);
  world.served.add('uid-web-1');
  const deletionTimestamp = '2026-01-01T00:00:30Z';
  await world.want(desiredPod({ metadata: { deletionTimestamp, deletionGracePeriodSeconds: 30 } }));
  await world.clock.advance(500);
  await world.settle();
  t.ok(world.running());
  world.served.clear();
  await world.servicesChanged();
  t.ok(world.running(), 'other boards may hear a moment later');
  await world.clock.advance(100);
  await world.settle();
  t.equal(world.running(), undefined);
  t.equal(world.sink.pods.get(WEB_KEY)?.terminated, true);
});

t.test('a container that is started again waits for no Service', async (t) => {
  const world = await startedWorld(t);
  world.served.add('uid-web-1');
  const first = world.running()?.id;
  const containers = [{ name: 'web', image: NEW_WEB_IMAGE }];
  await world.want(desiredPod({ spec: { containers } }));
  t.not(world.running()?.id, first);
});

t.test('a deleted pod is stopped, removed and reported terminated with its uid', async (t) => {
  const world = await startedWorld(t);
  const deletionTimestamp = '2026-01-01T00:00:30Z';
  await world.want(desiredPod({ metadata: { deletionTimestamp, deletionGracePeriodSeconds: 30 } }));
  t.equal(world.runtime.containers.size, 0);
  const observed = world.sink.pods.get(WEB_KEY);
  t.equal(observed?.terminated, true);
  t.equal(observed?.uid, 'uid-web-1');
  t.equal(observed?.status.phase, 'Failed', 'it ended by a signal');
  t.equal(observed?.status.containerStatuses?.[0]?.state?.terminated?.exitCode, 143);
  t.same(world.volumes.removed, ['uid-web-1']);
  t.same(world.runtime.removedLogs, ['uid-web-1']);
  t.equal(world.records.stored.size, 0);
  await world.unwant(WEB_KEY);
  t.ok(world.sink.forgotten.includes(WEB_KEY));
});

t.test(
  'a stubborn container is killed when the grace is over, sooner when the grace is shortened',
  async (t) => {
    const world = new KubeletWorld();
    t.teardown(() => world.stop());
    world.runtime.stubbornImages.add(WEB_IMAGE);
    await world.start();
    await world.want(desiredPod());
    const deleted = (deletionTimestamp: string) =>
      desiredPod({ metadata: { deletionTimestamp, deletionGracePeriodSeconds: 30 } });
    await world.want(deleted('2026-01-01T00:00:30Z'));
    await world.advance(3_000);
    t.ok(world.running(), 'within its grace it is left to end by itself');
    await world.want(deleted('2026-01-01T00:00:05Z'));
    await world.advance(2_100);
    t.equal(world.running(), undefined);
    t.equal(world.sink.pods.get(WEB_KEY)?.terminated, true);
    t.equal(world.sink.reasons().filter((r) => r === 'Killing').length, 1);
  },
);

t.test(
  'a pod that vanished from the complete set is removed; from a checkpoint nothing vanishes',
  async (t) => {
    const world = await startedWorld(t);
    world.isComplete = false;
    await world.unwant(WEB_KEY);
    t.ok(world.running(), 'no complete set, no removal');
    world.isComplete = true;
    await world.look(WEB_KEY);
    t.equal(world.runtime.containers.size, 0);
  },
);

t.test('another pod under the same name starts only after the old one is gone', async (t) => {
  const world = await startedWorld(t);
  world.runtime.stubbornImages.add(WEB_IMAGE);
  await world.want(
    desiredPod({ uid: 'second', spec: { containers: [{ name: 'web', image: NEW_WEB_IMAGE }] } }),
  );
  t.equal(world.running()?.podUid, 'uid-web-1');
  await world.advance(2_000);
  t.same(
    [...world.runtime.containers.values()].map((c) => c.podUid),
    ['second', 'second'],
  );
  t.equal(world.sink.pods.get(WEB_KEY)?.uid, 'second');
});

t.test('what this board cannot do is refused with an event and a waiting reason', async (t) => {
  const volumes = [{ name: 'disk', awsElasticBlockStore: { volumeID: 'v' } }];
  const world = await startedWorld(t, desiredPod({ spec: { volumes } }));
  t.match(world.containerStatus().state?.waiting, {
    reason: 'CreateContainerConfigError',
    message: /volume "disk" of type awsElasticBlockStore/,
  });
  t.same(world.sink.reasons(), ['Unsupported']);
  t.equal(world.runtime.containers.size, 0);
});

t.test('a sandbox that cannot be made is told and tried again with another address', async (t) => {
  const world = new KubeletWorld();
  t.teardown(() => world.stop());
  const { RuntimeError } = await import('../../../../src/kubelet/runtime/runtime.ts');
  world.runtime.fail('startSandbox', new RuntimeError('CreatePodSandboxError', 'no network'));
  await world.start();
  await world.want(desiredPod());
  t.match(world.containerStatus().state?.waiting?.message, /Failed to create pod sandbox: no network/);
  t.ok(world.sink.reasons().includes('FailedCreatePodSandBox'));
  await world.advance(2_000);
  t.equal(world.status().podIP, '10.40.2.3');
});

t.test('an engine that is away is retried until it is back', async (t) => {
  const world = new KubeletWorld();
  t.teardown(() => world.stop());
  await world.start();
  world.runtime.unavailable();
  await world.want(desiredPod());
  t.equal(world.status().phase, 'Pending');
  world.runtime.available();
  await world.advance(1_000);
  t.equal(world.status().phase, 'Running');
});

t.test('at most four containers are started at the same time', async (t) => {
  const world = new KubeletWorld();
  t.teardown(() => world.stop());
  world.runtime.startDelayMs = 100;
  await world.start();
  for (let i = 0; i < 12; i++) void world.want(desiredPod({ name: `p${i}` }));
  for (let i = 0; i < 20; i++) await world.advance(100);
  t.equal(world.runtime.mostStartsAtOnce, 4);
  t.equal([...world.runtime.containers.values()].length, 24);
});

t.test('nothing is reported or written again when nothing has changed', async (t) => {
  const world = await startedWorld(t);
  const { reports } = world.sink;
  const { writes } = world.records;
  await world.look(WEB_KEY);
  await world.advance(3_600_000);
  t.equal(world.sink.reports, reports);
  t.equal(world.records.writes, writes);
  t.equal(writes, 1, 'one write for a pod that started');
});
