// Every kind of Service on three boards with real podman: from a pod of a board with endpoints and of one without,
// from boards and from outside, with the source address that the pod sees; beside foreign programs on the same ports,
// and when a board dies.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import mqtt from 'mqtt';
import t, { type Test } from 'tap';
import type { Event, Node, Service } from '../../src/api/objects.ts';
import { eventually } from '../support/eventually.ts';
import { type Client, ServiceLab } from '../support/service-lab.ts';
import { externalIP, hostPort, ports } from '../support/who-pods.ts';

const exec = promisify(execFile);
const udpProbe = join(import.meta.dirname, '../support/udp-probe.ts');

t.test('Services over three boards', async (t) => {
  const foreign = (lab: ServiceLab, port: number) => {
    const script = `require('node:http').createServer((_, r) => r.end('foreign')).listen(${port}, '0.0.0.0')`;
    const program = lab.board('alpha').spawn(process.execPath, ['-e', script], { stdio: 'ignore' });
    t.teardown(() => program.kill('SIGKILL'));
    return program;
  };
  let freeTaken = (): boolean => false;
  const lab = await ServiceLab.start(t, async (lab) => {
    foreign(lab, 80);
    const taken = foreign(lab, ports.taken);
    freeTaken = () => taken.kill('SIGKILL');
  });
  const { cluster } = lab;
  const { master } = cluster;
  const [alpha, beta, gamma] = [lab.source('alpha'), lab.source('beta'), lab.source('gamma')];
  const outside = lab.outside();
  const inPodA = lab.inPod('alpha');
  const caller = lab.inPod('gamma');
  const onAlpha = lab.onBoard('alpha');
  const onGamma = lab.onBoard('gamma');
  const inside = [inPodA, caller, onAlpha, onGamma];
  /** The boards that answer a few times over. */
  const answering = async ({ ask }: Client, host: string, port?: number, timeoutS?: number) => {
    const answers = [];
    for (let i = 0; i < 4; i++) answers.push((await ask(host, port, timeoutS)).split(' ')[0]);
    return [...new Set(answers)];
  };

  /** Until the test ends, in the board's pod. */
  const answerUdp = async (t: Test, name: string) => {
    const listen = [await lab.namespaceOf(name), process.execPath, udpProbe, 'listen', '5353', name];
    const program = lab.board(name).spawn('nsenter', listen);
    t.teardown(() => program.kill('SIGKILL'));
    await new Promise((resolve) => program.stdout?.once('data', resolve));
  };

  const overlap = '10.47.128.0/17';
  await lab.board('gamma').run('ip', 'route', 'add', overlap, 'via', cluster.lab.address);
  const networkOf = async (name: string) =>
    (await master.json<Node>('get', 'node', name)).status?.conditions?.find(
      ({ type }) => type === 'NetworkUnavailable',
    );
  const eventOf = (name: string) =>
    eventually(async () => {
      const { items } = await master.json<{ items: Event[] }>('get', 'events', '-A');
      const found = items.find(({ reason }) => reason === name);
      if (!found) throw new Error(`no event ${name}`);
      return found;
    });

  await t.test('a NodePort that another program has is told, and works on other boards', async (t) => {
    await lab.sees(t, { client: outside, way: 'NodePort', asked: beta }, beta.address, ports.taken);
    t.equal(await outside.ask(alpha.address, ports.taken), 'foreign');
    t.match(await eventOf('PortInUse'), {
      involvedObject: { kind: 'Service', name: 'taken' },
      type: 'Warning',
      message: /30082\/TCP of this board is in use/,
      source: { component: 'kube-proxy', host: 'alpha' },
    });
    freeTaken();
  });

  await t.test('a ClusterIP from pods, itself included, and boards, beside a foreign server', async (t) => {
    const ip = await lab.addressOf('plain');
    for (const client of inside) await lab.sees(t, { client, way: 'ClusterIP' }, ip);
    t.equal(await onAlpha.ask(alpha.address), 'foreign');
    t.equal(await outside.ask(alpha.address), 'foreign');
    // Whoever answers for all addresses where this machine's packets go, no pod does.
    const heard = await outside.ask(ip).catch((error: Error) => error.message);
    t.notMatch(heard, /^(alpha|beta) /, 'no pod answers from outside');
  });

  await t.test('a NodePort, a load balancer and an external address from everywhere', async (t) => {
    await exec('ip', ['route', 'replace', externalIP, 'via', gamma.address]);
    t.teardown(() => exec('ip', ['route', 'del', externalIP]));
    for (const client of [...inside, outside]) {
      for (const asked of [beta, gamma]) {
        await lab.sees(t, { client, way: 'NodePort', asked }, asked.address, ports.node);
        await lab.sees(t, { client, way: 'LoadBalancer', asked }, asked.address, ports.balanced);
      }
      await lab.sees(t, { client, way: 'external address', asked: gamma }, externalIP);
    }
    const { status } = await master.json<Service>('get', 'service', 'balanced');
    const listed = status?.loadBalancer?.ingress?.map(({ ip }) => ip);
    t.same(listed, [alpha, beta, gamma].map(({ address }) => address).sort());
  });

  await t.test('policy Local stays on the board, and its health check says so', async (t) => {
    const { status } = await master.json<Service>('get', 'service', 'local');
    t.same(status?.loadBalancer?.ingress?.map(({ ip }) => ip).sort(), [alpha.address, beta.address].sort());
    for (const { name, address } of [alpha, beta]) {
      t.same(await answering(outside, address, ports.local), [name]);
    }
    await t.rejects(outside.ask(gamma.address, ports.local), 'a board without an endpoint has no answer');
    await lab.sees(t, { client: inPodA, way: 'LoadBalancer', asked: alpha }, alpha.address, ports.local);
    const health = (address: string) => fetch(`http://${address}:${ports.health}/`);
    t.match(await (await health(alpha.address)).json(), {
      service: { namespace: 'default', name: 'local' },
      localEndpoints: 1,
    });
    t.equal((await health(gamma.address)).status, 503);
    const near = await lab.addressOf('near');
    t.same(await answering(inPodA, near), ['alpha'], 'internal policy');
    await t.rejects(caller.ask(near), 'none on its board');
  });

  await t.test('endpoints nearby are preferred: those of the board, then those of its zone', async () => {
    const ip = await lab.addressOf('nearby');
    const answersBy = (client: Client, ...boards: string[]) =>
      eventually(
        async () => {
          const found = await answering(client, ip);
          if (found.sort().join() !== boards.join()) throw new Error(`${client.name}: ${found}`);
        },
        10_000,
        100,
      );
    for (const client of [inPodA, onAlpha]) await answersBy(client, 'alpha');
    await answersBy(caller, 'alpha', 'beta');
    const zones = { alpha: 'kitchen', beta: 'shed', gamma: 'shed' };
    for (const [name, zone] of Object.entries(zones))
      await master.must('label', 'node', name, `topology.kubernetes.io/zone=${zone}`);
    await answersBy(caller, 'beta');
    await answersBy(onAlpha, 'alpha');
    const proxyName = 'service.kubernetes.io/service-proxy-name';
    const refused = async (client: Client) => (await client.ask(ip).catch(() => 'refused')) === 'refused';
    await master.must('label', 'service', 'nearby', `${proxyName}=another`);
    for (const client of [onAlpha, caller]) await eventually(() => refused(client), 10_000, 100);
    await master.must('label', 'service', 'nearby', `${proxyName}-`);
    await answersBy(onAlpha, 'alpha');
  });

  await t.test('session affinity keeps each client, by its address, at one pod', async (t) => {
    const sticky = await lab.addressOf('sticky');
    for (const client of inside) t.equal((await answering(client, sticky)).length, 1, client.name);
  });

  await t.test('a pod by its own address, and by a host port of its board', async (t) => {
    for (const name of ['alpha', 'beta'] as const) {
      const { podIP = '' } = lab.pod(name).status ?? {};
      for (const client of inside) await lab.seesOne(t, { client, way: "a pod's address" }, podIP, 8080);
      const asked = lab.source(name);
      for (const client of [outside, inPodA, onGamma]) {
        t.equal((await answering(client, asked.address, hostPort)).join(), name);
        await lab.seesOne(t, { client, way: 'hostPort', asked }, asked.address, hostPort);
      }
    }
  });

  await t.test('a Service without a selector leads where its Endpoints say', async (t) => {
    const metadata = { name: 'bare' };
    const subsets = [{ addresses: [{ ip: lab.pod('beta').status?.podIP }], ports: [{ port: 8080 }] }];
    const spec = { ports: [{ port: 80, targetPort: 8080 }] };
    await lab.cluster.master.apply(
      { apiVersion: 'v1', kind: 'Service', metadata, spec },
      { apiVersion: 'v1', kind: 'Endpoints', metadata, subsets },
    );
    const ip = await lab.addressOf('bare');
    t.match(await eventually(() => inPodA.ask(ip), 10_000, 100), /^beta /);
  });

  await t.test(
    'a Service of 1,000 endpoints reaches boards in slices of 100, and others answer meanwhile',
    async (t) => {
      const slices = new Map<string, { endpoints: number; bytes: number }>();
      const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${master.inspectPort}`);
      t.teardown(() => client.endAsync(true));
      client.on('message', (topic, payload) => {
        const { endpoints = [] } = payload.length > 0 ? JSON.parse(payload.toString()) : {};
        slices.set(topic, { endpoints: endpoints.length, bytes: payload.length });
      });
      await client.subscribeAsync('edge/v1/services/default/crowd/+');
      const metadata = { name: 'crowd' };
      const ports = [{ port: 80 }];
      const addresses = Array.from({ length: 1000 }, (_, i) => ({ ip: `10.47.${i >> 8}.${i & 255}` }));
      const startMs = performance.now();
      await lab.cluster.master.apply(
        { apiVersion: 'v1', kind: 'Service', metadata, spec: { clusterIP: 'None', ports } },
        { apiVersion: 'v1', kind: 'Endpoints', metadata, subsets: [{ addresses, ports }] },
      );
      const counts = () => [...slices.values()].map(({ endpoints }) => endpoints);
      await eventually(() => counts().reduce((sum, count) => sum + count, 0) === 1000, 20_000, 10);
      t.comment(`all on MQTT ${Math.round(performance.now() - startMs)} ms after edgectl apply began`);
      t.same(counts(), Array(10).fill(100));
      const largest = Math.max(...[...slices.values()].map(({ bytes }) => bytes));
      t.ok(largest < 32_768, `${largest} bytes at most`);
      const plainStartMs = performance.now();
      t.match(await inPodA.ask(await lab.addressOf('plain')), /^(alpha|beta) /);
      t.ok(performance.now() - plainStartMs < 3000);
      const script = `require('node:dns').setServers(['10.48.0.10']);
      require('node:dns').resolve4('crowd.default.svc.cluster.local', (e, all) => console.log(all?.length))`;
      const net = await lab.namespaceOf('alpha');
      const found = async () =>
        (await lab.board('alpha').run('nsenter', net, process.execPath, '-e', script)).stdout.trim();
      await eventually(async () => (await found()) === '1000', 10_000, 200);
      await master.must('delete', 'service', 'crowd');
    },
  );

  await t.test('UDP: answers come from the address that was asked', async (t) => {
    for (const name of ['alpha', 'beta']) await answerUdp(t, name);
    const ask = (host: string, port: number) => [process.execPath, udpProbe, 'ask', host, String(port)];
    const ip = await lab.addressOf('datagrams');
    for (const name of ['alpha', 'gamma']) {
      const net = await lab.namespaceOf(name);
      const inPod = async (host: string, port: number) =>
        (await lab.board(name).run('nsenter', net, ...ask(host, port))).stdout;
      t.match(await inPod(ip, 53), /^(alpha|beta) 10\./, `from ${name}'s pod`);
      t.match(await inPod(alpha.address, ports.udp), /^(alpha|beta) 10\./, `${name}'s pod by a board`);
      const [node = '', ...args] = ask(ip, 53);
      t.match((await lab.board(name).run(node, ...args)).stdout, /^(alpha|beta) 10\./, `from ${name}`);
    }
    const [node = '', ...args] = ask(gamma.address, ports.udp);
    t.match((await exec(node, args)).stdout, /^(alpha|beta) 10\./, 'from outside');
  });

  await t.test('a UDP client that talks on finds its Service when its agent is started again', async (t) => {
    for (const name of ['alpha', 'beta']) await answerUdp(t, name);
    const net = await lab.namespaceOf('gamma');
    const talk = [net, process.execPath, udpProbe, 'talk', await lab.addressOf('datagrams'), '53'];
    const talking = lab.board('gamma').spawn('nsenter', talk);
    t.teardown(() => talking.kill('SIGKILL'));
    let answers = 0;
    talking.stdout?.setEncoding('utf8').on('data', (text: string) => {
      answers += text.match(/^(alpha|beta) /gm)?.length ?? 0;
    });
    const isAnswered = () => {
      const before = answers;
      return eventually(() => answers >= before + 5, 15_000);
    };
    const udpPorts = async () => {
      const { stdout } = await lab.board('gamma').run('nft', 'list', 'map', 'ip', 'edge_cluster', 'services');
      return stdout.match(/[\d.]+ \. udp \. 53 : [\d.]+ \. \d+/g)?.sort();
    };
    await isAnswered();
    const before = await udpPorts();
    t.equal(before?.length, 2, 'of the Service and of the DNS server');
    await cluster.agent('gamma').program.end('SIGTERM');
    const { program } = await cluster.startAgent(lab.board('gamma'));
    await program.waitFor('The agent is ready', 60_000);
    await isAnswered();
    await eventually(async () => (await udpPorts())?.join() === before?.join());
  });

  await t.test('a NodePort works where another program had it, once that is gone', async (t) => {
    await eventually(async () => (await outside.ask(alpha.address, ports.taken)) !== 'foreign', 25_000, 500);
    await lab.sees(t, { client: outside, way: 'NodePort', asked: alpha }, alpha.address, ports.taken);
  });

  await t.test('a board whose own network overlaps the cluster says so, until it does not', async (t) => {
    await eventually(async () => (await networkOf('gamma'))?.status === 'True', 15_000, 200);
    t.match(await networkOf('gamma'), { reason: 'RangeOverlap', message: /10\.47\.128\.0\/17: give / });
    t.match(await networkOf('alpha'), { status: 'False' });
    t.match(await eventOf('RangeOverlap'), {
      type: 'Warning',
      involvedObject: { kind: 'Node', name: 'gamma' },
    });
    const { spec } = await master.json<Node>('get', 'node', 'gamma');
    t.match(spec.taints, [{ key: 'node.kubernetes.io/network-unavailable', effect: 'NoSchedule' }]);
    await lab.board('gamma').run('ip', 'route', 'del', overlap);
    await eventually(async () => (await networkOf('gamma'))?.status === 'False', 15_000, 200);
  });

  await t.test('docs/services.md promises no source address that was not seen here', async (t) => {
    t.same(lab.table.unused, []);
  });

  await t.test(
    'the same forwarded by the kernel, which keeps the address of who comes from elsewhere',
    async (t) => {
      await lab.forwardBy('nftables');
      await exec('ip', ['route', 'replace', externalIP, 'via', gamma.address]);
      t.teardown(() => exec('ip', ['route', 'del', externalIP]));
      const plain = await lab.addressOf('plain');
      const local = await lab.addressOf('near');
      // Pods that are endpoints themselves are served in user space.
      t.same(await lab.sourcesSeen(inPodA, plain), { alpha: alpha.gateway, beta: alpha.address });
      t.same(await lab.sourcesSeen(onAlpha, plain), { alpha: alpha.gateway, beta: alpha.address });
      t.same(await lab.sourcesSeen(onAlpha, externalIP), { alpha: alpha.address, beta: alpha.address });
      for (const host of [plain, externalIP]) {
        t.same(await lab.sourcesSeen(caller, host), { alpha: caller.podIP, beta: caller.podIP });
        t.same(await lab.sourcesSeen(onGamma, host), { alpha: gamma.address, beta: gamma.address });
      }
      for (const port of [ports.node, ports.balanced]) {
        const own = cluster.lab.address;
        t.same(await lab.sourcesSeen(outside, beta.address, port), { alpha: beta.address, beta: own });
        t.same(await lab.sourcesSeen(outside, gamma.address, port), {
          alpha: gamma.address,
          beta: gamma.address,
        });
        t.same(await lab.sourcesSeen(caller, beta.address, port), {
          alpha: beta.address,
          beta: gamma.address,
        });
      }
      t.same(await answering(outside, beta.address, ports.local), ['beta']);
      await t.rejects(outside.ask(gamma.address, ports.local), 'a board without an endpoint has no answer');
      t.same(await answering(inPodA, local), ['alpha'], 'internal policy');
      await t.rejects(caller.ask(local), 'none on its board');
      const nearby = await lab.addressOf('nearby');
      t.same(await answering(onAlpha, nearby), ['alpha'], 'its own');
      t.same(await answering(caller, nearby), ['beta'], 'of its zone');
      for (const client of inside)
        t.equal((await answering(client, await lab.addressOf('sticky'))).length, 1);
      const atHostPort = () => outside.ask(alpha.address, hostPort);
      await eventually(async () => (await atHostPort()).includes(cluster.lab.address), 10_000);
      await lab.forwardBy('userspace');
    },
  );

  await t.test(
    'when a board dies its endpoints go within 1 s of the word of it, and no client fails',
    async (t) => {
      const word = await listen(
        `mqtt://127.0.0.1:${master.inspectPort}`,
        'beta',
        lab.pod('beta').status?.podIP ?? '',
      );
      t.teardown(word.end);
      const ip = await lab.addressOf('plain');
      const diedAtMs = performance.now();
      await lab.board('beta').unplug();
      const failures: string[] = [];
      let answered = 0;
      while (word.withdrawnAtMs === undefined && performance.now() < diedAtMs + 20_000) {
        for (const client of [onGamma, onAlpha]) {
          await client.ask(ip, 80, 10).then(
            () => answered++,
            (error: Error) => failures.push(error.message),
          );
        }
      }
      const since = (atMs = Number.NaN, fromMs = diedAtMs) => Math.round(atMs - fromMs);
      const tookMs = since(word.withdrawnAtMs, word.lostAtMs);
      t.comment(
        `last will ${since(word.willAtMs)} ms after the cable was pulled, board lost ${since(word.lostAtMs)} ms`,
      );
      t.comment(`endpoints withdrawn ${tookMs} ms after that; ${answered} requests answered meanwhile`);
      t.ok(tookMs < 1000, `${tookMs} ms`);
      t.same(failures, []);
      for (const client of [caller, inPodA, onGamma]) {
        // Who is sent to the dead first waits longer.
        t.same(await answering(client, ip, 80, 1), ['alpha'], client.name);
      }
      const sticky = await lab.addressOf('sticky');
      for (const client of inside) t.same(await answering(client, sticky), ['alpha'], 'affinity moves on');
    },
  );
});

interface Word {
  /** Monotonic times. */
  willAtMs?: number;
  lostAtMs?: number;
  withdrawnAtMs?: number;
  end(): Promise<void>;
}

/** Notes when MQTT tells of a board's last will, of its Node not being Ready, and of `ip` being no endpoint any more. */
async function listen(url: string, node: string, ip: string): Promise<Word> {
  const client = await mqtt.connectAsync(url);
  const word: Word = { end: () => client.endAsync(true) };
  const holders = new Set<string>();
  client.on('message', (topic, payload) => {
    const text = payload.toString();
    const atMs = performance.now();
    if (topic.endsWith('/state')) {
      if (JSON.parse(text).online === false) word.willAtMs ??= atMs;
    } else if (topic.includes('/nodes/')) {
      const { conditions = [] } = JSON.parse(text).status ?? {};
      if (conditions.some((c: { type: string; status: string }) => c.type === 'Ready' && c.status !== 'True'))
        word.lostAtMs ??= atMs;
    } else if (takesTraffic(text, ip)) holders.add(topic);
    else if (holders.delete(topic) && holders.size === 0) word.withdrawnAtMs ??= atMs;
  });
  await client.subscribeAsync([
    `edge/v1/nodes/${node}/state`,
    `edge/v1/objects/core/nodes/_/${node}`,
    'edge/v1/services/default/plain/+',
    'edge/v1/services/default/node/+',
  ]);
  return word;
}

/** Whether an EndpointSlice, as boards get it, sends new connections to `ip`. */
function takesTraffic(text: string, ip: string): boolean {
  const { endpoints = [] } = text ? JSON.parse(text) : {};
  return endpoints.some(
    (endpoint: { addresses: string[]; conditions?: { ready?: boolean } }) =>
      endpoint.addresses.includes(ip) && endpoint.conditions?.ready !== false,
  );
}
