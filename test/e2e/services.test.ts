// Every kind of Service on two boards with real podman: from a pod, from a board, from outside, with the source
// address that the pod sees; beside foreign programs on the same ports.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import type { Event, Pod, Service } from '../../src/api/objects.ts';
import { demoImage, ensureDemoImage } from '../../src/bin/demo/demo-image.ts';
import { eventually } from '../support/eventually.ts';
import { readyPods } from '../support/pods.ts';
import { BoardCluster } from '../support/two-boards.ts';
import { externalIP, hostPort, ports, services, whoPods } from '../support/who-pods.ts';

const exec = promisify(execFile);
const udpProbe = join(import.meta.dirname, '../support/udp-probe.ts');

t.test('Services over two boards', async (t) => {
  const work = await mkdtemp(join(tmpdir(), 'edge-cluster-services-'));
  const cluster = await BoardCluster.create();
  const { master } = cluster;
  t.teardown(async () => {
    if (!t.passing()) {
      t.comment(master.program?.output.slice(-4000));
      for (const { program, board } of cluster.agents.values())
        t.comment(board.name, program.output.slice(-4000));
    }
    await cluster.destroy();
    await rm(work, { recursive: true, force: true });
  });
  await ensureDemoImage(work);
  const archive = join(work, 'demo.tar');
  await exec('podman', ['save', '--format', 'docker-archive', '-o', archive, demoImage]);
  await cluster.start(['alpha', 'beta'], [archive]);
  const alpha = cluster.agent('alpha').board;
  const beta = cluster.agent('beta').board;

  const foreign = (port: number) => {
    const script = `require('node:http').createServer((_, r) => r.end('foreign')).listen(${port}, '0.0.0.0')`;
    const program = alpha.spawn(process.execPath, ['-e', script], { stdio: 'ignore' });
    t.teardown(() => program.kill('SIGKILL'));
    return program;
  };
  foreign(80);
  const onTaken = foreign(ports.taken);
  const input = JSON.stringify({
    apiVersion: 'v1',
    kind: 'List',
    items: [whoPods(demoImage), ...services()],
  });
  const applied = await master.edgectlWithInput(input, 'apply', '-f', '-');
  t.equal(applied.code, 0, applied.stderr);
  const pods = await readyPods(master, 'app=who', 2);
  const podOn = (name: string): Pod => {
    const pod = pods.find(({ spec }) => spec.nodeName === name);
    if (!pod) throw new Error(`no pod on ${name}`);
    return pod;
  };
  const [podA, podB] = [podOn('alpha'), podOn('beta')];
  const addressOf = async (name: string) =>
    (await master.json<Service>('get', 'service', name)).spec.clusterIP ?? '';
  const containerOf = (pod: Pod) =>
    pod.status?.containerStatuses?.[0]?.containerID?.replace('podman://', '') ?? '';

  type From = (host: string, port?: number) => Promise<string>;
  const url = (host: string, port = 80) => `http://${host}:${port}/cgi-bin/who`;
  const fromPod =
    (board: typeof alpha, pod: Pod): From =>
    async (host, port) => {
      const curl = ['curl', '-sS', '--max-time', '3', url(host, port)];
      return (await board.run('nsenter', await namespaceOf(board, pod), ...curl)).stdout.trim();
    };
  const inPodA = fromPod(alpha, podA);
  const inPodB = fromPod(beta, podB);
  const onAlpha: From = async (host, port) =>
    (await alpha.run('curl', '-sS', '--max-time', '3', url(host, port))).stdout.trim();
  const outside: From = async (host, port) => (await cluster.get(url(host, port))).trim();

  /** Asks until both boards' pods have answered; resolves with what each saw, by board. */
  const bothAnswer = async (from: From, host: string, port?: number) => {
    const seen = new Map<string, string>();
    await eventually(
      async () => {
        const [board = '', source = ''] = (await from(host, port)).split(' ');
        seen.set(board, source);
        return seen.has('alpha') && seen.has('beta');
      },
      20_000,
      20,
    );
    return seen;
  };
  /** The forwarding board is whom a pod sees: its bridge where the pod is its own, else its LAN address. */
  const works = async (t: Test, what: string, from: From, by: typeof alpha, host: string, port?: number) => {
    const seen = await bothAnswer(from, host, port);
    for (const [board, bridge] of [
      [alpha, '10.40.0.1'],
      [beta, '10.40.2.1'],
    ] as const) {
      t.match(
        seen.get(board.name),
        board === by ? bridge : by.address,
        `${what}: ${board.name}'s pod sees it`,
      );
    }
  };
  /** With the board that forwards what is addressed to no board. */
  const everywhere: [From, typeof alpha, string][] = [
    [inPodA, alpha, "from alpha's pod"],
    [inPodB, beta, "from beta's pod"],
    [onAlpha, alpha, 'from alpha'],
  ];

  await t.test('a ClusterIP from pods, itself included, and boards, beside a foreign server', async (t) => {
    const ip = await addressOf('plain');
    for (const [from, by, who] of everywhere) await works(t, `ClusterIP ${who}`, from, by, ip);
    t.equal(await onAlpha(alpha.address), 'foreign');
    t.equal(await outside(alpha.address), 'foreign');
    // Whoever answers for all addresses where this machine's packets go, no pod does.
    const heard = await outside(ip).catch((error: Error) => error.message);
    t.notMatch(heard, /^(alpha|beta) /, 'no pod answers from outside');
  });

  await t.test('a NodePort, a load balancer and an external address from everywhere', async (t) => {
    await exec('ip', ['route', 'replace', externalIP, 'via', beta.address]);
    t.teardown(() => exec('ip', ['route', 'del', externalIP]));
    for (const [from, by, who] of [...everywhere, [outside, beta, 'from outside'] as const]) {
      await works(t, `NodePort ${who}`, from, beta, beta.address, ports.node);
      await works(t, `LoadBalancer ${who}`, from, beta, beta.address, ports.balanced);
      await works(t, `external address ${who}`, from, by, externalIP);
    }
    const { status } = await master.json<Service>('get', 'service', 'balanced');
    t.same(
      status?.loadBalancer?.ingress?.map(({ ip }) => ip),
      [alpha.address, beta.address].sort(),
    );
  });

  await t.test('policy Local stays on the board, and its health check says so', async (t) => {
    const boards = async (from: From, host: string, port?: number) => {
      const answers = [];
      for (let i = 0; i < 4; i++) answers.push((await from(host, port)).split(' ')[0]);
      return [...new Set(answers)];
    };
    for (const board of [alpha, beta]) {
      t.same(await boards(outside, board.address, ports.local), [board.name]);
    }
    await works(t, 'policy Local, from a pod', inPodA, alpha, alpha.address, ports.local);
    t.same(await boards(inPodA, await addressOf('near')), ['alpha'], 'internal policy');
    t.match(JSON.parse(await cluster.get(`http://${alpha.address}:${ports.health}/`)), {
      service: { namespace: 'default', name: 'local' },
      localEndpoints: 1,
    });
    const sticky = await addressOf('sticky');
    t.equal((await boards(inPodB, sticky)).length, 1, 'session affinity');
  });

  await t.test('a Service without a selector leads where its Endpoints say', async (t) => {
    const metadata = { name: 'bare' };
    const subsets = [{ addresses: [{ ip: podB.status?.podIP }], ports: [{ port: 8080 }] }];
    const items = [
      { apiVersion: 'v1', kind: 'Service', metadata, spec: { ports: [{ port: 80, targetPort: 8080 }] } },
      { apiVersion: 'v1', kind: 'Endpoints', metadata, subsets },
    ];
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
    t.equal((await master.edgectlWithInput(list, 'apply', '-f', '-')).code, 0);
    const ip = await addressOf('bare');
    t.match(await eventually(() => inPodA(ip), 10_000, 100), /^beta /);
  });

  await t.test('UDP: answers come from the address that was asked', async (t) => {
    for (const [board, pod] of [
      [alpha, podA],
      [beta, podB],
    ] as const) {
      const net = await namespaceOf(board, pod);
      const program = board.spawn('nsenter', [net, process.execPath, udpProbe, 'listen', '5353', board.name]);
      t.teardown(() => program.kill('SIGKILL'));
      await new Promise((resolve) => program.stdout?.once('data', resolve));
    }
    const ask = [process.execPath, udpProbe, 'ask'];
    const net = await namespaceOf(alpha, podA);
    const ip = await addressOf('datagrams');
    const inPod = (host: string, port: number) =>
      alpha.run('nsenter', net, ...ask, host, String(port)).then(({ stdout }) => stdout);
    t.match(await inPod(ip, 53), /^(alpha|beta) 10\./);
    t.match(await inPod(alpha.address, ports.udp), /^(alpha|beta) 10\./, 'from the other side of the board');
    t.match((await alpha.run(ask[0] ?? '', ...ask.slice(1), ip, '53')).stdout, /^(alpha|beta) 10\./);
    const answer = await exec(ask[0] ?? '', [...ask.slice(1), beta.address, String(ports.udp)]);
    t.match(answer.stdout, /^(alpha|beta) 10\./, 'from outside');
  });

  await t.test('a host port reaches the pod of that board only', async (t) => {
    for (const board of [alpha, beta]) t.match(await outside(board.address, hostPort), board.name);
    t.match(await inPodA(beta.address, hostPort), 'beta');
  });

  await t.test(
    'a NodePort that another program has is told, works elsewhere, and here when free',
    async (t) => {
      await bothAnswer(outside, beta.address, ports.taken);
      t.equal(await outside(alpha.address, ports.taken), 'foreign');
      const events = await eventually(async () => {
        const { items } = await master.json<{ items: Event[] }>('get', 'events');
        const found = items.filter(({ reason }) => reason === 'PortInUse');
        if (found.length === 0) throw new Error('no event');
        return found;
      });
      t.match(events[0], {
        involvedObject: { kind: 'Service', name: 'taken' },
        type: 'Warning',
        message: /30082\/TCP of this board is in use/,
        source: { component: 'kube-proxy', host: 'alpha' },
      });
      onTaken.kill('SIGKILL');
      await eventually(() => bothAnswer(outside, alpha.address, ports.taken), 25_000, 500);
    },
  );

  async function namespaceOf(board: typeof alpha, pod: Pod): Promise<string> {
    const { stdout } = await board.run('podman', 'inspect', '-f', '{{.State.Pid}}', containerOf(pod));
    return `--net=/proc/${stdout.trim()}/ns/net`;
  }
});
