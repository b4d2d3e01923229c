// Hooks around a container's life, sidecars and the deadline of a pod.
import t from 'tap';
import type { core } from '../../../../src/api/objects.ts';
import {
  desiredPod,
  KubeletWorld,
  MemoryRecords,
  startedWorld,
  WEB_IMAGE,
  WEB_KEY,
} from '../../../support/kubelet-world.ts';

const hook = (...command: string[]): core.LifecycleHandler => ({ exec: { command } });
const deletion = { deletionTimestamp: '2026-01-01T00:00:30Z', deletionGracePeriodSeconds: 30 };

function podWith(lifecycle: core.Lifecycle, metadata = {}) {
  const containers = [
    { name: 'web', image: WEB_IMAGE, lifecycle },
    { name: 'side', image: WEB_IMAGE },
  ];
  return desiredPod({ spec: { containers }, metadata });
}

t.test('the next container waits until the postStart hook of the one before is done', async (t) => {
  const pod = podWith({ postStart: hook('sleep', '7') });
  const world = await startedWorld(t, pod);
  t.equal(world.running('side'), undefined);
  t.match(world.containerStatus('side').state, { waiting: { reason: 'ContainerCreating' } });
  world.runtime.processes.get(world.running()?.id ?? '')?.[0]?.end(0);
  await world.settle();
  t.ok(world.running());
  t.ok(world.running('side'));
});

t.test(
  'a postStart hook that a restart of the agent cut off is run again, and one that was done is not',
  async (t) => {
    const pod = podWith({ postStart: hook('sleep', '7') });
    const records = new MemoryRecords();
    const first = new KubeletWorld({ records });
    await first.start();
    await first.want(pod);
    const id = first.running()?.id ?? '';
    await first.stop();
    const { runtime, clock } = first;
    const second = new KubeletWorld({ records, runtime, clock });
    second.pods.set(WEB_KEY, pod);
    await second.start();
    t.same(
      runtime.commands.map(({ command }) => command[0]),
      ['sleep', 'sleep'],
    );
    t.equal(second.running('side'), undefined);
    runtime.processes.get(id)?.[1]?.end(0);
    await second.settle();
    t.ok(second.running('side'));
    await second.stop();
    const third = new KubeletWorld({ records, runtime, clock });
    t.teardown(() => third.stop());
    third.pods.set(WEB_KEY, pod);
    await third.start();
    t.equal(third.running()?.id, id);
    t.equal(runtime.commands.length, 2);
  },
);

t.test('a failed postStart hook is told and costs the container its life', async (t) => {
  const world = new KubeletWorld();
  t.teardown(() => world.stop());
  world.runtime.answers.set('bad', { exitCode: 3, output: 'no way\n' });
  await world.start();
  await world.want(podWith({ postStart: hook('bad') }));
  const failed = world.sink.events.find((e) => e.reason === 'FailedPostStartHook');
  t.equal(failed?.message, "PostStartHook failed: command 'bad' exited with 3: no way");
  t.ok(world.sink.events.some((e) => e.reason === 'Killing'));
  t.equal(world.containerStatus().lastState?.terminated?.exitCode, 143);
  t.ok(world.containerStatus().restartCount > 0 || world.containerStatus().state?.waiting);
});

t.test('the preStop hook runs before the stop signal', async (t) => {
  const world = await startedWorld(t, podWith({ preStop: hook('bye') }));
  const id = world.running()?.id ?? '';
  let ranWhileAlive = false;
  world.runtime.answers.set('bye', {
    exitCode: 0,
    get output() {
      ranWhileAlive = world.runtime.containers.get(id)?.state === 'running';
      return '';
    },
  });
  await world.want(podWith({ preStop: hook('bye') }, deletion));
  t.equal(ranWhileAlive, true);
  t.same(world.runtime.commands, [{ id, command: ['bye'] }]);
  t.equal(world.sink.pods.get(WEB_KEY)?.terminated, true);
});

t.test('a preStop hook that fails is told, and the container stops all the same', async (t) => {
  const world = await startedWorld(t, podWith({ preStop: hook('bye') }));
  world.runtime.answers.set('bye', { exitCode: 1, output: '' });
  await world.want(podWith({ preStop: hook('bye') }, deletion));
  t.ok(world.sink.reasons().includes('FailedPreStopHook'));
  t.equal(world.sink.pods.get(WEB_KEY)?.terminated, true);
});

t.test('a preStop hook has no more time than the grace, also when that is shortened', async (t) => {
  const lifecycle = { preStop: hook('sleep', '1000') };
  const world = await startedWorld(t, podWith(lifecycle));
  await world.want(podWith(lifecycle, deletion));
  await world.advance(5_000);
  t.ok(world.running(), 'its hook runs');
  const sooner = { deletionTimestamp: '2026-01-01T00:00:08Z', deletionGracePeriodSeconds: 30 };
  await world.want(podWith(lifecycle, sooner));
  await world.advance(3_100);
  t.equal(world.running(), undefined);
  t.equal(world.runtime.commands.length, 1, 'the hook ran once');
});

const sidecar = (name: string, own: Partial<core.Container> = {}) =>
  ({ name, image: WEB_IMAGE, restartPolicy: 'Always', ...own }) as core.Container;
const upProbe: core.Probe = { exec: { command: ['up'] }, periodSeconds: 1, failureThreshold: 100 };

t.test('sidecars start in order, each when the one before is started, and before the others', async (t) => {
  const initContainers = [sidecar('proxy', { startupProbe: upProbe }), sidecar('logs')];
  const world = new KubeletWorld();
  t.teardown(() => world.stop());
  world.runtime.answers.set('up', { exitCode: 1, output: '' });
  await world.start();
  await world.want(desiredPod({ spec: { initContainers } }));
  await world.advance(5_000);
  t.ok(world.running('proxy'));
  t.notOk(world.running('logs') ?? world.running());
  t.equal(world.status().phase, 'Pending');
  t.match(
    world.status().conditions?.find((c) => c.type === 'Initialized'),
    {
      status: 'False',
      reason: 'ContainersNotInitialized',
    },
  );
  world.runtime.answers.set('up', { exitCode: 0, output: '' });
  await world.advance(1_000);
  t.ok(world.running('logs') && world.running());
  t.match(world.containerStatus('proxy'), { ready: true, started: true });
  t.equal(world.status().phase, 'Running');
});

t.test(
  'a sidecar that ends is restarted whatever the policy, and its readiness is part of the pod',
  async (t) => {
    const spec = { initContainers: [sidecar('proxy')], restartPolicy: 'Never' };
    const world = await startedWorld(t, desiredPod({ spec }));
    await world.exit(0, 'proxy');
    t.equal(world.running('proxy')?.attempt, 1);
    await world.exit(1, 'proxy');
    t.equal(world.containerStatus('proxy').state?.waiting?.reason, 'CrashLoopBackOff');
    t.match(
      world.status().conditions?.find((c) => c.type === 'Ready'),
      { status: 'False', message: /\[proxy\]/ },
    );
    t.ok(world.running());
  },
);

t.test('a pod is done when its own containers are: its sidecars are stopped, the last first', async (t) => {
  const spec = { initContainers: [sidecar('first'), sidecar('second')], restartPolicy: 'Never' };
  const world = new KubeletWorld();
  t.teardown(() => world.stop());
  world.runtime.stubbornImages.add(WEB_IMAGE);
  await world.start();
  await world.want(desiredPod({ spec: { ...spec, terminationGracePeriodSeconds: 4 } }));
  await world.exit(0);
  t.equal(world.status().phase, 'Running', 'while its sidecars end');
  await world.advance(4_100);
  t.ok(world.running('first'));
  t.notOk(world.running('second'));
  await world.advance(4_100);
  t.equal(world.status().phase, 'Succeeded');
  t.match(world.containerStatus('first').state?.terminated, { exitCode: 137 });
});

t.test('a deleted pod stops its sidecars after its other containers', async (t) => {
  const world = await startedWorld(t, desiredPod({ spec: { initContainers: [sidecar('proxy')] } }));
  await world.want(desiredPod({ spec: { initContainers: [sidecar('proxy')] }, metadata: deletion }));
  const killed = world.sink.events.filter((e) => e.reason === 'Killing').map((e) => e.message);
  t.same(killed, ['Stopping container web', 'Stopping container proxy']);
  t.equal(world.sink.pods.get(WEB_KEY)?.terminated, true);
});

t.test('a pod that is active longer than its deadline is ended and says so', async (t) => {
  const world = await startedWorld(t, desiredPod({ spec: { activeDeadlineSeconds: 20 } }));
  await world.advance(19_000);
  t.equal(world.status().phase, 'Running');
  await world.advance(1_000);
  t.match(world.status(), {
    phase: 'Failed',
    reason: 'DeadlineExceeded',
    message: 'Pod was active on the node longer than the specified deadline',
  });
  t.equal(world.running(), undefined);
  t.ok(world.sink.reasons().includes('DeadlineExceeded'));
});

t.test('what a container said at its end is told', async (t) => {
  const world = await startedWorld(t, desiredPod({ spec: { restartPolicy: 'Never' } }));
  world.runtime.exit(world.running()?.id ?? '', 1, { message: 'no disk' });
  await world.settle();
  t.match(world.containerStatus().state?.terminated, { exitCode: 1, reason: 'Error', message: 'no disk' });
});

t.test('a pod with a kernel setting that harms others fails before anything of it is made', async (t) => {
  const securityContext = { sysctls: [{ name: 'kernel.msgmax', value: '1' }] };
  const world = await startedWorld(t, desiredPod({ spec: { securityContext } }));
  t.match(world.status(), {
    phase: 'Failed',
    reason: 'SysctlForbidden',
    message: /"kernel.msgmax" not allowlisted/,
  });
  t.equal(world.runtime.containers.size, 0);
});

t.test(
  'an ephemeral container joins a pod that runs, sees its target and is never started again',
  async (t) => {
    const world = await startedWorld(t);
    const target = world.running()?.id ?? '';
    const ephemeralContainers = [{ name: 'debug', image: WEB_IMAGE, targetContainerName: 'web' }];
    await world.want(desiredPod({ spec: { ephemeralContainers } }));
    const debug = world.running('debug');
    t.same(world.runtime.configs.get(debug?.id ?? '')?.processes, { ofContainer: target });
    t.ok(world.status().ephemeralContainerStatuses?.[0]?.state?.running);
    t.equal(world.status().conditions?.find((c) => c.type === 'Ready')?.status, 'True');
    await world.exit(0, 'debug');
    await world.advance(60_000);
    t.equal(world.running('debug'), undefined);
    t.match(world.status().ephemeralContainerStatuses?.[0]?.state?.terminated, {
      exitCode: 0,
      reason: 'Completed',
    });
    t.equal(world.running()?.id, target, 'the pod is left alone');
  },
);

t.test('an ephemeral container whose target does not run waits and says why', async (t) => {
  const ephemeralContainers = [{ name: 'debug', image: WEB_IMAGE, targetContainerName: 'nobody' }];
  const world = await startedWorld(t, desiredPod({ spec: { ephemeralContainers } }));
  t.match(world.status().ephemeralContainerStatuses?.[0]?.state?.waiting, {
    reason: 'CreateContainerConfigError',
    message: 'unable to find target container "nobody"',
  });
});
