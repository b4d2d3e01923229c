// Which containers run again when they end, and after how long.
import t from 'tap';
import { missingProgram } from '../../../support/fake-runtime.ts';
import {
  desiredPod,
  NEW_WEB_IMAGE,
  startedWorld,
  WEB_IMAGE,
  WEB_KEY,
} from '../../../support/kubelet-world.ts';

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
    world.runtime.containersOf(WEB_KEY).map((c) => c.attempt),
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
      t.equal(world.runtime.containersOf(WEB_KEY).length, 2);
      t.same(
        world.runtime.sandboxesOf(WEB_KEY).map((s) => s.state),
        ['exited'],
      );
      t.equal(world.containerStatus('a').state?.terminated?.reason, 'Completed');
      await world.advance(3_600_000);
      t.equal(world.status().phase, phase);
      t.ok(world.runtime.containersOf(WEB_KEY).every((c) => c.state === 'exited'));
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

t.test('init containers run one after another before the others', async (t) => {
  const initContainers = [
    { name: 'first', image: WEB_IMAGE },
    { name: 'second', image: WEB_IMAGE },
  ];
  const world = await startedWorld(t, desiredPod({ spec: { initContainers } }));
  t.same(
    world.runtime.containersOf(WEB_KEY).map((c) => c.containerName),
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
