// The doctor's look at boards that are only files, and at the machine that runs the test.
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { release, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import t from 'tap';
import { examineBoard } from '../../src/bin/examine-board.ts';
import { boardFacts } from '../../src/kubelet/doctor/board-facts.ts';
import type { Machine } from '../../src/kubelet/runtime/podman/preflight.ts';

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

t.test(
  'a firewall that drops forwarded packets and a range that is taken are told with their cure',
  async (t) => {
    const answers: Record<string, unknown> = {
      ip: [{ dst: 'default' }, { dst: '10.44.0.0/16', dev: 'eth0' }, { dst: '10.40.0.0/23', dev: 'edge0' }],
      nft: { nftables: [{ chain: { table: 'filter', name: 'FORWARD', hook: 'forward', policy: 'drop' } }] },
    };
    const checks = await examineBoard({ run: async (command) => JSON.stringify(answers[command]) });
    const network = checks.filter(({ name }) => name === 'network');
    t.match(network, [
      { status: 'problem', message: /overlaps the board's route to 10.44.0.0\/16/, mend: /another range/ },
      {
        status: 'warning',
        message: /chain filter FORWARD drops forwarded packets/,
        mend: /iptables -I FORWARD/,
      },
    ]);
  },
);

t.test('without ip and nft the rest is still told', async (t) => {
  const run = async () => {
    throw new Error('nft is not installed on this board');
  };
  const checks = await examineBoard({ run });
  t.match(checks.at(-1), { name: 'network', status: 'warning', message: /nft is not installed/ });
  t.ok(checks.length > 10);
});
