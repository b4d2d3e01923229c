// The doctor's look at boards that are only files, and at the machine that runs the test.
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { release, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import { silentLogger } from '../../src/base/logger.ts';
import { SealedFile } from '../../src/base/sealed-file.ts';
import { examineBoard } from '../../src/bin/examine-board.ts';
import type { Check } from '../../src/cli/doctor.ts';
import { boardFacts } from '../../src/kubelet/doctor/board-facts.ts';
import type { Machine } from '../../src/kubelet/runtime/podman/preflight.ts';
import type { CommandRunner } from '../../src/network/command-runner.ts';
import { loadSecretKey } from '../../src/pki/secret-key.ts';
import { FakeClock } from '../support/fake-clock.ts';

const nodePorts = { first: 30000, last: 32767 };
const machine = { find: async () => undefined } as unknown as Machine;
const pi = new URL('../fixtures/boards/raspberry-pi-4-b', import.meta.url).pathname;

t.test(
  'a Raspberry Pi is known by its files, with what its kernel counts and lacks and who listens',
  async (t) => {
    const root = await mkdtemp(join(tmpdir(), 'edge-doctor-'));
    t.teardown(() => rm(root, { recursive: true, force: true }));
    await cp(pi, root, { recursive: true });
    const socket = (port: string, state: string) =>
      `   0: 00000000:${port} 00000000:0000 ${state} 00000000:00000000`;
    const files = {
      'boot/firmware/cmdline.txt': 'console=tty1 root=PARTUUID=x rootwait\n',
      'proc/cgroups':
        '#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t0\t1\t1\nmemory\t0\t1\t0\npids\t0\t1\t1\n',
      [`lib/modules/${release()}/modules.builtin`]:
        'kernel/fs/overlayfs/overlay.ko\nkernel/net/netfilter/nf_conntrack.ko\n',
      [`lib/modules/${release()}/modules.dep`]:
        'kernel/net/netfilter/nf_tables.ko.xz: a\nkernel/net/netfilter/nf_nat.ko.xz:\n',
      'proc/modules': 'bridge 409600 0 - Live 0x0\n',
      'proc/net/tcp': ['header', socket('7580', '0A'), socket('7581', '01'), socket('0016', '0A')].join('\n'),
      'proc/net/tcp6': ['header', socket('7580', '0A')].join('\n'),
    };
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), text);
    }
    const facts = await boardFacts({ nodePorts, nowMs: Date.now(), machine, root });
    t.match(facts, {
      podman: { problem: /podman is not installed/ },
      cgroupControllers: ['cpu', 'pids'],
      missingModules: ['veth'],
      missingPrograms: ['ip', 'nft'],
      isRaspberryPi: true,
      cmdlinePath: '/boot/firmware/cmdline.txt',
      heldNodePorts: [30080],
    });
    await writeFile(
      join(root, 'proc/net/unix'),
      '0000: 00000002 00000000 00010000 0001 01 1 @edge-cluster-agent\n',
    );
    const running = await boardFacts({ nodePorts, nowMs: Date.now(), machine, root });
    t.same(running.heldNodePorts, [], 'the agent that runs holds them itself');
  },
);

const EMPTY = '/nonexistent';
const drops = (family: string, table = 'filter', name = 'FORWARD') => ({
  chain: { family, table, name, hook: 'forward', policy: 'drop' },
});

/** A board with these routes and chains. */
function boardWith(routes: object[], routesV6: object[], ...chains: object[]): CommandRunner {
  return {
    run: async (command, args) => {
      if (command === 'nft') return JSON.stringify({ nftables: [{ metainfo: {} }, ...chains] });
      return JSON.stringify(args.includes('-6') ? routesV6 : routes);
    },
  };
}

const named = (checks: Check[], name: string) => checks.filter((check) => check.name === name);

t.test(
  'a firewall that drops forwarded packets and a range that is taken are told with their cure',
  async (t) => {
    const routes = [
      { dst: 'default' },
      { dst: '10.44.0.0/16', dev: 'eth0' },
      { dst: '10.40.0.0/23', dev: 'edge0' },
      { dst: '10.40.2.0/23', dev: 'eth0', protocol: '148' },
    ];
    const checks = await examineBoard(EMPTY, boardWith(routes, [], drops('ip')));
    t.match(named(checks, 'network'), [
      { status: 'problem', message: /overlaps the board's route to 10.44.0.0\/16/, mend: /another range/ },
      {
        status: 'warning',
        message: /chain filter FORWARD drops forwarded packets/,
        mend: /iptables -I FORWARD/,
      },
    ]);
    t.equal(named(checks, 'network').length, 2);
  },
);

/** What an agent keeps of its cluster, written as the agent does. */
async function dataDirWith(t: Test, peers: object): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'edge-doctor-'));
  t.teardown(() => rm(dataDir, { recursive: true, force: true }));
  const file = new SealedFile({
    path: join(dataDir, 'checkpoint', 'cluster'),
    key: () => loadSecretKey(join(dataDir, 'checkpoint.key')),
    settleMs: 0,
    clock: new FakeClock(),
    logger: silentLogger,
  });
  file.changed(() => ({ services: [], peers }));
  await file.flush();
  return dataDir;
}

t.test('what is looked at are the ranges and boards that the master told this one', async (t) => {
  const dataDir = await dataDirWith(t, {
    podRange: '172.20.0.0/16',
    serviceRange: '172.21.0.0/16',
    ipv6: { podRange: 'fd42:1::/48', serviceRange: 'fd42:2::/112' },
    peers: { far: { address: '172.21.0.9', podCIDR: '172.20.2.0/23' } },
  });
  const routes = [
    { dst: '10.44.0.0/16', dev: 'eth0' },
    { dst: '172.20.9.0/24', dev: 'eth1' },
  ];
  const routesV6 = [
    { dst: 'fd42:1:0:7::/64', dev: 'eth1' },
    { dst: 'fd42:1:0:1:ec::1', dev: 'lo' },
  ];
  const checks = await examineBoard(dataDir, boardWith(routes, routesV6, drops('inet', 'wall', 'pass')));
  t.match(named(checks, 'ranges'), [
    {
      status: 'ok',
      message: `pods 172.20.0.0/16 and fd42:1::/48, Services 172.21.0.0/16 and fd42:2::/112, as ${dataDir} has them`,
    },
  ]);
  t.match(named(checks, 'network'), [
    { status: 'problem', message: /pod range 172.20.0.0\/16 .* 172.20.9.0\/24/ },
    { status: 'problem', message: /172.21.0.9, the address of another board/ },
    { status: 'warning', mend: /nft insert rule inet wall pass ip saddr 172.20.0.0\/16 accept$/ },
    { status: 'warning', message: /pod range fd42:1::\/48 .* fd42:1:0:7::\/64/ },
    { status: 'warning', mend: /nft insert rule inet wall pass ip6 saddr fd42:1::\/48 accept$/ },
  ]);
  t.equal(named(checks, 'network').length, 5);
});

t.test('a board that was told nothing, or keeps it where it cannot be read, says so', async (t) => {
  const ranges = async (dataDir: string) =>
    named(await examineBoard(dataDir, boardWith([], [])), 'ranges')[0];
  t.match(await ranges(EMPTY), {
    status: 'warning',
    message: /^\/nonexistent holds no ranges .* the usual ones are looked at: pods 10\.40\.0\.0\/13, /,
    mend: /--data-dir/,
  });
  const dataDir = await dataDirWith(t, { podRange: '172.20.0.0/16', serviceRange: '', peers: {} });
  await rm(join(dataDir, 'checkpoint.key'));
  t.match(await ranges(dataDir), { status: 'warning', message: /checkpoint\.key is not there/ });
  t.same(await readdir(dataDir), ['checkpoint'], 'nothing was made');
});

t.test('without ip and nft the rest is still told', async (t) => {
  const run = async () => {
    throw new Error('nft is not installed on this board');
  };
  const checks = await examineBoard(EMPTY, { run });
  t.match(checks.at(-1), { name: 'network', status: 'warning', message: /nft is not installed/ });
  t.ok(checks.length > 10);
});
