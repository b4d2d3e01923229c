// A pod's life on a board, played on the fake runtime.
import t from 'tap';
import { missingProgram } from '../../../support/fake-runtime.ts';
import { desiredPod, KubeletWorld, NEW_WEB_IMAGE, WEB_IMAGE } from '../../../support/kubelet-world.ts';

const KEY = 'default/web-1';

async function startedWorld(t: Tap, pod = desiredPod()): Promise<KubeletWorld> {
  const world = new KubeletWorld();
  t.teardown(() => world.stop());
  await world.start();
  await world.want(pod);
  return world;
}
type Tap = Pick<typeof t, 'teardown'>;

t.test(
  'a wanted pod gets a sandbox with an address, then its containers, and is reported ready',
  async (t) => {
    const world = await startedWorld(t);
    const [sandbox] = world.runtime.sandboxesOf(KEY);
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
  t.equal(world.runtime.sandboxesOf(KEY).length, 1);
  t.same(
    world.runtime.containersOf(KEY).map((c) => c.containerName),
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

t.test('a container that ends is restarted at once, then after 10 s, 20 s, 40 s', async (t) => {
  const world = await startedWorld(t);
  await world.exit(1);
  t.equal(world.running()?.attempt, 1, 'the first restart does not wait');
  for (const [attempt, waitMs, text] of [
    [2, 10_000, '10s'],
    [3, 20_000, '20s'],
    [4, 40_000, '40s'],
    [5, 80_000, '1m20s'],
  ] as const) {
    await world.exit(1);
    t.same(world.containerStatus().state?.waiting, {
      reason: 'CrashLoopBackOff',
      message: `back-off ${text} restarting failed container=web pod=web-1_default(uid-web-1)`,
    });
    t.equal(world.containerStatus().lastState?.terminated?.exitCode, 1);
    await world.advance(waitMs - 1);
    t.equal(world.running(), undefined, `still waiting before attempt ${attempt}`);
    await world.advance(1);
    t.equal(world.running()?.attempt, attempt);
  }
  t.equal(world.containerStatus().restartCount, 5);
  t.equal(world.status().phase, 'Running');
});

t.test('the back-off starts anew after ten minutes of running', async (t) => {
  const world = await startedWorld(t);
  await world.exit(1);
  await world.exit(1);
  await world.advance(10_000);
  await world.advance(600_000);
  await world.exit(1);
  t.equal(world.running()?.attempt, 3);
});

t.test('a container out of memory says so', async (t) => {
  const world = await startedWorld(t);
  world.runtime.exit(world.running()?.id ?? '', 137, { oomKilled: true });
  await world.settle();
  t.match(world.containerStatus().lastState?.terminated, { reason: 'OOMKilled', exitCode: 137 });
});

t.test('one dead predecessor of a container is kept, older ones go', async (t) => {
  const world = await startedWorld(t);
  await world.exit(1);
  await world.exit(1);
  await world.advance(10_000);
  t.same(
    world.runtime.containersOf(KEY).map((c) => c.attempt),
    [1, 2],
  );
});

const endings = [
  { policy: 'Never', codes: [0, 0], phase: 'Succeeded' },
  { policy: 'Never', codes: [0, 3], phase: 'Failed' },
  { policy: 'OnFailure', codes: [0, 0], phase: 'Succeeded' },
] as const;
for (const { policy, codes, phase } of endings) {
  t.test(
    `with ${policy} and exit codes ${codes} the pod is ${phase}, keeps its containers and frees its address`,
    async (t) => {
      const containers = [
        { name: 'a', image: WEB_IMAGE },
        { name: 'b', image: WEB_IMAGE },
      ];
      const world = await startedWorld(t, desiredPod({ spec: { containers, restartPolicy: policy } }));
      await world.exit(codes[0], 'a');
      t.equal(world.status().phase, 'Running');
      await world.exit(codes[1], 'b');
      t.equal(world.status().phase, phase);
      t.equal(world.runtime.containersOf(KEY).length, 2);
      t.same(
        world.runtime.sandboxesOf(KEY).map((s) => s.state),
        ['exited'],
      );
      t.equal(world.containerStatus('a').state?.terminated?.reason, 'Completed');
      await world.advance(3_600_000);
      t.equal(world.status().phase, phase);
      t.ok(world.runtime.containersOf(KEY).every((c) => c.state === 'exited'));
    },
  );
}

t.test('with OnFailure only the container that failed runs again', async (t) => {
  const containers = [
    { name: 'a', image: WEB_IMAGE },
    { name: 'b', image: WEB_IMAGE },
  ];
  const world = await startedWorld(t, desiredPod({ spec: { containers, restartPolicy: 'OnFailure' } }));
  await world.exit(0, 'a');
  await world.exit(2, 'b');
  t.equal(world.running('b')?.attempt, 1);
  t.equal(world.running('a'), undefined);
});

t.test('a changed image replaces that container in place: same address, one restart more', async (t) => {
  const containers = [
    { name: 'web', image: WEB_IMAGE },
    { name: 'side', image: WEB_IMAGE },
  ];
  const world = await startedWorld(t, desiredPod({ spec: { containers, restartPolicy: 'Never' } }));
  const before = world.status().podIP;
  const side = world.running('side')?.id;
  const changed = [{ name: 'web', image: NEW_WEB_IMAGE }, containers[1]!];
  await world.want(desiredPod({ spec: { containers: changed, restartPolicy: 'Never' } }));
  t.equal(world.running()?.image, NEW_WEB_IMAGE);
  t.equal(world.containerStatus().restartCount, 1);
  t.equal(world.status().podIP, before);
  t.equal(world.running('side')?.id, side, 'the other container is left alone');
  t.ok(world.sink.events.some((e) => e.message.includes('definition changed, will be restarted')));
});

t.test(
  'a dead pause container remakes the whole sandbox and counts a restart for each container',
  async (t) => {
    const world = await startedWorld(t);
    const [sandbox] = world.runtime.sandboxesOf(KEY);
    world.runtime.exit(sandbox?.id ?? '', 137);
    await world.settle();
    const [next] = world.runtime.sandboxesOf(KEY);
    t.not(next?.id, sandbox?.id);
    t.equal(next?.attempt, 1);
    t.equal(world.running()?.attempt, 1);
    t.equal(world.status().podIP, next?.ip);
    t.equal(world.containerStatus().restartCount, 1);
    t.ok(world.sink.reasons().includes('SandboxChanged'));
  },
);

t.test('a deleted pod is stopped, removed and reported terminated with its uid', async (t) => {
  const world = await startedWorld(t);
  const deletionTimestamp = '2026-01-01T00:00:30Z';
  await world.want(desiredPod({ metadata: { deletionTimestamp, deletionGracePeriodSeconds: 30 } }));
  t.equal(world.runtime.containers.size, 0);
  const observed = world.sink.pods.get(KEY);
  t.equal(observed?.terminated, true);
  t.equal(observed?.uid, 'uid-web-1');
  t.equal(observed?.status.phase, 'Failed', 'it ended by a signal');
  t.equal(observed?.status.containerStatuses?.[0]?.state?.terminated?.exitCode, 143);
  t.same(world.volumes.removed, ['uid-web-1']);
  t.same(world.runtime.removedLogs, ['uid-web-1']);
  t.equal(world.records.stored.size, 0);
  await world.unwant(KEY);
  t.ok(world.sink.forgotten.includes(KEY));
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
    t.equal(world.sink.pods.get(KEY)?.terminated, true);
    t.equal(world.sink.reasons().filter((r) => r === 'Killing').length, 1);
  },
);

t.test(
  'a pod that vanished from the complete set is removed; from a checkpoint nothing vanishes',
  async (t) => {
    const world = await startedWorld(t);
    world.isComplete = false;
    await world.unwant(KEY);
    t.ok(world.running(), 'no complete set, no removal');
    world.isComplete = true;
    await world.look(KEY);
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
  t.equal(world.sink.pods.get(KEY)?.uid, 'second');
});

t.test('a restart of the agent touches no running container and writes nothing', async (t) => {
  const first = await startedWorld(t);
  const before = JSON.stringify([...first.runtime.containers.values()]);
  await first.stop();
  const next = new KubeletWorld({ clock: first.clock, runtime: first.runtime, records: first.records });
  t.teardown(() => next.stop());
  next.pods.set(KEY, desiredPod());
  const writes = first.records.writes;
  await next.start();
  t.equal(JSON.stringify([...next.runtime.containers.values()]), before);
  t.equal(first.records.writes, writes);
  t.equal(next.status().phase, 'Running');
});

t.test('exits while the agent was away are seen, and pods deleted meanwhile are removed', async (t) => {
  const first = await startedWorld(t);
  await first.want(desiredPod({ name: 'gone-1' }));
  await first.stop();
  first.runtime.exit(first.running()?.id ?? '', 7);
  const next = new KubeletWorld({ clock: first.clock, runtime: first.runtime, records: first.records });
  t.teardown(() => next.stop());
  next.pods.set(KEY, desiredPod());
  await next.start();
  t.equal(next.containerStatus().lastState?.terminated?.exitCode, 7);
  t.equal(next.running()?.attempt, 1);
  t.equal(next.runtime.sandboxesOf('default/gone-1').length, 0);
});

t.test('restart counts survive a power cut, which the engine forgets exits in', async (t) => {
  const first = await startedWorld(t);
  await first.exit(1);
  await first.stop();
  first.runtime.powerCut();
  const next = new KubeletWorld({ clock: first.clock, runtime: first.runtime, records: first.records });
  t.teardown(() => next.stop());
  next.pods.set(KEY, desiredPod());
  await next.start();
  t.equal(next.running()?.attempt, 2);
  t.match(next.containerStatus(), {
    restartCount: 2,
    lastState: { terminated: { exitCode: 255, reason: 'Unknown' } },
  });
});

t.test('a finished pod stays finished over a power cut', async (t) => {
  const pod = desiredPod({ spec: { restartPolicy: 'Never' } });
  const first = await startedWorld(t, pod);
  await first.exit(0);
  await first.stop();
  first.runtime.powerCut();
  const next = new KubeletWorld({ clock: first.clock, runtime: first.runtime, records: first.records });
  t.teardown(() => next.stop());
  next.pods.set(KEY, pod);
  await next.start();
  t.equal(next.status().phase, 'Succeeded');
  t.equal(next.running(), undefined);
});

t.test('a pod that finished before this board knew it is not run again', async (t) => {
  const world = await startedWorld(t, desiredPod({ status: { phase: 'Succeeded' } }));
  t.equal(world.runtime.containers.size, 0);
  t.equal(world.status().phase, 'Succeeded');
});

t.test('init containers run one after another before the others', async (t) => {
  const initContainers = [
    { name: 'first', image: WEB_IMAGE },
    { name: 'second', image: WEB_IMAGE },
  ];
  const world = await startedWorld(t, desiredPod({ spec: { initContainers } }));
  t.same(
    world.runtime.containersOf(KEY).map((c) => c.containerName),
    ['first'],
  );
  t.equal(world.status().phase, 'Pending');
  t.equal(world.containerStatus().state?.waiting?.reason, 'PodInitializing');
  await world.exit(1, 'first');
  t.equal(world.running('first')?.attempt, 1, 'a failed one runs again');
  await world.exit(0, 'first');
  t.ok(world.running('second'));
  t.notOk(world.running());
  await world.exit(0, 'second');
  t.ok(world.running());
  t.equal(world.status().phase, 'Running');
});

t.test('a failed init container with Never fails the pod', async (t) => {
  const spec = { initContainers: [{ name: 'first', image: WEB_IMAGE }], restartPolicy: 'Never' };
  const world = await startedWorld(t, desiredPod({ spec }));
  await world.exit(4, 'first');
  t.equal(world.status().phase, 'Failed');
  t.notOk(world.running());
});

t.test('a program that is not in the image is an attempt that failed, with back-off', async (t) => {
  const containers = [{ name: 'web', image: WEB_IMAGE, command: [missingProgram] }];
  const world = await startedWorld(t, desiredPod({ spec: { containers } }));
  t.equal(world.containerStatus().state?.waiting?.reason, 'CrashLoopBackOff');
  t.match(world.containerStatus().lastState?.terminated, {
    reason: 'StartError',
    exitCode: 128,
    message: /not found/,
  });
  const never = await startedWorld(t, desiredPod({ spec: { containers, restartPolicy: 'Never' } }));
  t.equal(never.status().phase, 'Failed');
});

t.test('an image that cannot be pulled backs off and is tried again', async (t) => {
  const world = await startedWorld(
    t,
    desiredPod({ spec: { containers: [{ name: 'web', image: 'no/such:1' }] } }),
  );
  t.match(world.containerStatus().state?.waiting, { reason: 'ErrImagePull', message: /no image no\/such:1/ });
  await world.advance(2_000);
  t.match(world.containerStatus().state?.waiting, {
    reason: 'ImagePullBackOff',
    message: /^Back-off pulling image "no\/such:1": ErrImagePull: /,
  });
  t.equal(world.status().phase, 'Pending');
  world.runtime.pullable.add('no/such:1');
  await world.advance(8_000);
  t.equal(world.status().phase, 'Running');
  t.same(world.sink.reasons(), [
    'Pulling',
    'Failed',
    'Failed',
    'BackOff',
    'Failed',
    'Pulling',
    'Pulled',
    'Created',
    'Started',
  ]);
});

const policies = [
  { image: 'r/a:1', imagePullPolicy: 'Never', pulls: 0, reason: 'ErrImageNeverPull' },
  { image: 'localhost/a:1', imagePullPolicy: 'Always', pulls: 0, reason: 'ErrImagePull' },
  { image: WEB_IMAGE, imagePullPolicy: 'Always', pulls: 1, reason: undefined },
  { image: WEB_IMAGE, imagePullPolicy: 'IfNotPresent', pulls: 0, reason: undefined },
];
for (const { image, imagePullPolicy, pulls, reason } of policies) {
  t.test(
    `image ${image} with ${imagePullPolicy} is pulled ${pulls} times and waits for ${reason ?? 'nothing'}`,
    async (t) => {
      const containers = [{ name: 'web', image, imagePullPolicy }];
      const world = await startedWorld(t, desiredPod({ spec: { containers } }));
      t.equal(world.runtime.pulled.length, pulls);
      t.equal(world.containerStatus().state?.waiting?.reason, reason);
    },
  );
}

t.test('an image that is changed while the old one is being pulled does not wait for it', async (t) => {
  const world = new KubeletWorld();
  t.teardown(() => world.stop());
  world.runtime.pullable.add('slow:1').add('slow:2');
  world.runtime.startDelayMs = 1_000;
  await world.start();
  void world.want(desiredPod({ spec: { containers: [{ name: 'web', image: 'slow:1' }] } }));
  await world.advance(1_500);
  await world.want(desiredPod({ spec: { containers: [{ name: 'web', image: 'slow:2' }] } }));
  for (let i = 0; i < 5; i++) await world.advance(1_000);
  t.equal(world.running()?.image, 'slow:2');
  t.equal(world.containerStatus().restartCount, 0);
  t.equal(world.sink.reasons().filter((r) => r === 'Pulled').length, 1);
});

t.test('a pod can be deleted while its image is being pulled', async (t) => {
  const world = await startedWorld(
    t,
    desiredPod({ spec: { containers: [{ name: 'web', image: 'slow:1' }] } }),
  );
  world.runtime.startDelayMs = 60_000;
  await world.advance(20_000);
  const deletionTimestamp = '2026-01-01T00:00:50Z';
  await world.want(desiredPod({ metadata: { deletionTimestamp, deletionGracePeriodSeconds: 30 } }));
  t.equal(world.sink.pods.get(KEY)?.terminated, true);
});

t.test('a missing ConfigMap is waited for, and the container starts when it appears', async (t) => {
  const envFrom = [{ configMapRef: { name: 'settings' } }];
  const pod = desiredPod({ spec: { containers: [{ name: 'web', image: WEB_IMAGE, envFrom }] } });
  const world = await startedWorld(t, pod);
  t.same(world.containerStatus().state?.waiting, {
    reason: 'CreateContainerConfigError',
    message: 'configmap "settings" not found',
  });
  const metadata = {
    name: 'settings',
    namespace: 'default',
    uid: 'c',
    resourceVersion: '1',
    creationTimestamp: '',
  };
  world.configMaps.set('default/settings', {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata,
    data: { COLOUR: 'red' },
  });
  await world.look(KEY);
  t.equal(world.runtime.configs.get(world.running()?.id ?? '')?.env.COLOUR, 'red');
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

t.test('a probe is told to be missing once, and the container counts as ready when it runs', async (t) => {
  const readinessProbe = { tcpSocket: { port: 80 } };
  const pod = desiredPod({ spec: { containers: [{ name: 'web', image: WEB_IMAGE, readinessProbe }] } });
  const world = await startedWorld(t, pod);
  await world.look(KEY);
  t.equal(world.sink.events.filter((e) => e.reason === 'Unsupported').length, 1);
  t.equal(world.containerStatus().ready, true);
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
  await world.look(KEY);
  await world.advance(3_600_000);
  t.equal(world.sink.reports, reports);
  t.equal(world.records.writes, writes);
  t.equal(writes, 1, 'one write for a pod that started');
});
