// What the board knows of its pods after a restart of the agent or a power cut.
import t from 'tap';
import { desiredPod, KubeletWorld, startedWorld, WEB_KEY } from '../../../support/kubelet-world.ts';

t.test('a restart of the agent touches no running container and writes nothing', async (t) => {
  const first = await startedWorld(t);
  const before = JSON.stringify([...first.runtime.containers.values()]);
  await first.stop();
  const next = new KubeletWorld({ clock: first.clock, runtime: first.runtime, records: first.records });
  t.teardown(() => next.stop());
  next.pods.set(WEB_KEY, desiredPod());
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
  next.pods.set(WEB_KEY, desiredPod());
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
  next.pods.set(WEB_KEY, desiredPod());
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
  next.pods.set(WEB_KEY, pod);
  await next.start();
  t.equal(next.status().phase, 'Succeeded');
  t.equal(next.running(), undefined);
});

t.test('a pod that finished before this board knew it is not run again', async (t) => {
  const world = await startedWorld(t, desiredPod({ status: { phase: 'Succeeded' } }));
  t.equal(world.runtime.containers.size, 0);
  t.equal(world.status().phase, 'Succeeded');
});
