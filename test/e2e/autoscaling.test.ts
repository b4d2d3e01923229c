// Load on real podman: what boards measure is what the kernel counts, and an autoscaler acts on it.
import { readFile } from 'node:fs/promises';
import t from 'tap';
import type { PodMetrics } from '../../src/api/kinds/pod-metrics.ts';
import type { Deployment, Pod } from '../../src/api/objects.ts';
import { cpuMillis } from '../../src/api/quantity.ts';
import { demoImage, ensureDemoImage } from '../../src/bin/demo/demo-image.ts';
import { eventually } from '../support/eventually.ts';
import { podman, readyPods } from '../support/pods.ts';
import { Trial } from '../support/trial.ts';

const labels = { app: 'busy' };
const objects = {
  apiVersion: 'v1',
  kind: 'List',
  items: [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'busy' },
      spec: {
        replicas: 1,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            terminationGracePeriodSeconds: 1,
            containers: [
              {
                name: 'main',
                image: demoImage,
                command: ['/bin/sh', '-c', 'while true; do :; done'],
                resources: { requests: { cpu: '100m' }, limits: { cpu: '500m' } },
              },
            ],
          },
        },
      },
    },
    {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'busy' },
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'busy' },
        maxReplicas: 2,
        metrics: [
          {
            type: 'Resource',
            resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } },
          },
        ],
      },
    },
  ],
};

interface Ticks {
  atMs: number;
  cpuMs: number;
}

/** User and system time of a process, proc_pid_stat(5), which knows nothing of cgroups. */
async function ticksOf(pid: number): Promise<Ticks> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const [user = 0, system = 0] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
    .map(Number);
  return { atMs: Date.now(), cpuMs: (user + system) * 10 };
}

t.test('a busy container is measured as the kernel does, and is given company', async (t) => {
  const trial = await Trial.create();
  t.teardown(() => trial.destroy());
  await ensureDemoImage(trial.dataDir);
  await trial.start({ flags: ['--horizontal-pod-autoscaler-sync-period=5s'] });
  const applied = await trial.edgectlWithInput(JSON.stringify(objects), 'apply', '-f', '-');
  t.equal(applied.code, 0, applied.stderr);
  const pod = (await readyPods(trial, 'app=busy', 1))[0] as Pod;
  const id = pod.status?.containerStatuses?.[0]?.containerID?.replace('podman://', '') ?? '';
  const pid = Number(await podman('inspect', '--format', '{{.State.Pid}}', id));

  const seen: Ticks[] = [];
  const metrics = await eventually(
    async () => {
      seen.push(await ticksOf(pid));
      const { items } = await trial.json<{ items: PodMetrics[] }>('get', 'pods.metrics.k8s.io');
      const own = items.find(({ metadata }) => metadata.name === pod.metadata.name);
      if (!own) throw new Error('no figures yet');
      return own;
    },
    60_000,
    100,
  );
  const endMs = seen.at(-1)?.atMs ?? 0;
  const windowMs = Number.parseFloat(metrics.window) * 1000;
  const from = seen.find(({ atMs }) => atMs >= endMs - windowMs) ?? seen[0];
  const until = seen.at(-1);
  if (!from || !until) throw new Error('the process was never looked at');
  const kernel = ((until.cpuMs - from.cpuMs) * 1000) / (until.atMs - from.atMs);
  const reported = cpuMillis(metrics.containers[0]?.usage.cpu ?? '0');
  t.ok(
    Math.abs(reported - kernel) <= kernel / 10,
    `${reported}m reported, ${Math.round(kernel)}m by the kernel`,
  );
  t.comment(`${reported}m reported, ${Math.round(kernel)}m by the kernel, window ${metrics.window}`);

  const target = () => trial.json<Deployment>('get', 'deployment', 'busy');
  await eventually(async () => (await target()).spec.replicas === 2, 15_000, 200);
  t.match(
    await trial.must('describe', 'hpa', 'busy'),
    /SuccessfulRescale.*New size: 2; reason: cpu resource/,
  );
  t.match(await trial.must('top', 'pods', '--containers'), /^busy-\S+ +main +\d+m +\d+Mi/m);
  t.match(await trial.must('top', 'nodes'), /^\S+ +\d+m +\d+% +\d+Mi +\d+%/m);
});
