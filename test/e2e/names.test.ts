// Names from inside pods, asked by real C libraries: a program with glibc and one with musl, on a board of its own;
// in the end with the master and the uplink gone. The cluster has ranges of its own choice.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { demoImage } from '../../src/bin/demo/demo-image.ts';
import { demoArchive } from '../support/demo-archive.ts';
import { eventually } from '../support/eventually.ts';
import { hostPrograms } from '../support/host-programs.ts';
import { latePod, namedWorld } from '../support/named-world.ts';
import { pidOf, readyPods } from '../support/pods.ts';
import { LIBRARIES, resolverPrograms } from '../support/resolver-programs.ts';
import { command } from '../support/trial.ts';
import { BoardCluster } from '../support/two-boards.ts';
import { UplinkDns } from '../support/uplink-dns.ts';

const PROGRAMS = '/resolvers';
const RANGES = { '--cluster-cidr': '172.20.0.0/16', '--service-cluster-ip-range': '172.21.0.0/20' };

t.test('names in pods', async (t) => {
  const work = await mkdtemp(join(tmpdir(), 'edge-cluster-names-'));
  const cluster = await BoardCluster.create();
  const { master, lab } = cluster;
  const uplink = new UplinkDns({
    'www.elsewhere.test': '203.0.113.80',
    'far.elsewhere.test': '203.0.113.81',
  });
  t.teardown(async () => {
    await cluster.destroyAfter(t);
    await uplink.stop();
    await rm(work, { recursive: true, force: true });
  });
  const archive = await demoArchive(work);
  const programs = hostPrograms({ [PROGRAMS]: await resolverPrograms() });
  cluster.masterFlags = [...Object.entries(RANGES).flat(), '--node-cidr-mask-size', '24'];
  await lab.start();
  await uplink.start(lab.address);
  await cluster.startMaster();
  const board = await lab.addBoard('alpha');
  const resolvConf = join(work, 'resolv.conf');
  await writeFile(resolvConf, `nameserver ${lab.address}\n`);
  await board.run('mount', '--bind', resolvConf, '/etc/resolv.conf');
  await cluster.joinBoard(board, [archive]);
  await master.apply(...namedWorld(demoImage, programs));
  const [client] = await readyPods(master, 'app=client', 1);
  const [first, second] = await readyPods(master, 'app=db', 2);
  const addresses = new Map([first, second].map((pod) => [pod?.metadata.name, pod?.status?.podIP ?? '']));
  const service = await master.json<{ spec: { clusterIP: string } }>('get', 'service', 'web');
  const web = service.spec.clusterIP;
  const pid = await pidOf(board, client);

  /** Lines that the program prints in the client's pod, in order; rejects with its words. */
  const ask = async (library: string, what: string, name: string, env = 'LANG=C'): Promise<string[]> => {
    const inPod = ['-t', pid, '--mount', '--net', '--uts', '--root', 'env', env, `${PROGRAMS}/${library}`];
    const { stdout } = await board.run('nsenter', ...inPod, what, name);
    return stdout.trim().split('\n').sort();
  };
  await eventually(() => ask('glibc', 'host', 'many'), 20_000, 200);

  await t.test('pods, Services, the API and the DNS have addresses of the chosen ranges', async (t) => {
    const { items } = await master.json<{ items: { spec: { podCIDR: string } }[] }>('get', 'nodes');
    t.same(
      items.map(({ spec }) => spec.podCIDR),
      ['172.20.0.0/24'],
    );
    t.match(client?.status?.podIP, /^172\.20\.0\.\d+$/);
    t.match(web, /^172\.21\.\d+\.\d+$/);
    t.match(await board.run('cat', `/proc/${pid}/root/etc/resolv.conf`), {
      stdout: /^nameserver 172\.21\.0\.10$/m,
    });
    const trusted = ['--silent', '--show-error', '--cacert', join(master.dataDir, 'pki', 'ca.crt')];
    const { stdout } = await board.run('curl', ...trusted, 'https://172.21.0.1/version');
    t.match(stdout, 'gitVersion', 'by its Service, whose address its certificate has');
  });

  for (const library of LIBRARIES) {
    await t.test(`${library} finds every kind of name`, async (t) => {
      const same = async (what: string, name: string, expected: string[]) =>
        t.same(await ask(library, what, name), [...expected].sort(), `${what} ${name}`);
      for (const name of ['web', 'web.default', 'web.default.svc', 'web.default.svc.cluster.local', 'WEB']) {
        await same('host', name, [web]);
      }
      await same('host', 'db', [...addresses.values()]);
      for (const [name, ip] of addresses) {
        await same('host', `${name}.db`, [ip]);
        await same('name', ip, [`${name}.db.default.svc.cluster.local`]);
      }
      const dashed = [...addresses.values()][0]?.replaceAll('.', '-') ?? '';
      await same('host', `${dashed}.default.pod.cluster.local`, [dashed.replaceAll('-', '.')]);
      await same('name', web, ['web.default.svc.cluster.local']);
      await same('srv', '_http._tcp.web.default.svc.cluster.local', [
        '0 100 80 web.default.svc.cluster.local',
      ]);
      const targets = [...addresses.keys()].map((name) => `0 100 5432 ${name}.db.default.svc.cluster.local`);
      await same('srv', '_sql._tcp.db.default.svc.cluster.local', targets);
      await same('cname', 'outside.default.svc.cluster.local', ['www.elsewhere.test']);
      await same('host', 'outside', ['203.0.113.80']);
      await same('host', 'www.elsewhere.test', ['203.0.113.80']);
    });

    await t.test(`${library} is told what does not exist, and it is remembered`, async (t) => {
      const name = `${library}-none.elsewhere.test`;
      for (let i = 0; i < 2; i++) await t.rejects(ask(library, 'host', name), /not known|does not resolve/);
      t.equal(uplink.questions.filter((asked) => asked === `${name} A`).length, 1);
      await t.rejects(ask(library, 'host', 'none.default.svc.cluster.local'));
      t.same(
        uplink.questions.filter((asked) => asked.includes('cluster.local')),
        [],
        'ours stay here',
      );
      await t.rejects(ask(library, 'name', '172.20.255.254'), 'an address that no pod has');
    });
  }

  await t.test('an answer that does not fit comes over TCP, or as far as it fits', async (t) => {
    t.equal((await ask('glibc', 'host', 'many')).length, 100, 'glibc asks again over TCP');
    t.equal((await ask('glibc', 'host', 'some')).length, 40);
    t.equal((await ask('glibc', 'host', 'some', 'RES_OPTIONS=edns0')).length, 40, 'EDNS has room for it');
    t.ok((await ask('musl', 'host', 'many')).length >= 8, 'musl without TCP lives with a part');
  });

  await t.test('a master with other ranges refuses what is stored, in one line', async (t) => {
    await master.program?.end();
    const program = join(import.meta.dirname, '../../src/bin/edge-master.js');
    const { code, stderr } = await command(process.execPath, [program, '--data-dir', master.dataDir]);
    t.equal(code, 1);
    t.match(stderr, /^error: .* API at 172\.21\.0\.1, .* 10\.48\.0\.1: start with the ranges of before.*\n$/);
    await cluster.startMaster();
  });

  await t.test('master and uplink gone, names go on, to a new pod too', async (t) => {
    await master.program?.end('SIGKILL');
    await uplink.stop();
    await board.unplug();
    for (const library of LIBRARIES) {
      t.same(await ask(library, 'host', 'web'), [web], library);
      t.same(await ask(library, 'host', 'www.elsewhere.test'), ['203.0.113.80'], 'as last heard');
    }
    await t.rejects(ask('musl', 'host', 'far.elsewhere.test'), 'never heard');
    const folder = join(board.dir, 'agent', 'manifests');
    await writeFile(join(folder, 'late.json'), JSON.stringify(latePod(demoImage, programs, work)));
    const told = () => readFile(join(work, 'told'), 'utf8');
    await eventually(async () => (await told()) === `${web}\n`, 20_000, 100);
  });
});
