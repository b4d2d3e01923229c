import { join } from 'node:path';
import t from 'tap';
import type { Endpoints, Node } from '../../src/api/objects.ts';
import { demoArchive } from '../support/demo-archive.ts';
import { eventually } from '../support/eventually.ts';
import { containerIdOf, isReady, podsOf, readyPods } from '../support/pods.ts';
import { BoardCluster } from '../support/two-boards.ts';

const replicas = 4;
const web = join(import.meta.dirname, '../../src/bin/demo/web.yaml');
const nodePort = 30080;
const rounds = process.env.EDGE_TEST_LONG === '1' ? 20 : 1;

t.test('two boards', async (t) => {
  const { cluster, work } = await BoardCluster.forTest(t, 'boards');
  const { master } = cluster;
  const archive = await demoArchive(work);

  const nodeReady = async (name: string) => {
    const node = await master.json<Node>('get', 'node', name);
    return node.status?.conditions?.find((c) => c.type === 'Ready')?.status;
  };
  const endpointAddresses = async () => {
    const endpoints = await master.json<Endpoints>('get', 'endpoints', 'web');
    return (endpoints.subsets ?? []).flatMap((subset) => subset.addresses ?? []);
  };
  const runningOnBoth = async () => [
    ...(await cluster.running('alpha', 'web-')),
    ...(await cluster.running('beta', 'web-')),
  ];
  const allReadyOn = (board: string) =>
    eventually(
      async () => {
        const pods = (await podsOf(master, 'app=web')).filter(
          (pod) => isReady(pod) && pod.spec.nodeName === board,
        );
        if (pods.length !== replicas) throw new Error(`${pods.length} of ${replicas} ready on ${board}`);
      },
      40_000,
      200,
    );
  const spreadAgain = async () => {
    await master.must('delete', 'pods', '-l', 'app=web', '--grace-period=1');
    const pods = await readyPods(master, 'app=web', replicas);
    return new Set(pods.map((pod) => pod.spec.nodeName));
  };

  await t.test('join by token and become ready', async (t) => {
    await cluster.start(['alpha', 'beta'], [archive]);
    for (const name of ['alpha', 'beta'])
      await eventually(async () => (await nodeReady(name)) === 'True', 20_000, 200);
    t.equal((await master.must('get', 'nodes', '--no-headers')).trim().split('\n').length, 2);
  });

  await t.test('four pods of one controller spread over both', async (t) => {
    await master.must('apply', '-f', web);
    await master.must('scale', 'rc', 'web', `--replicas=${replicas}`);
    const pods = await readyPods(master, 'app=web', replicas);
    const onAlpha = pods.filter((pod) => pod.spec.nodeName === 'alpha').length;
    t.equal(onAlpha, 2);
  });

  await t.test('a NodePort on either board reaches the pods of both', async (t) => {
    for (const { board } of cluster.agents.values()) {
      const seen = new Set<string>();
      await eventually(
        async () => {
          seen.add((await cluster.get(`http://${board.address}:${nodePort}/`)).trim());
          return seen.size === replicas;
        },
        20_000,
        20,
      );
      t.equal(seen.size, replicas, `from ${board.name}`);
    }
  });

  await t.test('a pod of one board reaches a pod of the other under its own address', async (t) => {
    const pods = await readyPods(master, 'app=web', replicas);
    const from = pods.find((pod) => pod.spec.nodeName === 'alpha');
    const to = pods.find((pod) => pod.spec.nodeName === 'beta');
    const { board } = cluster.agent('alpha');
    // The listener answers each caller with its own list of connections: the caller's address is in it.
    const tell = ['/bin/busybox', 'nc', '-ll', '-p', '9999', '-e', '/bin/busybox', 'netstat', '-tn'];
    const listener = cluster.agent('beta').board.spawn('podman', ['exec', containerIdOf(to), ...tell]);
    t.teardown(() => listener.kill());
    const call = ['/bin/busybox', 'nc', '-w', '2', to?.status?.podIP ?? '', '9999'];
    const { stdout } = await eventually(
      () => board.run('podman', 'exec', containerIdOf(from), ...call),
      15_000,
      200,
    );
    t.match(stdout, `${to?.status?.podIP}:9999`);
    t.match(stdout, `${from?.status?.podIP}:`);
  });

  await t.test(
    'an agent that starts again touches no running pod and removes those deleted meanwhile',
    async (t) => {
      const { board, program } = cluster.agent('alpha');
      const containers = async () =>
        (
          await board.run('podman', 'ps', '--no-trunc', '--format', '{{.ID}} {{.Names}} {{.StartedAt}}')
        ).stdout
          .split('\n')
          .filter((line) => line.includes(' web-'))
          .sort();
      const before = await containers();
      await program.end('SIGKILL');
      await cluster.startAgent(board);
      await eventually(async () => (await nodeReady('alpha')) === 'True', 20_000, 200);
      t.same(await containers(), before);

      const gone =
        (await podsOf(master, 'app=web')).find((pod) => pod.spec.nodeName === 'alpha')?.metadata.name ?? '';
      await cluster.agent('alpha').program.end('SIGKILL');
      await master.must('delete', 'pod', gone, '--wait=false', '--grace-period=1');
      await cluster.startAgent(board);
      await eventually(async () => (await containers()).every((line) => !line.includes(gone)), 20_000, 200);
      await readyPods(master, 'app=web', replicas);
    },
  );

  interface Loss {
    title: string;
    rounds?: number;
    lose(): Promise<void>;
    restore(): Promise<void>;
  }
  const losses: Loss[] = [
    {
      title: 'its cable pulled',
      rounds: Math.max(rounds, 2),
      lose: () => cluster.agent('beta').board.unplug(),
      restore: () => cluster.agent('beta').board.plug(),
    },
    {
      title: 'its agent stopped (SIGSTOP)',
      lose: async () => void process.kill(cluster.agentPid('beta'), 'SIGSTOP'),
      restore: async () => void process.kill(cluster.agentPid('beta'), 'SIGCONT'),
    },
    {
      title: 'its agent killed (-9)',
      lose: () => cluster.agent('beta').program.end('SIGKILL'),
      restore: async () => void (await cluster.startAgent(cluster.agent('beta').board)),
    },
  ];
  for (const loss of losses) {
    for (let round = 1; round <= (loss.rounds ?? rounds); round++) {
      await t.test(`a board lost by ${loss.title}, round ${round}`, async (t) => {
        await eventually(async () => (await spreadAgain()).has('beta'), 60_000);
        const lostAt = performance.now();
        const seconds = () => ((performance.now() - lostAt) / 1000).toFixed(1);
        await loss.lose();
        await eventually(async () => (await nodeReady('beta')) !== 'True', 10_000, 100);
        t.comment(`NotReady after ${seconds()} s`);
        await eventually(
          async () => (await endpointAddresses()).every((a) => a.nodeName === 'alpha'),
          3000,
          100,
        );
        t.comment(`endpoints withdrawn after ${seconds()} s`);
        await allReadyOn('alpha');
        t.comment(`replaced after ${seconds()} s`);
        await loss.restore();
        const backAt = performance.now();
        await eventually(async () => {
          const running = await runningOnBoth();
          if (running.length !== replicas) throw new Error(`running: ${running}`);
        }, 10_000);
        t.comment(
          `one set of containers ${((performance.now() - backAt) / 1000).toFixed(1)} s after its return`,
        );
        await eventually(async () => (await nodeReady('beta')) === 'True', 20_000, 200);
      });
    }
  }
});
