// What the network tests of Kubernetes 1.21 to 1.36 ask of Services beyond those of 1.20, on two boards with real
// podman, in user space and by the kernel: pods that are going, pods that are not ready, traffic policies with the boards'
// own network, one port for two protocols, slices by hand, Services that come again, UDP clients that talk on.
// Source: test/e2e/network of Kubernetes, read as a specification.
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { EndpointSlice, Pod, Service } from '../../src/api/objects.ts';
import { demoImage } from '../../src/bin/demo/demo-image.ts';
import { demoArchive } from '../support/demo-archive.ts';
import { eventually } from '../support/eventually.ts';
import type { Board } from '../support/lab.ts';
import { pidOf, readyPods } from '../support/pods.ts';
import { command } from '../support/trial.ts';
import { BoardCluster } from '../support/two-boards.ts';

const udpProbe = join(import.meta.dirname, '../support/udp-probe.ts');
/** `npm run test:long` tries the kernel too, which test/integration/network-kernel*.test.ts do in parts. */
const MODES = process.env.EDGE_TEST_LONG === '1' ? ['userspace', 'nftables'] : ['userspace'];
const HEALTH_PORT = 32010;
const NODE_PORTS = { any: 30101, local: 30102, datagrams: 30103 };
const HOST_PORT = 18080;

const EITHER = /^(one|two)$/;

/** Answers with its name, and goes on when it is told to end. */
function server(name: string, node: string, more: object = {}, port = 8080, labels = { app: name }): object {
  const script = `trap '' TERM; mkdir -p /www; echo ${name} > /www/index.html; exec httpd -f -p ${port} -h /www`;
  const container = { name: 'c', image: demoImage, command: ['/bin/sh', '-c', script], ...more };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels },
    spec: {
      nodeName: node,
      hostNetwork: port === HOST_PORT,
      terminationGracePeriodSeconds: 100,
      containers: [container],
    },
  };
}

const NEVER = { readinessProbe: { exec: { command: ['/bin/false'] }, periodSeconds: 1 } };

const service = (name: string, app: string | undefined, spec: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { ...(app ? { selector: { app } } : {}), ports: [{ port: 80, targetPort: 8080 }], ...spec },
});

const PODS = [
  server('last', 'alpha'),
  server('unready', 'alpha', NEVER),
  server('host', 'alpha', {}, HOST_PORT),
  server('one', 'alpha', {}, 8080, { app: 'many' }),
  server('two', 'beta', {}, 8080, { app: 'many' }),
  server('client', 'beta'),
];

const SERVICES = [
  service('last', 'last', {
    type: 'NodePort',
    ports: [{ port: 80, targetPort: 8080, nodePort: NODE_PORTS.any }],
  }),
  service('last-inside', 'last', { internalTrafficPolicy: 'Local' }),
  service('last-outside', 'last', {
    type: 'LoadBalancer',
    externalTrafficPolicy: 'Local',
    healthCheckNodePort: HEALTH_PORT,
    ports: [{ port: 8085, targetPort: 8080, nodePort: NODE_PORTS.local }],
  }),
  service('unready', 'unready'),
  service('unready-all', 'unready', { publishNotReadyAddresses: true }),
  service('host', 'host', { internalTrafficPolicy: 'Local', ports: [{ port: 80, targetPort: HOST_PORT }] }),
  service('both', 'many', {
    ports: [
      { name: 'tcp', port: 80, targetPort: 8080 },
      { name: 'udp', port: 80, targetPort: 5353, protocol: 'UDP' },
    ],
  }),
  service('by-hand', undefined, {
    ports: [
      { name: 'a', port: 80 },
      { name: 'b', port: 81 },
    ],
  }),
  service('again', 'many'),
  service('datagrams', 'many', {
    type: 'NodePort',
    ports: [{ port: 53, protocol: 'UDP', targetPort: 5353, nodePort: NODE_PORTS.datagrams }],
  }),
];

/** Who asks: a board, or a pod on it. */
interface Client {
  board: Board;
  pid?: string;
}

async function ask({ board, pid }: Client, host: string, port = 80, path = '/'): Promise<string> {
  const curl = ['curl', '-s', '--max-time', '3', '-w', ' %{http_code}', `http://${host}:${port}${path}`];
  const enter = pid ? ['nsenter', '-t', pid, '-n', ...curl] : curl;
  const [file = '', ...args] = enter;
  try {
    return (await board.run(file, ...args)).stdout.trim().replace(/\s+200$/, '');
  } catch (error) {
    return (error as { code?: number }).code === 7 ? 'refused' : String(error);
  }
}

for (const mode of MODES) {
  t.test(`what newer network tests ask of Services, forwarded by ${mode}`, async (t) => {
    const { cluster, work } = await BoardCluster.forTest(t, 'newer');
    cluster.agentFlags = ['--proxy-mode', mode];
    const { master } = cluster;
    await cluster.start(['alpha', 'beta'], [await demoArchive(work)]);
    await master.apply(...PODS, ...SERVICES);
    const named = async (name: string) =>
      eventually(
        async () => {
          const pod = await master.json<Pod>('get', 'pod', name);
          if (!pod.status?.containerStatuses?.[0]?.state?.running) throw new Error(`${name} does not run`);
          return pod;
        },
        60_000,
        200,
      );
    await readyPods(master, 'app=many', 2);
    const [alpha, beta] = [cluster.agent('alpha').board, cluster.agent('beta').board];
    const inPod = async (board: Board, name: string): Promise<Client> => ({
      board,
      pid: await pidOf(board, await named(name)),
    });
    const onAlpha = { board: alpha };
    const onBeta = { board: beta };
    const near = await inPod(alpha, 'one');
    const far = await inPod(beta, 'client');
    const addressOf = async (name: string) =>
      (await master.json<Service>('get', 'service', name)).spec.clusterIP ?? '';
    const answers = (client: Client, expected: string | RegExp, host: string, port?: number) =>
      eventually(
        async () => {
          const answer = await ask(client, host, port);
          const isExpected = typeof expected === 'string' ? answer === expected : expected.test(answer);
          if (!isExpected) throw new Error(`${host}:${port ?? 80}: ${answer}, not ${expected}`);
        },
        10_000,
        100,
      );
    const conditionsOf = async (name: string) => {
      const list = await master.json<{ items: EndpointSlice[] }>(
        'get',
        'endpointslices',
        '-l',
        `kubernetes.io/service-name=${name}`,
      );
      return list.items.flatMap(({ endpoints }) => endpoints ?? []).map(({ conditions }) => conditions);
    };
    const goes = async (name: string) => {
      await master.must('delete', 'pod', name, '--wait=false');
      await eventually(
        async () => {
          const all = await conditionsOf(name);
          return all.length > 0 && all.every((conditions) => conditions?.terminating === true);
        },
        10_000,
        100,
      );
    };

    await t.test('a pod that is not ready has traffic where its Service says so, alone', async () => {
      await answers(far, 'unready', await addressOf('unready-all'));
      await answers(far, 'refused', await addressOf('unready'));
      await goes('unready');
      await answers(far, 'unready', await addressOf('unready-all'));
      await answers(far, 'refused', await addressOf('unready'));
    });

    await t.test(
      'a pod that is going and serves has traffic while no other is ready, by every way in',
      async (t) => {
        const [any, inside] = [await addressOf('last'), await addressOf('last-inside')];
        await answers(near, 'last', inside);
        await answers(onBeta, /"localEndpoints":\s*1/, alpha.address, HEALTH_PORT);
        await goes('last');
        t.same(await conditionsOf('last'), [{ ready: false, serving: true, terminating: true }]);
        for (const client of [near, far, onAlpha, onBeta]) await answers(client, 'last', any);
        for (const board of [alpha, beta]) await answers(far, 'last', board.address, NODE_PORTS.any);
        for (const client of [near, onAlpha]) await answers(client, 'last', inside);
        for (const client of [far, onBeta]) await answers(client, 'refused', inside);
        const outside = (host: string) =>
          command('curl', ['-s', '--max-time', '3', `http://${host}:${NODE_PORTS.local}/`]);
        t.match(await outside(alpha.address), { stdout: /^last/ });
        t.match(await outside(beta.address), { code: /7|56|52/ }, 'no endpoint of its own');
        await answers(onBeta, /"localEndpoints":\s*0[\s\S]* 503$/, alpha.address, HEALTH_PORT);
      },
    );

    await t.test(
      'internal policy Local knows pods of the board’s own network, as clients and as endpoints',
      async () => {
        const host = await addressOf('host');
        for (const client of [near, onAlpha, await inPod(alpha, 'host')]) await answers(client, 'host', host);
        for (const client of [far, onBeta]) await answers(client, 'refused', host);
      },
    );

    const datagrams = async (t: Test, board: Board, pod: string, port: number, answer: string) => {
      const { pid = '' } = await inPod(board, pod);
      const args = ['-t', pid, '-n', process.execPath, udpProbe, 'listen', String(port), answer];
      const program = board.spawn('nsenter', args);
      t.teardown(() => program.kill('SIGKILL'));
      await new Promise((resolve) => program.stdout?.once('data', resolve));
    };
    const asked = async ({ board, pid = '' }: Client, host: string, port: number) =>
      (await board.run('nsenter', '-t', pid, '-n', process.execPath, udpProbe, 'ask', host, String(port)))
        .stdout;

    await t.test('one port takes two protocols, and either can be taken away', async (t) => {
      for (const [board, pod] of [
        [alpha, 'one'],
        [beta, 'two'],
      ] as const)
        await datagrams(t, board, pod, 5353, pod);
      const both = await addressOf('both');
      await answers(far, EITHER, both);
      await eventually(async () => /^(one|two) /.test(await asked(far, both, 80)), 10_000);
      const patch = (ports: object[]) =>
        master.must('patch', 'service', 'both', '--type=merge', '-p', JSON.stringify({ spec: { ports } }));
      await patch([{ name: 'udp', port: 80, targetPort: 5353, protocol: 'UDP' }]);
      await answers(far, 'refused', both);
      t.match(await asked(far, both, 80), /^(one|two) /);
      await patch([{ name: 'tcp', port: 80, targetPort: 8080 }]);
      await eventually(async () => !/^(one|two) /.test(await asked(far, both, 80)), 10_000);
      await answers(far, EITHER, both);
    });

    await t.test('several slices that a person keeps make one Service', async (t) => {
      const [one, two] = await Promise.all([named('one'), named('two')]);
      const ips = [one, two].map(({ status }) => status?.podIP ?? '');
      const slice = (port: string) => ({
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { name: `by-hand-${port}`, labels: { 'kubernetes.io/service-name': 'by-hand' } },
        addressType: 'IPv4',
        endpoints: ips.map((ip) => ({ addresses: [ip] })),
        ports: [{ name: port, port: 8080, protocol: 'TCP' }],
      });
      await master.apply(slice('a'), slice('b'));
      const host = await addressOf('by-hand');
      for (const port of [80, 81]) {
        const seen = new Set<string>();
        await eventually(
          async () => seen.add(await ask(far, host, port)).has('one') && seen.has('two'),
          10_000,
        );
        t.same([...seen].filter((answer) => /one|two/.test(answer)).length, 2);
      }
    });

    await t.test('a Service that is made anew with its address works again', async () => {
      const clusterIP = await addressOf('again');
      await answers(far, EITHER, clusterIP);
      await master.must('delete', 'service', 'again');
      await answers(far, 'refused', clusterIP);
      await master.apply(service('again', 'many', { clusterIP }));
      await answers(far, EITHER, clusterIP);
    });

    await t.test('a UDP client that talks on follows its Service to another port of its pods', async (t) => {
      for (const [board, pod] of [
        [alpha, 'one'],
        [beta, 'two'],
      ] as const) {
        await datagrams(t, board, pod, 5353, 'old');
        await datagrams(t, board, pod, 5354, 'new');
      }
      const ways = [
        [await addressOf('datagrams'), 53],
        [alpha.address, NODE_PORTS.datagrams],
        [beta.address, NODE_PORTS.datagrams],
      ] as const;
      const heard = ways.map(([host, port]) => {
        const args = ['-t', far.pid ?? '', '-n', process.execPath, udpProbe, 'talk', host, String(port)];
        const program = beta.spawn('nsenter', args);
        t.teardown(() => program.kill('SIGKILL'));
        let last = '';
        program.stdout?.on('data', (text) => {
          last = String(text).trim().split('\n').at(-1) ?? last;
        });
        return () => last;
      });
      for (const last of heard) await eventually(() => last().startsWith('old '), 10_000);
      const ports = [{ port: 53, protocol: 'UDP', targetPort: 5354, nodePort: NODE_PORTS.datagrams }];
      await master.must(
        'patch',
        'service',
        'datagrams',
        '--type=merge',
        '-p',
        JSON.stringify({ spec: { ports } }),
      );
      for (const last of heard) await eventually(() => last().startsWith('new '), 10_000);
    });
  });
}
