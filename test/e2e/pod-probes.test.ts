// Probes, hooks, sidecars, last words and confinement of pods on real podman, all in one cluster.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { core, Pod } from '../../src/api/objects.ts';
import { demoImage, ensureDemoImage } from '../../src/bin/demo/demo-image.ts';
import { eventually } from '../support/eventually.ts';
import { containerIdOf, podman } from '../support/pods.ts';
import { Trial } from '../support/trial.ts';

const busy = (script: string) => ['/bin/busybox', 'sh', '-c', script];
const sleeper = 'trap "exit 0" TERM; while true; do /bin/busybox sleep 1; done';
const container = (own: Partial<core.Container> & { script?: string } = {}): core.Container => {
  const { script = sleeper, ...rest } = own;
  return { name: 'main', image: demoImage, command: busy(script), ...rest };
};
const podOf = (name: string, spec: Partial<core.PodSpec>) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: { terminationGracePeriodSeconds: 2, containers: [container()], ...spec },
});
const exec = (script: string) => ({ exec: { command: busy(script) } });

const pods = [
  podOf('probed', {
    containers: [
      container({
        script: `${sleeper}`,
        readinessProbe: { ...exec('test -e /ready'), periodSeconds: 1 },
        livenessProbe: { ...exec('test ! -e /broken'), periodSeconds: 1, failureThreshold: 1 },
      }),
    ],
  }),
  podOf('served', {
    containers: [
      container({
        script: 'mkdir -p /www; echo fine > /www/ok; exec /bin/busybox httpd -f -p 8099 -h /www',
        ports: [{ name: 'http', containerPort: 8099 }],
        startupProbe: { tcpSocket: { port: 'http' }, periodSeconds: 1 },
        readinessProbe: { httpGet: { path: '/ok', port: 'http' }, periodSeconds: 1 },
        lifecycle: { postStart: exec('echo started > /hook') },
      }),
    ],
  }),
  podOf('sidecar', {
    restartPolicy: 'Never',
    initContainers: [{ ...container({ name: 'side' }), restartPolicy: 'Always' } as core.Container],
    containers: [container({ script: 'echo bye > /dev/termination-log; exit 0' })],
  }),
  podOf('failing', {
    restartPolicy: 'Never',
    containers: [
      container({ script: 'echo on the log; exit 4', terminationMessagePolicy: 'FallbackToLogsOnError' }),
    ],
  }),
  podOf('confined', {
    hostname: 'db',
    subdomain: 'sets',
    hostAliases: [{ ip: '1.2.3.4', hostnames: ['far.lan'] }],
    shareProcessNamespace: true,
    securityContext: {
      supplementalGroups: [4321],
      sysctls: [{ name: 'net.ipv4.ip_unprivileged_port_start', value: '77' }],
    },
    containers: [
      container({
        securityContext: { runAsUser: 1000, runAsNonRoot: true, allowPrivilegeEscalation: false },
      }),
    ],
  }),
  podOf('rooted', { securityContext: { runAsNonRoot: true } }),
];

t.test('pods as their specs say', async (t) => {
  const work = await mkdtemp(join(tmpdir(), 'edge-cluster-probes-'));
  const trial = await Trial.create();
  t.teardown(async () => {
    await trial.destroy();
    await rm(work, { recursive: true, force: true });
  });
  await ensureDemoImage(work);
  await trial.start();
  const get = async (name: string): Promise<Pod> =>
    JSON.parse((await trial.edgectl('get', 'pod', name, '-o', 'json')).stdout);
  const until = async (name: string, holds: (status: core.ContainerStatus, pod: Pod) => boolean) => {
    let last: Pod | undefined;
    const seen = async () => {
      last = await get(name);
      const status = last.status?.containerStatuses?.[0];
      return status !== undefined && holds(status, last);
    };
    await eventually(seen, 30_000, 150).catch((error) => {
      throw new Error(`${name}: ${JSON.stringify(last?.status)}`, { cause: error });
    });
    return last as Pod;
  };
  const inside = async (name: string, script: string) =>
    podman('exec', containerIdOf(await get(name)), ...busy(script));
  const eventsOf = async (name: string) => (await trial.edgectl('describe', 'pod', name)).stdout;
  await trial.apply(...pods);

  await t.test('a pod is ready when its probe says so, and restarted when it is not alive', async (t) => {
    await until('probed', (status) => status.started === true && !status.ready);
    await inside('probed', 'echo > /ready');
    await until('probed', (status) => status.ready);
    await inside('probed', 'echo > /broken');
    await until('probed', (status) => status.restartCount === 1 && status.state?.running !== undefined);
    const events = await eventsOf('probed');
    t.match(events, 'Container main failed liveness probe, will be restarted');
    t.match(events, 'Liveness probe failed');
  });

  await t.test('HTTP and TCP probes reach the pod, and its postStart hook has run', async (t) => {
    await until('served', (status) => status.ready && status.started === true);
    t.equal((await inside('served', '/bin/busybox cat /hook')).trim(), 'started');
  });

  await t.test('a pod with a sidecar is done when its own container is', async (t) => {
    const pod = await until('sidecar', (_status, { status }) => status?.phase === 'Succeeded');
    t.equal(pod.status?.containerStatuses?.[0]?.state?.terminated?.message, 'bye\n');
    t.ok(pod.status?.initContainerStatuses?.[0]?.state?.terminated);
  });

  await t.test('a container that failed leaves the end of its log', async (t) => {
    const pod = await until('failing', (_status, { status }) => status?.phase === 'Failed');
    t.match(pod.status?.containerStatuses?.[0]?.state?.terminated, { exitCode: 4, message: 'on the log\n' });
  });

  await t.test('names, groups, kernel settings and processes are those of the spec', async (t) => {
    await until('confined', (status) => status.ready);
    const hosts = await inside('confined', '/bin/busybox cat /etc/hosts');
    t.match(hosts, /\tdb\.sets\.default\.svc\.cluster\.local\tdb\n/);
    t.match(hosts, '# Entries added by HostAliases.\n1.2.3.4\tfar.lan\n');
    const status = await inside('confined', '/bin/busybox cat /proc/self/status');
    t.match(status, /^Uid:\s+1000/m);
    t.match(status, /^Groups:.*\b4321\b/m);
    t.match(status, /^NoNewPrivs:\s+1/m);
    t.equal(
      (await inside('confined', '/bin/busybox cat /proc/sys/net/ipv4/ip_unprivileged_port_start')).trim(),
      '77',
    );
    t.match(
      await inside('confined', '/bin/busybox cat /proc/1/cmdline'),
      'catatonit',
      'the pause container reaps',
    );
    const id = containerIdOf(await get('confined'));
    const pid = (await podman('inspect', '--format', '{{.State.Pid}}', id)).trim();
    t.equal((await readFile(`/proc/${pid}/oom_score_adj`, 'utf8')).trim(), '1000');
  });

  await t.test('a container that may not be root and would be is refused in words', async (t) => {
    const refused = (status: core.ContainerStatus) =>
      status.state?.waiting?.reason === 'CreateContainerConfigError';
    const pod = await until('rooted', refused);
    const { message } = pod.status?.containerStatuses?.[0]?.state?.waiting ?? {};
    t.match(message, 'container has runAsNonRoot and image will run as root');
  });
});
