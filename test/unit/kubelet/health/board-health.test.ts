import t from 'tap';
import type { BoardCondition } from '../../../../src/api/board-conditions.ts';
import type { BoardLoad } from '../../../../src/kubelet/board/board-load.ts';
import { parseThrottled } from '../../../../src/kubelet/board/board-sensors.ts';
import {
  type BoardEvent,
  BoardHealth,
  type BoardHealthOptions,
} from '../../../../src/kubelet/health/board-health.ts';
import { type Shortage, shortages } from '../../../../src/kubelet/health/thresholds.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
const well: BoardLoad = {
  time: '',
  cpu: { cores: 4, usedCores: 0 },
  memory: { totalBytes: 4 * GIB, usedBytes: GIB },
  disk: {
    totalBytes: 30 * GIB,
    usedBytes: 10 * GIB,
    availableBytes: 20 * GIB,
    inodes: { total: 1000, free: 900 },
  },
  load1: 0,
  temperatureCelsius: 50,
  pids: { used: 300, max: 32768 },
  throttling: { now: [], sinceBoot: [] },
};

function lab(options: Partial<BoardHealthOptions> = {}) {
  const clock = new FakeClock();
  const reports: BoardCondition[][] = [];
  const events: BoardEvent[] = [];
  const short: Shortage[] = [];
  const health = new BoardHealth({
    nodeName: 'pi',
    clock,
    report: (conditions) => reports.push(conditions),
    event: (event) => events.push(event),
    relieve: (shortages) => short.push(...shortages),
    ...options,
  });
  const statusOf = (type: string) => reports.at(-1)?.find((condition) => condition.type === type);
  return { clock, health, reports, events, short, statusOf };
}

t.test('a board that is well says so once, and raises nothing', async (t) => {
  const { health, reports, events, short } = lab();
  for (let beat = 0; beat < 10; beat++) health.observe(well);
  t.equal(reports.length, 1);
  t.same(events, []);
  t.same(short, []);
  t.same(
    reports[0]?.map(({ type, status }) => `${type}=${status}`),
    [
      'MemoryPressure',
      'DiskPressure',
      'PIDPressure',
      'UnderVoltage',
      'Throttled',
      'HighTemperature',
      'ClockNotSet',
      'ReadonlyFilesystem',
    ].map((type) => `${type}=False`),
  );
  t.match(reports[0]?.[0], {
    reason: 'KubeletHasSufficientMemory',
    message: 'kubelet has sufficient memory available',
  });
});

t.test('a board without the sensors says nothing of them', async (t) => {
  const { health, statusOf } = lab();
  const { throttling, temperatureCelsius, ...pc } = well;
  health.observe(pc);
  for (const type of ['UnderVoltage', 'Throttled', 'HighTemperature'])
    t.equal(statusOf(type), undefined, type);
});

t.test('bad at once, good again after five quiet minutes, with an event at each flip', async (t) => {
  const { clock, health, reports, events, statusOf } = lab();
  health.observe(well);
  for (let dip = 0; dip < 3; dip++) {
    health.observe({ ...well, throttling: { now: ['underVoltage'], sinceBoot: ['underVoltage'] } });
    await clock.advance(60_000);
    health.observe(well);
  }
  t.match(statusOf('UnderVoltage'), { status: 'True', reason: 'SupplyVoltageTooLow' });
  t.equal(reports.length, 2, 'a supply that dips again and again does not make it flap');
  await clock.advance(5 * 60_000);
  health.observe(well);
  t.match(statusOf('UnderVoltage'), { status: 'False' });
  t.same(
    events.map(({ type, reason }) => [type, reason]),
    [
      ['Warning', 'SupplyVoltageTooLow'],
      ['Normal', 'SupplyVoltageSufficient'],
    ],
  );
});

t.test('pressures come with upstream reasons and are known to whoever admits pods', async (t) => {
  const { health, events, short, statusOf } = lab();
  health.observe({ ...well, memory: { totalBytes: 4 * GIB, usedBytes: 4 * GIB - 99 * MIB } });
  t.match(statusOf('MemoryPressure'), { status: 'True', reason: 'KubeletHasInsufficientMemory' });
  t.same([...health.pressures], ['MemoryPressure']);
  t.same(events, [
    {
      type: 'Normal',
      reason: 'NodeHasInsufficientMemory',
      message: 'Node pi status is now: NodeHasInsufficientMemory',
    },
  ]);
  t.match(short, [{ resource: 'memory', available: 99 * MIB, threshold: 100 * MIB }]);
});

t.test('thresholds and the quiet while are as told; without a threshold nothing is looked at', async (t) => {
  const { clock, health, statusOf } = lab({
    thresholds: { 'memory.available': { amount: 2 * GIB } },
    quietMs: 10_000,
  });
  const disk = { totalBytes: 100, usedBytes: 100, availableBytes: 0 };
  health.observe({ ...well, memory: { totalBytes: 4 * GIB, usedBytes: 3 * GIB }, disk });
  t.match([statusOf('MemoryPressure'), statusOf('DiskPressure')], [{ status: 'True' }, { status: 'False' }]);
  await clock.advance(10_000);
  health.observe(well);
  t.match(statusOf('MemoryPressure'), { status: 'False' });
});

for (const [what, change, resource] of [
  [
    'less than a tenth of the disk',
    { disk: { totalBytes: 100, usedBytes: 0, availableBytes: 9 } },
    'ephemeral-storage',
  ],
  [
    'few inodes',
    { disk: { totalBytes: 1, usedBytes: 0, availableBytes: 1, inodes: { total: 100, free: 4 } } },
    'inodes',
  ],
  [
    'a full disk of images',
    { imageDisk: { totalBytes: 100, usedBytes: 0, availableBytes: 14 } },
    'ephemeral-storage',
  ],
  ['few processes left', { pids: { used: 91, max: 100 } }, 'pids'],
] as const) {
  t.test(`${what} is a shortage of ${resource}`, async (t) => {
    t.match(shortages({ ...well, ...change }), [{ resource }]);
  });
}

t.test('a board of 512 MB is not short with 60 MB left', async (t) => {
  const free = (bytes: number) => ({ memory: { totalBytes: 512 * MIB, usedBytes: 512 * MIB - bytes } });
  t.same(shortages({ ...well, ...free(60 * MIB) }), []);
  t.equal(shortages({ ...well, ...free(50 * MIB) }).length, 1);
});

t.test(
  "get_throttled's bits are read as they are written: hexadecimal, now and since the boot",
  async (t) => {
    t.same(parseThrottled('50005'), {
      now: ['underVoltage', 'throttled'],
      sinceBoot: ['underVoltage', 'throttled'],
    });
    t.same(parseThrottled('e0008'), {
      now: ['softTemperatureLimit'],
      sinceBoot: ['frequencyCapped', 'throttled', 'softTemperatureLimit'],
    });
    t.same(parseThrottled('0'), { now: [], sinceBoot: [] });
  },
);
