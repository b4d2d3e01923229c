// The real kubectl on the same cluster, from a copy of the kubeconfig.
import { spawn } from 'node:child_process';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { ensureDemoImage } from '../../src/bin/demo/demo-image.ts';
import { eventually } from '../support/eventually.ts';
import { kubectlPath } from '../support/kubectl.ts';
import { readyPods } from '../support/pods.ts';
import { command, Program, Trial } from '../support/trial.ts';

const web = join(import.meta.dirname, '../../src/bin/demo/web.yaml');

t.test('kubectl', async (t) => {
  const program = await kubectlPath();
  const home = await mkdtemp(join(tmpdir(), 'edge-cluster-kubectl-'));
  const trial = await Trial.create();
  t.teardown(async () => {
    await trial.destroy();
    await rm(home, { recursive: true, force: true });
  });
  await ensureDemoImage(home);
  await trial.start();
  const config = join(home, 'copy.kubeconfig');
  await copyFile(trial.kubeconfig, config);
  const kubectl = (...args: string[]) => command(program, args, { env: { HOME: home, KUBECONFIG: config } });
  const must = async (...args: string[]) => {
    const result = await kubectl(...args);
    if (result.code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${result.stderr}`);
    return result.stdout;
  };

  await t.test('applies a folder of manifests twice: created, then unchanged', async (t) => {
    t.match(await must('apply', '-f', web), /replicationcontroller\/web created\nservice\/web created/);
    t.match(await must('apply', '-f', web), /replicationcontroller\/web unchanged\nservice\/web unchanged/);
  });

  await t.test('gets tables with the columns that Kubernetes prints', async (t) => {
    await readyPods(trial, 'app=web', 2);
    t.match(
      await must('get', 'pods'),
      /^NAME +READY +STATUS +RESTARTS +AGE\nweb-\w+ +1\/1 +Running +0 +\d+s\n/,
    );
    t.match(
      await must('get', 'nodes', '-o', 'wide'),
      /STATUS +ROLES +AGE +VERSION +INTERNAL-IP.*\n\S+ +Ready .*podman:\/\//,
    );
    t.match(await must('get', 'all'), /service\/web +NodePort +10\.48\.\d+\.\d+ +<none> +80:30080\/TCP/);
  });

  await t.test('describes nodes, pods, Services and controllers', async (t) => {
    t.match(await must('describe', 'node'), /Capacity:\n +cpu:/);
    const leased = /Lease:\n +HolderIdentity: +\S+\n(.*\n)? +RenewTime: +\w/;
    await eventually(async () => leased.test(await must('describe', 'node')), 30_000);
    t.match(await must('get', 'componentstatuses'), /^scheduler +Healthy +ok/m);
    t.match(await must('describe', 'pod', '-l', 'app=web'), /Events:\n(.*\n)+.*Started/);
    t.match(await must('describe', 'service', 'web'), /NodePort: +<unset> +30080\/TCP/);
    t.match(await must('describe', 'rc', 'web'), /Replicas: +2 current \/ 2 desired/);
  });

  await t.test('looks at a board through the API server', async (t) => {
    const node = (await must('get', 'nodes', '-o', 'jsonpath={.items[0].metadata.name}')).trim();
    const ask = async (path: string) =>
      JSON.parse(await must('get', '--raw', `/api/v1/nodes/${node}/proxy${path}`));
    const { node: board, pods } = await ask('/stats/summary');
    t.ok(
      board.memory.workingSetBytes > 0 && board.fs.capacityBytes > 0 && board.network.interfaces.length > 0,
    );
    const web = pods.find(({ podRef }: { podRef: { name: string } }) => podRef.name.startsWith('web-'));
    t.ok(web.containers[0].memory.workingSetBytes > 0 && web.network.interfaces[0].name === 'eth0');
    const { items } = await ask('/pods');
    t.ok(items.every(({ status }: { status: { phase: string } }) => status.phase === 'Running'));
    t.ok((await ask('/runningpods')).items.length >= 2);
    t.equal((await ask('/configz')).kubeletconfig.kind, 'KubeletConfiguration');
  });

  await t.test('runs a pod whose RuntimeClass names the board’s own OCI runtime, and no other', async (t) => {
    const [template] = await readyPods(trial, 'app=web', 2);
    const { image } = template?.spec.containers[0] ?? {};
    const manifests = ['crun', 'runc'].flatMap((handler) => [
      { apiVersion: 'node.k8s.io/v1', kind: 'RuntimeClass', metadata: { name: handler }, handler },
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: handler },
        spec: { runtimeClassName: handler, containers: [{ name: 'c', image, imagePullPolicy: 'Never' }] },
      },
    ]);
    const path = join(home, 'classes.json');
    await writeFile(path, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifests }));
    await must('apply', '-f', path);
    const runs = async (name: string) =>
      (await must('get', 'pod', name, '-o', 'jsonpath={.status.phase}')) === 'Running';
    const own = await eventually(
      async () => ((await runs('crun')) ? 'crun' : (await runs('runc')) && 'runc'),
      30_000,
    );
    const other = own === 'crun' ? 'runc' : 'crun';
    t.equal(await must('get', 'pod', other, '-o', 'jsonpath={.status.phase}'), 'Pending');
    const refused = new RegExp(`FailedCreatePodSandBox.*no runtime for "${other}" is configured`);
    await eventually(async () => refused.test(await must('describe', 'pod', other)), 30_000);
    await must('delete', '-f', path, '--grace-period=0', '--force');
  });

  await t.test('scales', async (t) => {
    t.match(await must('scale', 'rc', 'web', '--replicas=3'), /scaled/);
    t.equal((await readyPods(trial, 'app=web', 3)).length, 3);
  });

  await t.test('reads and follows logs', async (t) => {
    const [pod] = await readyPods(trial, 'app=web', 3);
    const name = pod?.metadata.name ?? '';
    await must('apply', '-f', await counterManifest(home));
    await eventually(async () => (await kubectl('logs', 'counter')).stdout.includes('line 1\n'), 30_000);
    const env = { HOME: home, KUBECONFIG: config };
    const followed = new Program(
      spawn(program, ['logs', '-f', 'counter'], { env, stdio: ['ignore', 'pipe', 'inherit'] }),
    );
    t.teardown(() => followed.end());
    // The last may not have come whole.
    const seen = () => followed.output.split('\n').slice(0, -1);
    await eventually(() => seen().length > 0, 20_000);
    const before = seen().length;
    await eventually(() => seen().length > before + 2, 20_000);
    const lines = seen();
    t.same(
      lines,
      lines.map((_, index) => `line ${index + 1}`),
      'every line once, in order',
    );
    t.equal((await kubectl('logs', name)).code, 0);
  });

  await t.test('deletes with and without the pods of a controller', async (t) => {
    await must('delete', 'rc', 'web', '--cascade=orphan');
    t.equal((await readyPods(trial, 'app=web', 3)).length, 3);
    await must('apply', '-f', web);
    await eventually(async () => (await readyPods(trial, 'app=web', 2, 10_000)).length === 2, 30_000);
    await must('delete', '-f', web);
    await eventually(async () => (await must('get', 'pods', '-l', 'app=web', '-o', 'name')) === '', 30_000);
    t.match((await kubectl('get', 'rc', 'web')).stderr, /replicationcontrollers "web" not found/);
  });
});

async function counterManifest(dir: string): Promise<string> {
  const script =
    'trap "exit 0" TERM; n=0; while true; do n=$((n+1)); echo "line $n"; /bin/busybox sleep 1; done';
  const container = {
    name: 'main',
    image: 'localhost/edge-cluster-demo:1',
    command: ['/bin/sh', '-c', script],
  };
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'counter' },
    spec: { containers: [container] },
  };
  const path = join(dir, 'counter.json');
  await writeFile(path, JSON.stringify(pod));
  return path;
}
