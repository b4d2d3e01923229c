import { join } from 'node:path';
import t from 'tap';
import { demoImage } from '../../src/bin/demo/demo-image.ts';
import { demoArchive } from '../support/demo-archive.ts';
import type { Board } from '../support/lab.ts';
import { readyPods } from '../support/pods.ts';
import { BoardCluster } from '../support/two-boards.ts';
import { services, whoPods } from '../support/who-pods.ts';

const agentProgram = join(import.meta.dirname, '../../src/bin/edge-agent.js');

/** All that a cluster may change of a board's network, and its containers. */
async function traces(board: Board): Promise<string> {
  const commands = [
    'nft list ruleset',
    'ip -brief address',
    'ip -4 route show table all',
    'ip rule show',
    'ip -brief link',
    'sysctl net.ipv4.ip_forward net.ipv4.tcp_tw_reuse',
    'podman ps --all --external --format {{.Names}}',
    'podman network ls --format {{.Name}}',
    'ls /run/edge-cluster',
  ];
  const outputs = commands.map((line) =>
    board.run('sh', '-c', line).then(
      ({ stdout }) => stdout,
      () => 'none',
    ),
  );
  return (await Promise.all(outputs)).map((output, index) => `$ ${commands[index]}\n${output}`).join('');
}

t.test('an agent is uninstalled', async (t) => {
  const { cluster, work } = await BoardCluster.forTest(t, 'uninstall');
  const archive = await demoArchive(work);
  await cluster.lab.start();
  await cluster.startMaster();
  const board = await cluster.lab.addBoard('alpha');
  await board.run('podman', 'load', '--quiet', '--input', archive);
  const foreign = 'add table ip wall; add chain ip wall in { type nat hook prerouting priority -100; }';
  await board.run('nft', foreign);
  await board.run('ip', 'route', 'add', '10.123.0.0/16', 'via', cluster.lab.address);
  await board.run('podman', 'create', '--name', 'foreign', '--network', 'none', demoImage, 'true');
  const before = await traces(board);

  cluster.agentFlags = ['--proxy-mode', 'nftables'];
  const { master } = cluster;
  const agent = await cluster.startAgent(board, (await master.must('token', 'create')).trim());
  await agent.program.waitFor('The agent is ready', 60_000);
  await master.apply(whoPods(demoImage), ...services());
  const [pod] = await readyPods(master, 'app=who', 1);
  const uninstall = () =>
    board.run(process.execPath, agentProgram, '--uninstall', '--data-dir', join(board.dir, 'agent'));

  await t.test('not while the agent runs', async (t) => {
    const running = await cluster.running('alpha', 'who');
    await t.rejects(uninstall(), { code: 1, stderr: /^error: the agent runs on this board: stop it first/ });
    t.same(await cluster.running('alpha', 'who'), running);
    t.match(await traces(board), 'edge_services');
  });

  await t.test('all that it made goes and is told, all else stays', async (t) => {
    await agent.program.end('SIGKILL');
    const { stdout } = await uninstall();
    for (const what of [
      `removed pod default/${pod?.metadata.name}`,
      'removed bridge edge0',
      'removed nft table ip edge_cluster',
      'removed nft table ip edge_services',
      'removed route to 10.48.0.0/16',
      'removed address 169.254.48.1 of lo',
      `kept    ${join(board.dir, 'agent')}`,
    ])
      t.match(stdout, what);
    t.equal(await traces(board), before);
  });

  await t.test('again it finds nothing more', async (t) => {
    t.notMatch((await uninstall()).stdout, 'removed');
    t.equal(await traces(board), before);
  });
});
