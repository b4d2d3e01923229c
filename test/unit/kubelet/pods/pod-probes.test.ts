// What probes do to a pod: readiness, restarts and the wait for a slow start. Commands are answered by the fake.
import t from 'tap';
import type { core } from '../../../../src/api/objects.ts';
import { desiredPod, KubeletWorld, startedWorld, WEB_IMAGE } from '../../../support/kubelet-world.ts';

const probe = (word: string, own: Partial<core.Probe> = {}): core.Probe => ({
  exec: { command: [word] },
  timeoutSeconds: 1,
  periodSeconds: 10,
  successThreshold: 1,
  failureThreshold: 3,
  ...own,
});

const good = { exitCode: 0, output: '' };
const bad = { exitCode: 1, output: 'broken\n' };

function podWith(container: Partial<core.Container>, spec: Partial<core.PodSpec> = {}) {
  return desiredPod({ spec: { containers: [{ name: 'web', image: WEB_IMAGE, ...container }], ...spec } });
}

async function worldWith(
  t: { teardown(end: () => Promise<void>): void },
  answers: Record<string, typeof good>,
  pod: ReturnType<typeof podWith>,
): Promise<KubeletWorld> {
  const world = new KubeletWorld();
  t.teardown(() => world.stop());
  for (const [words, answer] of Object.entries(answers)) world.runtime.answers.set(words, answer);
  await world.start();
  await world.want(pod);
  await world.advance(0);
  return world;
}

const condition = (world: KubeletWorld, type: string) =>
  world.status().conditions?.find((c) => c.type === type);
const unhealthy = (world: KubeletWorld) =>
  world.sink.events.filter((e) => e.reason === 'Unhealthy').map((e) => e.message);

t.test(
  'a container is ready once its readiness probe succeeds, and no longer after three failures',
  async (t) => {
    const world = await worldWith(t, { ready: bad }, podWith({ readinessProbe: probe('ready') }));
    t.match(world.containerStatus(), { ready: false, started: true });
    t.match(condition(world, 'Ready'), { status: 'False', reason: 'ContainersNotReady', message: /\[web\]/ });
    t.same(unhealthy(world), ['Readiness probe failed: broken']);
    world.runtime.answers.set('ready', good);
    await world.advance(10_000);
    t.equal(world.containerStatus().ready, true);
    t.equal(condition(world, 'Ready')?.status, 'True');
    world.runtime.answers.set('ready', bad);
    await world.advance(20_000);
    t.equal(world.containerStatus().ready, true, 'two failures are not enough');
    await world.advance(10_000);
    t.equal(world.containerStatus().ready, false);
    t.equal(world.containerStatus().restartCount, 0, 'readiness restarts nothing');
  },
);

t.test('a container that fails its liveness probe is restarted and says why', async (t) => {
  const livenessProbe = probe('live', { initialDelaySeconds: 5, periodSeconds: 2, failureThreshold: 2 });
  const world = await worldWith(t, { live: bad }, podWith({ livenessProbe }, { restartPolicy: 'OnFailure' }));
  await world.advance(4_999);
  t.same(unhealthy(world), [], 'nobody looks before the initial delay');
  await world.advance(1);
  t.same(unhealthy(world), ['Liveness probe failed: broken']);
  t.equal(world.containerStatus().restartCount, 0);
  await world.advance(2_000);
  t.equal(world.running()?.attempt, 1);
  t.match(
    world.sink.events.find((e) => e.reason === 'Killing')?.message,
    'Container web failed liveness probe, will be restarted',
  );
  t.match(world.containerStatus(), { restartCount: 1, ready: true });
});

t.test('with OnFailure a container that fails its probe runs again though it ended well', async (t) => {
  const livenessProbe = probe('live', { failureThreshold: 1 });
  const world = await worldWith(t, { live: bad }, podWith({ livenessProbe }, { restartPolicy: 'OnFailure' }));
  world.runtime.stopExitCode = 0;
  await world.advance(10_000);
  t.ok(world.containerStatus().restartCount > 0);
  t.equal(world.status().phase, 'Running');
});

t.test('with Never a failed liveness probe ends the pod', async (t) => {
  const livenessProbe = probe('live', { failureThreshold: 1 });
  const world = await worldWith(t, { live: bad }, podWith({ livenessProbe }, { restartPolicy: 'Never' }));
  t.equal(world.status().phase, 'Failed');
  t.equal(
    world.sink.events.find((e) => e.reason === 'Killing')?.message,
    'Container web failed liveness probe',
  );
});

t.test('the grace of a probe comes before that of the pod', async (t) => {
  const livenessProbe = probe('live', { failureThreshold: 1, terminationGracePeriodSeconds: 3 });
  const world = new KubeletWorld();
  t.teardown(() => world.stop());
  world.runtime.stubbornImages.add(WEB_IMAGE);
  world.runtime.answers.set('live', bad);
  await world.start();
  await world.want(podWith({ livenessProbe }, { terminationGracePeriodSeconds: 500 }));
  await world.advance(2_900);
  t.equal(world.running()?.attempt, 0);
  await world.advance(200);
  t.equal(world.running()?.attempt, 1);
});

t.test(
  'nothing else is looked at, and the container is not started, until its startup probe succeeds',
  async (t) => {
    const container = {
      startupProbe: probe('up', { failureThreshold: 30 }),
      livenessProbe: probe('live'),
      readinessProbe: probe('ready'),
    };
    const world = await worldWith(t, { up: bad, live: bad, ready: good }, podWith(container));
    await world.advance(60_000);
    t.match(world.containerStatus(), { started: false, ready: false, restartCount: 0 });
    t.same([...new Set(world.runtime.commands.map((c) => c.command[0]))], ['up']);
    world.runtime.answers.set('up', good).set('live', good);
    await world.advance(10_000);
    t.match(world.containerStatus(), { started: true, ready: true });
    const looks = world.runtime.commands.filter((c) => c.command[0] === 'up').length;
    await world.advance(60_000);
    t.equal(
      world.runtime.commands.filter((c) => c.command[0] === 'up').length,
      looks,
      'it is not asked again',
    );
  },
);

t.test('a container that never starts up is restarted', async (t) => {
  const startupProbe = probe('up', { failureThreshold: 2, periodSeconds: 1 });
  const world = await worldWith(t, { up: bad }, podWith({ startupProbe }));
  await world.advance(1_000);
  t.equal(world.running()?.attempt, 1);
  t.match(unhealthy(world)[0], 'Startup probe failed: broken');
});

t.test('a probe that hangs is killed at its timeout and counts as failed', async (t) => {
  const livenessProbe = probe('sleep', {
    exec: { command: ['sleep', '1000'] },
    timeoutSeconds: 2,
    failureThreshold: 1,
  });
  const world = await worldWith(t, {}, podWith({ livenessProbe }));
  t.equal(world.running()?.attempt, 0);
  await world.advance(2_000);
  t.same(unhealthy(world), ['Liveness probe failed: command timed out: "sleep 1000" timed out after 2s']);
  await world.advance(0);
  t.equal(world.running()?.attempt, 1);
});

t.test('a probe that cannot be carried out changes nothing', async (t) => {
  const livenessProbe = probe('/no-such-program', { failureThreshold: 1 });
  const world = await worldWith(t, {}, podWith({ livenessProbe }));
  await world.advance(30_000);
  t.equal(world.containerStatus().restartCount, 0);
  t.match(unhealthy(world)[0], /^Liveness probe errored and resulted in unknown state: exec failed/);
});

t.test('no look is taken at a container that has ended or a pod that is gone', async (t) => {
  const pod = podWith({ readinessProbe: probe('ready') }, { restartPolicy: 'Never' });
  const world = await worldWith(t, { ready: good }, pod);
  await world.exit(0);
  const { length } = world.runtime.commands;
  await world.advance(600_000);
  t.equal(world.runtime.commands.length, length);
});

t.test('a restart of the agent keeps what the probes have found', async (t) => {
  const pod = podWith({ readinessProbe: probe('ready'), startupProbe: probe('up') });
  const first = await worldWith(t, { ready: good, up: good }, pod);
  t.equal(first.containerStatus().ready, true);
  await first.stop();
  const next = new KubeletWorld({ clock: first.clock, runtime: first.runtime, records: first.records });
  t.teardown(() => next.stop());
  next.pods.set('default/web-1', pod);
  await next.start();
  t.match(next.containerStatus(), { ready: true, started: true });
  t.notOk(next.sink.events.some((e) => e.reason === 'Unhealthy'));
});

t.test('a pod is ready only when the conditions of its readiness gates are', async (t) => {
  const readinessGates = [{ conditionType: 'lan/listed' }];
  const spec = { readinessGates };
  const world = await startedWorld(t, desiredPod({ spec }));
  t.match(condition(world, 'Ready'), {
    status: 'False',
    reason: 'ReadinessGatesNotReady',
    message: 'corresponding condition of pod readiness gate "lan/listed" does not exist.',
  });
  t.equal(condition(world, 'ContainersReady')?.status, 'True');
  const of = (status: string) =>
    desiredPod({ spec, status: { conditions: [{ type: 'lan/listed', status }] } });
  await world.want(of('False'));
  t.match(
    condition(world, 'Ready')?.message,
    'the status of pod readiness gate "lan/listed" is not "True", but False',
  );
  await world.want(of('True'));
  t.equal(condition(world, 'Ready')?.status, 'True');
});
