// What people get wrong in a pod, each on real podman beside a pod that must not notice: the pod's own status says what
// is wrong, in upstream's words. All are applied at once.
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { core, Event, Pod } from '../../src/api/objects.ts';
import { demoImage, ensureDemoImage } from '../../src/bin/demo/demo-image.ts';
import { noLimits } from '../support/cgroup-limits.ts';
import { eventually } from '../support/eventually.ts';
import { patient } from '../support/patience.ts';
import { isReady, podman } from '../support/pods.ts';
import { Trial } from '../support/trial.ts';

const SLEEPER = 'trap "exit 0" TERM; while true; do /bin/busybox sleep 1; done';
/** Of a log that would fill a card: of it three files of 4 MiB may stay. */
const LOG_MB = process.env.EDGE_TEST_LONG ? 1000 : 100;
const KEPT_MIB = 3 * 4 + 1;

const container = (own: Partial<core.Container> & { script?: string } = {}): core.Container => {
  const { script = SLEEPER, ...rest } = own;
  const command = ['/bin/busybox', 'sh', '-c', script];
  return { name: 'main', image: demoImage, imagePullPolicy: 'Never', command, ...rest };
};
const podOf = (name: string, spec: Partial<core.PodSpec>) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default' },
  spec: { terminationGracePeriodSeconds: 1, containers: [container()], ...spec },
});
const withContainer = (
  name: string,
  own: Parameters<typeof container>[0],
  spec: Partial<core.PodSpec> = {},
) => podOf(name, { ...spec, containers: [container(own)] });

interface Trouble {
  title: string;
  pod: ReturnType<typeof podOf>;
  /** Of the first container; one of them, as states follow each other. */
  reasons: string[];
  /** Somewhere in the container's status or the pod's. */
  words: RegExp;
  /** An event that says it as well. */
  event?: RegExp;
  /** That the machine can bound what a container takes. */
  needsLimits?: boolean;
}

const troubles = (nodeName: string): Trouble[] => [
  {
    title: 'an image from where no registry answers',
    pod: withContainer('unreachable', { image: '127.0.0.1:9/none:1', imagePullPolicy: 'Always' }),
    reasons: ['ErrImagePull', 'ImagePullBackOff'],
    words: /connection refused/,
    event: /^Failed: Failed to pull image "127\.0\.0\.1:9\/none:1": /,
  },
  {
    title: 'a name that no image can have',
    pod: withContainer('misnamed', { image: 'Bad//Name:1' }),
    reasons: ['InvalidImageName'],
    words: /couldn't parse image name "Bad\/\/Name:1"/,
    event: /^InspectFailed: Failed to apply default image tag/,
  },
  {
    title: 'an image that is not there and may not be pulled',
    pod: withContainer('unpulled', { image: 'localhost/none:1' }),
    reasons: ['ErrImageNeverPull'],
    words: /is not present with pull policy of Never/,
  },
  {
    title: 'a program that is not in its image',
    pod: withContainer('programless', { command: ['/no/such/program'] }),
    reasons: ['StartError', 'CrashLoopBackOff'],
    words: /"exitCode":128,"reason":"StartError","message":"[^}]*\/no\/such\/program/,
  },
  {
    title: 'a program that cannot be run',
    pod: withContainer('unrunnable', { command: ['/etc'] }),
    reasons: ['StartError', 'CrashLoopBackOff'],
    // Of runc 1.1.5, and of later ones and crun.
    words: /"exitCode":128,"reason":"StartError","message":"[^}]*(permission denied|is a directory)/,
  },
  {
    title: 'a directory of the board that is not there',
    pod: withContainer(
      'pathless',
      { volumeMounts: [{ name: 'host', mountPath: '/host' }] },
      { volumes: [{ name: 'host', hostPath: { path: '/no/such/directory', type: 'Directory' } }] },
    ),
    reasons: ['ContainerCreating'],
    words: /hostPath type check failed: \/no\/such\/directory is not a directory/,
    event: /^FailedMount: MountVolume.SetUp failed for volume "host" : hostPath type check failed/,
  },
  {
    title: 'a key that its Secret does not have',
    pod: withContainer('keyless', {
      env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'login', key: 'none' } } }],
    }),
    reasons: ['CreateContainerConfigError'],
    words: /couldn't find key none in Secret default\/login/,
    event: /^Failed: Error: couldn't find key none in Secret default\/login/,
  },
  {
    title: 'a memory limit of 1 MB',
    needsLimits: true,
    pod: withContainer('tiny', { resources: { limits: { memory: '1M' } } }),
    reasons: ['StartError', 'OOMKilled', 'CrashLoopBackOff'],
    words: /StartError.*(memory limit too low|unable to set memory limit to 1000000)|OOMKilled/,
  },
  {
    title: 'a probe that hangs',
    pod: withContainer('hanging', {
      livenessProbe: {
        exec: { command: ['/bin/busybox', 'sleep', '1000'] },
        ...{ periodSeconds: 1, timeoutSeconds: 1, failureThreshold: 1 },
      },
    }),
    reasons: ['Completed', 'CrashLoopBackOff', 'Error'],
    words: /"restartCount":[1-9]/,
    event: /^Unhealthy: Liveness probe failed: command timed out: ".*" timed out after 1s/,
  },
  {
    title: 'a port of the board that another pod has',
    pod: withContainer(
      'portless',
      { ports: [{ containerPort: 80, hostPort: 18_080 }] },
      { nodeName, restartPolicy: 'Never' },
    ),
    reasons: [],
    words: /"phase":"Failed","reason":"NodePorts","message":"[^"]*didn't have free ports/,
    event: /^NodePorts: /,
  },
  {
    title: 'more of the CPU than the board has',
    pod: withContainer('greedy', { resources: { requests: { cpu: '1000' } } }, { nodeName }),
    reasons: [],
    words: /"phase":"Failed","reason":"OutOfcpu"/,
    event: /^OutOfcpu: Node didn't have enough resource: cpu, requested: 1000000/,
  },
];

t.test('trouble', async (t) => {
  const work = await mkdtemp(join(tmpdir(), 'edge-cluster-trouble-'));
  const trial = await Trial.create();
  t.teardown(async () => {
    await trial.destroy();
    await rm(work, { recursive: true, force: true });
  });
  await ensureDemoImage(work);
  await litter(work);
  await trial.start({ flags: ['--pod-manifest-path', work] });
  const get = (name: string) => trial.json<Pod>('get', 'pod', name);
  const mainOf = (pod: Pod) => pod.status?.containerStatuses?.[0];
  const [node] = (await trial.json<{ items: { metadata: { name: string } }[] }>('get', 'nodes')).items;
  const nodeName = node?.metadata.name ?? '';

  const size = { requests: { cpu: '100m', memory: '32Mi' }, limits: { cpu: '100m', memory: '32Mi' } };
  const ports = [{ containerPort: 80, hostPort: 18_080 }];
  const bystander = withContainer('bystander', { resources: size, ports });
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'login' }, stringData: { a: 'b' } };
  await trial.apply(secret, bystander);
  const before = await eventually(async () => {
    const pod = await get('bystander');
    if (!isReady(pod)) throw new Error(JSON.stringify(pod.status));
    return pod;
  }, 30_000);
  const loud = `/bin/busybox yes "${'x'.repeat(99)}" | /bin/busybox head -c ${LOG_MB}000000; exec /bin/busybox sleep 1000`;
  const deaf = withContainer('deaf', { script: 'trap "" TERM; while true; do /bin/busybox sleep 1; done' });
  const cases = troubles(nodeName);
  await trial.apply(...cases.map(({ pod }) => pod), deaf, withContainer('loud', { script: loud }));

  const limitless = await noLimits();
  for (const { title, pod, reasons, words, event, needsLimits = false } of cases) {
    await t.test(`${title} is told by the pod`, { skip: needsLimits && limitless }, async () => {
      const { name } = pod.metadata;
      await eventually(
        async () => {
          const found = await get(name);
          const { state } = mainOf(found) ?? {};
          const reason = state?.waiting?.reason ?? state?.terminated?.reason ?? '';
          const text = JSON.stringify(found.status);
          const isSo = words.test(unquoted(text)) && (reasons.length === 0 || reasons.includes(reason));
          if (!isSo) throw new Error(text);
        },
        30_000,
        200,
      );
      if (event)
        await eventually(async () => (await told(trial, name)).some((line) => event.test(line)), 5_000);
    });
  }

  await t.test('what does not hear SIGTERM is gone after its grace', async (t) => {
    const beganMs = performance.now();
    await trial.must('delete', 'pod', 'deaf');
    const tookMs = performance.now() - beganMs;
    t.ok(tookMs < patient(10_000), `${tookMs} ms`);
  });

  await t.test('a manifest folder full of garbage runs what can be run, and tells of the rest', async (t) => {
    await eventually(async () => isReady(await get(`good-${nodeName}`)), 20_000);
    const said = (await told(trial, nodeName)).join('\n');
    for (const name of await readdir(work)) {
      if (!name.startsWith('good')) t.match(said, name);
    }
  });

  await t.test('a log that would fill the card is bounded on it, and read without growth', async (t) => {
    await eventually(async () => (await logBytes(trial, 'loud')) > 0, 10_000);
    const pid = trial.program?.process.pid ?? 0;
    const lines = await eventually(async () => {
      const { stdout } = await trial.edgectl('logs', 'loud', '--tail=2');
      return stdout.trim().split('\n').length === 2 && stdout;
    }, 30_000);
    t.match(lines, /^x{99}\n/);
    await eventually(async () => (await isQuiet(trial, 'loud')) === true, 60_000, 1_000);
    t.ok((await logBytes(trial, 'loud')) <= KEPT_MIB * 1024 ** 2, 'on disk');
    const rssBefore = await rssBytes(pid);
    t.match(await trial.must('logs', 'loud'), /^x{99}$/m);
    const grownBytes = (await rssBytes(pid)) - rssBefore;
    t.ok(grownBytes < 32 * 1024 ** 2, `reading it took ${grownBytes} bytes`);
  });

  await t.test(
    'a pod that runs is resized without a restart, or told why not',
    { skip: limitless },
    async (t) => {
      const resize = (resources: object) => {
        const patch = JSON.stringify({ spec: { containers: [{ name: 'main', resources }] } });
        return trial.edgectl('patch', 'pod', 'bystander', '--subresource', 'resize', '-p', patch);
      };
      const amounts = { cpu: '200m', memory: '48Mi' };
      t.equal((await resize({ requests: amounts, limits: amounts })).code, 0);
      await eventually(
        async () => (mainOf(await get('bystander')) as Resized).resources?.limits?.memory === '48Mi',
      );
      t.same(await limitsOf(await cgroupsOf(mainOf(await get('bystander'))?.containerID)), {
        memory: 48 * 1024 ** 2,
        quotaUs: 20_000,
      });
      const far = { cpu: '200m', memory: '1000Gi' };
      await resize({ requests: far, limits: far });
      const pending = await eventually(async () =>
        (await get('bystander')).status?.conditions?.find(({ type }) => type === 'PodResizePending'),
      );
      t.match(pending, {
        reason: 'Infeasible',
        message: /^Node didn't have enough capacity: memory, requested: /,
      });
    },
  );

  await t.test('nothing of it was noticed by the pod beside them', async (t) => {
    const after = await get('bystander');
    t.ok(isReady(after));
    t.equal(mainOf(after)?.restartCount, 0);
    t.equal(mainOf(after)?.containerID, mainOf(before)?.containerID);
  });
});

type Resized = { resources?: core.ResourceRequirements };

/** Words within JSON, as people read them. */
const unquoted = (text: string) => text.replaceAll('\\"', '"');

/** `Reason: message` of all events about the object of this name. */
async function told(trial: Trial, name: string): Promise<string[]> {
  const { items } = await trial.json<{ items: Event[] }>('get', 'events', '-A');
  const about = items.filter(({ involvedObject }) => involvedObject.name === name);
  return about.map(({ reason, message }) => `${reason}: ${message}`);
}

async function litter(folder: string): Promise<void> {
  const spec = { terminationGracePeriodSeconds: 1, containers: [container()] };
  const good = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'good' }, spec };
  const files: Record<string, string | Buffer> = {
    'good.json': JSON.stringify(good),
    'binary.yaml': Buffer.from([0, 255, 254, 1, 2, 3]),
    'broken.yaml': 'kind: [unclosed',
    'other.yaml': 'apiVersion: v1\nkind: Secret\nmetadata: {name: x}\n',
    'wrong.json': JSON.stringify({ ...good, metadata: { name: 'Wrong_Name' } }),
  };
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
}

async function logFolder(trial: Trial, name: string): Promise<string> {
  const { metadata } = await trial.json<Pod>('get', 'pod', name);
  const root = join(trial.dataDir, 'agent');
  const all = await readdir(root, { recursive: true, withFileTypes: true });
  const found = all.find(
    (entry) => entry.isDirectory() && entry.name.includes(metadata.uid) && /log/.test(entry.parentPath),
  );
  if (!found) throw new Error(`no log of ${name} below ${root}`);
  return join(found.parentPath, found.name);
}

async function logBytes(trial: Trial, name: string): Promise<number> {
  const folder = await logFolder(trial, name);
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const sizes = files.map(
    async (file) => (await stat(join(file.parentPath, file.name)).catch(() => undefined))?.size ?? 0,
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

/** Its container has written all that it will. */
async function isQuiet(trial: Trial, name: string): Promise<boolean> {
  const script = "/bin/busybox ps | /bin/busybox grep -q '[y]es x' || echo quiet";
  return (await trial.edgectl('exec', name, '--', '/bin/busybox', 'sh', '-c', script)).stdout.includes(
    'quiet',
  );
}

async function rssBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

/** Seen from outside: in the container its group is the root on cgroup v2. */
async function cgroupsOf(containerID = ''): Promise<string> {
  const id = containerID.slice('podman://'.length);
  const pid = (await podman('inspect', '--format', '{{.State.Pid}}', id)).trim();
  return readFile(`/proc/${pid}/cgroup`, 'utf8');
}

/** What the kernel holds the container to, on either version of cgroups. */
async function limitsOf(procCgroup: string): Promise<{ memory: number; quotaUs: number }> {
  const pathOf = (controller: string) =>
    procCgroup
      .split('\n')
      .find((line) => line.split(':')[1]?.split(',').includes(controller))
      ?.split(':')[2];
  const read = async (path: string) => (await readFile(join('/sys/fs/cgroup', path), 'utf8')).trim();
  const [memory, cpu, unified] = ['memory', 'cpu', ''].map(pathOf);
  if (memory === undefined || cpu === undefined) {
    const [quota] = (await read(`${unified}/cpu.max`)).split(' ');
    return { memory: Number(await read(`${unified}/memory.max`)), quotaUs: Number(quota) };
  }
  return {
    memory: Number(await read(`memory${memory}/memory.limit_in_bytes`)),
    quotaUs: Number(await read(`cpu${cpu}/cpu.cfs_quota_us`)),
  };
}
