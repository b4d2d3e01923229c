import t from 'tap';
import {
  parseBoardWorkingSet,
  parseCpuNs,
  parseWorkingSet,
} from '../../../../src/kubelet/metrics/cgroup-counters.ts';
import { podReports } from '../../../../src/kubelet/metrics/metrics-report.ts';
import { type Sample, usageOver, withSample } from '../../../../src/kubelet/metrics/usage-window.ts';

const at = (seconds: number, cpuSeconds: number): Sample => ({
  atMs: seconds * 1000,
  cpuNs: cpuSeconds * 1e9,
  workingSetBytes: seconds,
});

const after = (...samples: Sample[]) => usageOver(samples.reduce<Sample[]>(withSample, []));

t.test('CPU is the mean over the last minute, memory the newest', (t) => {
  t.equal(after(at(0, 1)), undefined, 'one reading is no rate');
  t.same(after(at(0, 1), at(15, 4)), { cpuNanocores: 200_000_000, workingSetBytes: 15, windowMs: 15_000 });
  const busyAtFirst = [at(0, 0), at(15, 15), at(30, 15), at(45, 15), at(60, 15), at(75, 15)];
  t.match(after(...busyAtFirst), { cpuNanocores: 0, windowMs: 60_000 }, 'what is older does not count');
  t.end();
});

t.test('a counter that begins anew begins a new window', (t) => {
  t.equal(after(at(0, 9), at(15, 10), at(30, 1)), undefined);
  t.match(after(at(0, 9), at(15, 10), at(30, 1), at(45, 4)), { cpuNanocores: 200_000_000 });
  t.end();
});

t.test('a board whose kernel counts no memory has CPU figures alone', (t) => {
  const usage = after({ atMs: 0, cpuNs: 0 }, { atMs: 10_000, cpuNs: 1e9 });
  t.same(usage, { cpuNanocores: 100_000_000, windowMs: 10_000 });
  t.end();
});

t.test('counters are read in the forms of both versions of cgroups', (t) => {
  t.equal(parseCpuNs('123456789\n'), 123_456_789);
  t.equal(parseCpuNs('usage_usec 1500\nuser_usec 1000\n'), 1_500_000);
  t.equal(parseCpuNs('nonsense'), undefined);
  t.equal(parseWorkingSet('1000\n', 'inactive_file 300\ntotal_inactive_file 400\n'), 600, 'v1, children too');
  t.equal(parseWorkingSet('1000\n', 'anon 5\ninactive_file 300\n'), 700);
  t.equal(parseWorkingSet('100\n', 'inactive_file 300\n'), 0);
  t.equal(parseWorkingSet('max\n', ''), undefined);
  const meminfo = 'MemTotal:  1000 kB\nMemFree:  300 kB\nInactive(file):  100 kB\n';
  t.equal(parseBoardWorkingSet(meminfo), 600 * 1024);
  t.equal(parseBoardWorkingSet('MemTotal: 5 kB\n'), undefined);
  t.end();
});

t.test('a pod is told of once all its containers have figures; its sums count the pause container', (t) => {
  const usage = (cpuNanocores: number) => ({ cpuNanocores, workingSetBytes: 10, windowMs: 30_000 });
  const one = (name: string | undefined, cpu: number | undefined) => ({
    podKey: 'default/web',
    podUid: 'u',
    name,
    usage: cpu === undefined ? undefined : usage(cpu),
  });
  t.same(podReports([one(undefined, 1), one('a', 5), one('b', undefined)]), {});
  t.same(podReports([one(undefined, 1)]), {}, 'a pause container alone is no pod');
  t.same(podReports([one(undefined, 1), one('a', 5), one('b', 7)]), {
    'default/web': {
      uid: 'u',
      cpuNanocores: 13,
      workingSetBytes: 30,
      windowMs: 30_000,
      containers: {
        a: { cpuNanocores: 5, workingSetBytes: 10 },
        b: { cpuNanocores: 7, workingSetBytes: 10 },
      },
    },
  });
  t.end();
});
