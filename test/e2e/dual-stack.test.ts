import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { Node, Pod, Service } from '../../src/api/objects.ts';
import { demoImage } from '../../src/bin/demo/demo-image.ts';
import type { Check } from '../../src/cli/doctor.ts';
import { boardHasIpv6 } from '../../src/network/board-ipv6.ts';
import { kernelConnections } from '../../src/network/kernel-connections.ts';
import { demoArchive } from '../support/demo-archive.ts';
import { eventually } from '../support/eventually.ts';
import type { Board, Output } from '../support/lab.ts';
import { pidOf, readyPods } from '../support/pods.ts';
import { BoardCluster } from '../support/two-boards.ts';

const skip = boardHasIpv6() ? {} : { skip: 'this kernel has no IPv6' };
const NODE_PORT = 30088;
const UDP_NODE_PORT = 30089;
const LOCAL_NODE_PORT = 30090;
/** Of the LAN, beside what the cluster gives them. */
const LAN_V6 = { alpha: 'fd00:77::a', beta: 'fd00:77::b' };
/** Given to alpha while it runs, and how a URL has them. */
const LATER = { '192.0.2.17': '192.0.2.17', 'fd00:77::1a': '[fd00:77::1a]' };
const udpProbe = join(import.meta.dirname, '../support/udp-probe.ts');
const edgectl = join(import.meta.dirname, '../../src/bin/edgectl.js');

/** In the network of a pod: what the cluster's DNS says of NAME, and what each URL answers. */
const ASKER = `
  const { Resolver } = require('node:dns/promises');
  const [name, ...urls] = process.argv.slice(1);
  const resolver = new Resolver({ timeout: 2000 });
  resolver.setServers(['10.48.0.10']);
  const { get } = require('node:http');
  // What busybox says is not HTTP to the letter.
  const options = { insecureHTTPParser: true, timeout: 3000 };
  const answerOf = (url) => new Promise((resolve) => {
    const request = get(url, options, async (answer) => {
      let text = '';
      for await (const chunk of answer) text += chunk;
      resolve(text.trim());
    });
    request.on('timeout', () => request.destroy(new Error('timeout')));
    request.on('error', (error) => resolve(String(error)));
  });
  (async () => console.log(JSON.stringify({
    a: await resolver.resolve4(name).catch(String),
    aaaa: await resolver.resolve6(name).catch(String),
    answers: await Promise.all(urls.map(answerOf)),
  })))();
`;

function pod(name: string, node: string, command: string): object {
  const addresses = { name: 'IPS', valueFrom: { fieldRef: { fieldPath: 'status.podIPs' } } };
  const container = { name: 'c', image: demoImage, command: ['/bin/sh', '-c', command], env: [addresses] };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: name } },
    spec: { nodeName: node, terminationGracePeriodSeconds: 1, containers: [container] },
  };
}

const WHO = [
  'mkdir -p /www/cgi-bin',
  "echo '#!/bin/sh' > /www/cgi-bin/who",
  'echo \'echo; echo "who $REMOTE_ADDR $IPS"\' >> /www/cgi-bin/who',
  'busybox chmod 755 /www/cgi-bin/who',
  'exec httpd -f -p 8080 -h /www',
].join('\n');

const service = (name: string, spec: object): object => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { selector: { app: 'who' }, ports: [{ port: 80, targetPort: 8080 }], ...spec },
});

t.test('a cluster of two families on two boards', skip, async (t) => {
  const { cluster, work } = await BoardCluster.forTest(t, 'dual');
  const { master } = cluster;
  const archive = await demoArchive(work);
  cluster.masterFlags = [
    '--cluster-cidr=10.40.0.0/13,fd00:10:40::/48',
    '--service-cluster-ip-range=10.48.0.0/16,fd00:10:48::/112',
  ];
  await cluster.start(['alpha', 'beta'], [archive]);
  await master.apply(
    pod('who', 'beta', WHO),
    pod('caller', 'alpha', 'sleep 3600 & wait'),
    service('both', { ipFamilyPolicy: 'RequireDualStack' }),
    service('six', {
      type: 'NodePort',
      ipFamilies: ['IPv6'],
      ports: [{ port: 80, targetPort: 8080, nodePort: NODE_PORT }],
    }),
    service('datagrams', {
      type: 'NodePort',
      ipFamilyPolicy: 'RequireDualStack',
      ports: [{ port: 53, targetPort: 5353, protocol: 'UDP', nodePort: UDP_NODE_PORT }],
    }),
    service('pods', { clusterIP: 'None', ipFamilyPolicy: 'PreferDualStack' }),
  );
  const [who] = await readyPods(master, 'app=who', 1);
  const [caller] = await readyPods(master, 'app=caller', 1);
  const addressesOf = (of: Pod | undefined) => of?.status?.podIPs?.map(({ ip }) => ip) ?? [];
  const both = await master.json<Service>('get', 'service', 'both');
  const six = await master.json<Service>('get', 'service', 'six');

  const ask = async (name: string, ...hosts: string[]) => {
    const { board } = cluster.agent('alpha');
    const urls = hosts.map((host) => `http://${host}/cgi-bin/who`);
    const inPod = ['-t', await pidOf(board, caller), '-n', process.execPath, '-e', ASKER];
    const { stdout } = await board.run('nsenter', ...inPod, `${name}.default.svc.cluster.local`, ...urls);
    return JSON.parse(stdout) as { a: string[]; aaaa: string[]; answers: string[] };
  };

  await t.test('boards, pods and Services have an address of each family', async (t) => {
    const ranges = await Promise.all(
      ['alpha', 'beta'].map(async (name) => (await master.json<Node>('get', 'node', name)).spec.podCIDRs),
    );
    t.match(ranges, [
      [/^10\.4\d\./, /^fd00:10:40:[01]?::?\/64$/],
      [/^10\.4\d\./, /^fd00:10:40:[01]?::?\/64$/],
    ]);
    for (const one of [who, caller]) t.match(addressesOf(one), [/^10\.4\d\./, /^fd00:10:40:/]);
    t.match(both.spec.clusterIPs, [/^10\.48\./, /^fd00:10:48::/]);
    t.match(six.spec.clusterIPs, [/^fd00:10:48::/]);
  });

  await t.test(
    'a Service of both is found by its name, and reached by both, from a pod elsewhere',
    async (t) => {
      const [v4 = '', v6 = ''] = both.spec.clusterIPs ?? [];
      await eventually(
        async () => {
          const { a, aaaa, answers } = await ask('both', v4, `[${v6}]`);
          t.same([a, aaaa], [[v4], [v6]]);
          t.match(answers, [/^who /, /^who \S*fd00:10:40:\S*ec::1/], "by its board's address in the cluster");
        },
        10_000,
        300,
      );
    },
  );

  await t.test(
    'a pod elsewhere is reached by IPv6 and sees its client, and knows all its addresses',
    async (t) => {
      const [, own = ''] = addressesOf(who);
      const { aaaa, answers } = await ask('pods', `[${own}]:8080`);
      t.same(aaaa, [own]);
      const [, client = ''] = addressesOf(caller);
      t.match(answers[0], new RegExp(`^who \\[?${client}\\]? ${addressesOf(who).join(',')}$`));
    },
  );

  await t.test(
    'a Service of IPv6 alone is reached by its address, and from outside by a node port',
    async (t) => {
      const { a, answers } = await ask('six', `[${six.spec.clusterIP}]`);
      t.match(String(a), /ENODATA/);
      t.match(answers, [/^who /]);
      const outside = await cluster.get(
        `http://${cluster.agent('alpha').board.address}:${NODE_PORT}/cgi-bin/who`,
      );
      t.match(outside, /who /);
    },
  );

  const spawnIn = async (t: Test, board: Board, pod: Pod | undefined, ...args: string[]) => {
    const words = ['-t', await pidOf(board, pod), '-n', process.execPath, udpProbe, ...args];
    const program = board.spawn('nsenter', words);
    t.teardown(() => program.kill('SIGKILL'));
    return program;
  };

  await t.test('a UDP node port is answered by both families, from the address that was asked', async (t) => {
    const [alpha, beta] = [cluster.agent('alpha').board, cluster.agent('beta').board];
    const answering = await spawnIn(t, beta, who, 'listen', '5353', 'who', '::');
    await new Promise((resolve) => answering.stdout?.once('data', resolve));
    await alpha.run('ip', 'address', 'add', `${LAN_V6.alpha}/64`, 'dev', 'eth0', 'nodad');
    await beta.run('ip', 'address', 'add', `${LAN_V6.beta}/64`, 'dev', 'eth0', 'nodad');
    const ask = async (host: string) => {
      const { stdout } = await beta.run(process.execPath, udpProbe, 'ask', host, String(UDP_NODE_PORT));
      return stdout;
    };
    for (const host of [alpha.address, LAN_V6.alpha]) {
      const answer = await eventually(async () => {
        const heard = await ask(host);
        if (!heard.startsWith('who')) throw new Error(heard);
        return heard;
      }, 15_000);
      t.equal(answer, `who ::ffff:${alpha.address}`, `by ${host}, relayed to the first family`);
    }
  });

  await t.test('an IPv6 address of a board is told of it and of its pods', async (t) => {
    const { board } = cluster.agent('alpha');
    const told = [board.address, LAN_V6.alpha];
    await eventually(async () => {
      const { status } = await master.json<Node>('get', 'node', 'alpha');
      const internal = (status?.addresses ?? []).filter(({ type }) => type === 'InternalIP');
      return internal.map(({ address }) => address).join() === told.join();
    }, 15_000);
    await eventually(async () => {
      const { status } = await master.json<Pod>('get', 'pod', 'caller');
      return status?.hostIPs?.map(({ ip }) => ip).join() === told.join();
    }, 15_000);
    const { status } = await master.json<Pod>('get', 'pod', 'caller');
    t.equal(status?.hostIP, board.address, 'the first is of IPv4');
  });

  await t.test('a board is inside by all of its addresses, others are not', async (t) => {
    const [alpha, beta] = [cluster.agent('alpha').board, cluster.agent('beta').board];
    const ports = [{ port: 80, targetPort: 8080, nodePort: LOCAL_NODE_PORT }];
    await master.apply(service('local', { type: 'NodePort', externalTrafficPolicy: 'Local', ports }));
    const curl = async (from: Board, host: string) => {
      const { stdout } = await from.run(
        'curl',
        '-sS',
        '-m',
        '3',
        `http://${host}:${LOCAL_NODE_PORT}/cgi-bin/who`,
      );
      return stdout;
    };
    for (const host of [alpha.address, `[${LAN_V6.alpha}]`]) {
      t.match(await eventually(() => curl(alpha, host), 10_000, 100), /^who /, `by its own ${host}`);
      await t.rejects(curl(beta, host), `another board by ${host}: the pod is not here`);
    }
    for (const address of Object.keys(LATER)) await alpha.run('ip', 'address', 'add', address, 'dev', 'eth0');
    for (const host of Object.values(LATER))
      t.match(
        await eventually(() => curl(alpha, host), 15_000, 500),
        /^who /,
        `by ${host}, which it had later`,
      );
  });

  await t.test('the doctor looks at the ranges that the master told the board', async () => {
    const { board } = cluster.agent('alpha');
    const doctor = [edgectl, 'doctor', '-o', 'json', '--data-dir', join(board.dir, 'agent')];
    const ranges = 'pods 10.40.0.0/13 and fd00:10:40::/48, Services 10.48.0.0/16 and fd00:10:48::/112';
    // Kept a few seconds after it was told. Whether the machine lacks something else is no matter.
    await eventually(
      async () => {
        const { stdout } = await board.run(process.execPath, ...doctor).catch((failed: Output) => failed);
        const { checks } = JSON.parse(stdout) as { checks: Check[] };
        const told = checks.find(({ name }) => name === 'ranges');
        return told?.status === 'ok' && told.message.startsWith(ranges);
      },
      15_000,
      1_000,
    );
  });

  await t.test('the kernel forwards both families where it is told to, and counts them', async (t) => {
    cluster.agentFlags = ['--proxy-mode', 'nftables'];
    const { board, program } = cluster.agent('alpha');
    const answering = await spawnIn(t, cluster.agent('beta').board, who, 'listen', '5353', 'who', '::');
    await new Promise((resolve) => answering.stdout?.once('data', resolve));
    const datagrams = await master.json<Service>('get', 'service', 'datagrams');
    const talking = await spawnIn(t, board, caller, 'talk', datagrams.spec.clusterIPs?.[1] ?? '', '53');
    let heard = 0;
    talking.stdout?.setEncoding('utf8').on('data', (text: string) => {
      heard += text.match(/^who /gm)?.length ?? 0;
    });
    await eventually(() => heard > 2, 10_000);
    await program.end('SIGTERM');
    await (await cluster.startAgent(board)).program.waitFor('The agent is ready', 60_000);
    const heardBefore = heard;
    await eventually(() => heard > heardBefore + 2, 15_000);
    const [v4 = '', v6 = ''] = both.spec.clusterIPs ?? [];
    const rules = async (family: string) =>
      (await board.run('nft', 'list', 'table', family, 'edge_services')).stdout;
    await eventually(async () => (await rules('ip6')).includes(`${v6} . tcp . 80 : goto`), 20_000);
    t.match(await rules('ip'), `${v4} . tcp . 80 : goto`);
    const [client, clientV6] = addressesOf(caller);
    const { answers } = await ask('both', v4, `[${v6}]`);
    t.match(answers[0], new RegExp(`^who \\S*${client}\\b`), "with the client's own address");
    t.match(answers[1], new RegExp(`^who \\S*${clientV6}\\b`));
    const commands = {
      run: async (program: string, args: readonly string[]) => (await board.run(program, ...args)).stdout,
    };
    const ofBoth = (await kernelConnections(commands)).filter(({ service }) => service === 'default/both');
    const [own, ownV6] = addressesOf(who);
    t.same(
      ofBoth.map(({ endpoint, count }) => [endpoint, count]).sort(),
      [
        [`${own}:8080`, 1],
        [`[${ownV6}]:8080`, 1],
      ].sort(),
    );
  });
});
