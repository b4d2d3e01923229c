import t from 'tap';
import { type BoardFacts, boardChecks } from '../../../../src/kubelet/doctor/board-checks.ts';

const well: BoardFacts = {
  isRoot: true,
  podman: { version: '5.4.2', ociRuntime: 'crun' },
  cgroupControllers: ['cpuset', 'cpu', 'io', 'memory', 'pids'],
  missingModules: [],
  missingPrograms: [],
  isRaspberryPi: true,
  cmdlinePath: '/boot/firmware/cmdline.txt',
  load: {
    time: '',
    cpu: { cores: 4, usedCores: 0 },
    memory: { totalBytes: 4e9, usedBytes: 1e9 },
    disk: { totalBytes: 30e9, usedBytes: 1e9, availableBytes: 29e9 },
    load1: 0,
    temperatureCelsius: 50,
    throttling: { now: [], sinceBoot: [] },
  },
  heldNodePorts: [],
};
const wrong = (facts: Partial<BoardFacts>) =>
  boardChecks({ ...well, ...facts }).filter(({ status }) => status !== 'ok');

t.test('a board that has all it needs is told so, line by line', async (t) => {
  t.same(wrong({}), []);
  t.ok(boardChecks(well).length >= 14);
});

for (const [what, facts, found] of [
  ['without root', { isRoot: false }, { name: 'user', status: 'problem', mend: /sudo/ }],
  [
    'without podman',
    { podman: { problem: 'podman is not installed: install the packages podman, netavark and catatonit' } },
    { name: 'podman', message: 'podman is not installed', mend: /install the packages podman/ },
  ],
  [
    'a Raspberry Pi that does not count memory',
    { cgroupControllers: ['cpu', 'pids'] },
    {
      name: 'cgroup memory',
      status: 'problem',
      mend: /cgroup_enable=memory to the one line of \/boot\/firmware/,
    },
  ],
  [
    'a PC that does not count memory',
    { cgroupControllers: ['cpu', 'pids'], isRaspberryPi: false },
    { name: 'cgroup memory', mend: /GRUB_CMDLINE_LINUX/ },
  ],
  [
    'without modules',
    { missingModules: ['veth'] },
    { name: 'kernel', message: 'lacks veth', mend: /kernel/ },
  ],
  ['without nft', { missingPrograms: ['nft'] }, { name: 'programs', mend: 'apt install nftables' }],
  ['with a program on a port for Services', { heldNodePorts: [30080] }, { name: 'ports', status: 'warning' }],
  [
    'with a weak supply',
    { load: { ...well.load, throttling: { now: ['underVoltage' as const], sinceBoot: [] } } },
    { name: 'power supply', status: 'warning', mend: /stronger power supply/ },
  ],
  [
    'with a full card',
    { load: { ...well.load, disk: { totalBytes: 30e9, usedBytes: 29e9, availableBytes: 1e9 } } },
    { name: 'disk', status: 'problem', mend: /remove files or images/ },
  ],
  [
    'with a read-only file system',
    { load: { ...well.load, faults: ['readOnlyFilesystem' as const] } },
    { name: 'file system', status: 'problem', mend: /worn out/ },
  ],
  [
    'whose clock nobody has set',
    { load: { ...well.load, faults: ['clockNotSet' as const] } },
    { name: 'time', status: 'warning' },
  ],
] as const) {
  t.test(`a board ${what} is told what is wrong and how to mend it`, async (t) => {
    const checks = wrong(facts as Partial<BoardFacts>);
    t.equal(checks.length, 1);
    t.match(checks[0], found);
    t.ok(checks[0]?.mend);
  });
}
