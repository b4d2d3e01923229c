// https://kubernetes.io/docs/tasks/configure-pod-container/resize-container-resources/
import t from 'tap';
import type { core, Pod } from '../../../../src/api/objects.ts';
import type { ResizePolicy } from '../../../../src/api/pod-resize.ts';
import { RuntimeError } from '../../../../src/kubelet/runtime/runtime.ts';
import {
  desiredPod,
  KubeletWorld,
  MemoryRecords,
  startedWorld,
  WEB_IMAGE,
} from '../../../support/kubelet-world.ts';

const KEY = 'default/web-1';

interface Size {
  cpu?: string;
  memory?: string;
  policy?: ResizePolicy[];
  name?: string;
  generation?: number;
}

/** Requests and limits alike. */
function podOf({ cpu = '500m', memory = '64Mi', policy, name = 'web-1', generation = 1 }: Size = {}): Pod {
  const amounts = { cpu, memory };
  const container = {
    name: 'web',
    image: WEB_IMAGE,
    resources: { requests: amounts, limits: amounts },
    ...(policy ? { resizePolicy: policy } : {}),
  };
  return desiredPod({ name, metadata: { generation }, spec: { containers: [container as core.Container] } });
}

const limitsOf = (world: KubeletWorld) => {
  const running = world.running();
  const { cpuQuotaUs, memoryLimitBytes } = world.runtime.configs.get(running?.id ?? '')?.resources ?? {};
  return { cpuQuotaUs, memoryMiB: (memoryLimitBytes ?? 0) / 1024 ** 2 };
};
const condition = (world: KubeletWorld, type: string) =>
  world.status().conditions?.find((found) => found.type === type);

t.test('a container that runs is given other limits without a restart, and its status says so', async (t) => {
  const world = await startedWorld(t, podOf());
  const before = world.running()?.id;
  t.match(world.containerStatus(), {
    allocatedResources: { cpu: '500m', memory: '64Mi' },
    resources: { limits: { cpu: '500m', memory: '64Mi' } },
  });
  await world.want(podOf({ cpu: '1', memory: '128Mi', generation: 2 }));
  t.equal(world.running()?.id, before);
  t.same(limitsOf(world), { cpuQuotaUs: 100_000, memoryMiB: 128 });
  t.match(world.containerStatus(), {
    restartCount: 0,
    allocatedResources: { cpu: '1', memory: '128Mi' },
    resources: { limits: { cpu: '1', memory: '128Mi' } },
  });
  t.equal(condition(world, 'PodResizeInProgress'), undefined);
  const told = world.sink.events.filter(({ reason }) => reason.startsWith('Resize'));
  t.match(told, [
    { reason: 'ResizeStarted', message: /^Pod resize started: / },
    { reason: 'ResizeCompleted', message: /^Pod resize completed: .*"generation":2}$/ },
  ]);
});

t.test('a resource whose policy says RestartContainer restarts it, another does not', async (t) => {
  const policy = [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }];
  const world = await startedWorld(t, podOf({ policy }));
  const before = world.running()?.id;
  await world.want(podOf({ policy, cpu: '1' }));
  t.equal(world.running()?.id, before, 'the CPU is given as it runs');
  await world.want(podOf({ policy, cpu: '1', memory: '128Mi' }));
  t.not(world.running()?.id, before);
  t.same(limitsOf(world), { cpuQuotaUs: 100_000, memoryMiB: 128 });
  t.match(world.containerStatus(), { restartCount: 1, resources: { limits: { memory: '128Mi' } } });
  t.ok(world.sink.events.some(({ message }) => message === 'Container web resize requires restart'));
});

t.test('what no board of that size can have is infeasible, and the pod keeps what it has', async (t) => {
  const world = await startedWorld(t, podOf());
  await world.want(podOf({ cpu: '5', generation: 2 }));
  const message = "Node didn't have enough capacity: cpu, requested: 5000, capacity: 4000";
  t.match(condition(world, 'PodResizePending'), { status: 'True', reason: 'Infeasible', message });
  t.match(world.containerStatus(), {
    allocatedResources: { cpu: '500m' },
    resources: { limits: { cpu: '500m' } },
  });
  t.equal(world.sink.reasons().filter((reason) => reason === 'ResizeInfeasible').length, 1);
  await world.exit(1);
  t.same(limitsOf(world), { cpuQuotaUs: 50_000, memoryMiB: 64 }, 'also when it starts again');
  await world.want(podOf({ generation: 3 }));
  t.equal(condition(world, 'PodResizePending'), undefined);
});

t.test('a resize waits for room, and goes on when another pod has gone', async (t) => {
  const world = await startedWorld(t, podOf({ cpu: '1' }));
  await world.want(podOf({ name: 'web-2', cpu: '2' }));
  await world.want(podOf({ cpu: '3' }));
  const message = "Node didn't have enough resource: cpu, requested: 3000, used: 2000, capacity: 4000";
  t.match(condition(world, 'PodResizePending'), { reason: 'Deferred', message });
  await world.unwant('default/web-2');
  t.equal(condition(world, 'PodResizePending'), undefined);
  t.match(world.containerStatus(), { restartCount: 0, resources: { limits: { cpu: '3' } } });
});

t.test('what a pod waits for is not counted against others, what it was granted is', async (t) => {
  const world = await startedWorld(t, podOf({ cpu: '1' }));
  await world.want(podOf({ cpu: '5' }));
  await world.want(podOf({ name: 'web-2', cpu: '3' }));
  t.equal(world.status('default/web-2').phase, 'Running');
  await world.want(podOf({ name: 'web-3', cpu: '1' }));
  t.match(world.status('default/web-3'), {
    phase: 'Failed',
    reason: 'OutOfcpu',
    message:
      "Pod was rejected: Node didn't have enough resource: cpu, requested: 1000, used: 4000, capacity: 4000",
  });
});

t.test('an engine that cannot do it is asked again, and the status says why', async (t) => {
  const world = await startedWorld(t, podOf());
  world.runtime.fail('updateResources', new RuntimeError('ResizeContainerError', 'it uses more'));
  await world.want(podOf({ memory: '32Mi' }));
  t.match(condition(world, 'PodResizeInProgress'), { reason: 'Error', message: 'it uses more' });
  t.match(world.containerStatus(), {
    allocatedResources: { memory: '32Mi' },
    resources: { limits: { memory: '64Mi' } },
  });
  await world.advance(10_000);
  t.equal(condition(world, 'PodResizeInProgress'), undefined);
  t.match(world.containerStatus(), { resources: { limits: { memory: '32Mi' } } });
});

t.test('a restart of the agent resizes nothing, and finds what came meanwhile', async (t) => {
  const records = new MemoryRecords();
  const first = new KubeletWorld({ records });
  await first.start();
  await first.want(podOf());
  const before = first.running()?.id;
  await first.stop();
  const next = new KubeletWorld({ records, runtime: first.runtime, clock: first.clock });
  t.teardown(() => next.stop());
  next.pods.set(KEY, podOf({ memory: '96Mi' }));
  await next.start();
  t.equal(next.running()?.id, before);
  t.same(limitsOf(next), { cpuQuotaUs: 50_000, memoryMiB: 96 });
  t.equal(next.sink.reasons().filter((reason) => reason === 'ResizeStarted').length, 1);
});

t.test('a pod that asks for nothing keeps no word of it in its record', async (t) => {
  const world = await startedWorld(t);
  t.notMatch([...world.records.stored.values()][0], /allocated|resources/);
});
