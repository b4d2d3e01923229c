// Flags of eviction: upstream's syntax, and what is told of what is none.
import t from 'tap';
import { evictionFlags, evictionSettings } from '../../../src/bin/eviction-flags.ts';
import { parseFlags, UsageError } from '../../../src/bin/flags.ts';
import { defaultThresholds } from '../../../src/kubelet/health/thresholds.ts';

const settings = (...argv: string[]) => evictionSettings(parseFlags(evictionFlags, argv));

t.test('without flags: upstream\u2019s thresholds and five minutes', async (t) => {
  t.same(settings(), { thresholds: defaultThresholds, quietMs: 300_000 });
});

t.test('amounts and percentages; what is not named is off, as upstream', async (t) => {
  const list =
    '--eviction-hard=memory.available<1Gi, nodefs.available<7.5%,pid.available<1k,nodefs.inodesFree<2000';
  t.same(settings(list).thresholds, {
    'memory.available': { amount: 1024 ** 3 },
    'nodefs.available': { share: 0.075 },
    'pid.available': { amount: 1000 },
    'nodefs.inodesFree': { amount: 2000 },
  });
  t.same(settings('--eviction-hard=').thresholds, {}, 'nothing is looked at');
  t.equal(settings('--eviction-pressure-transition-period=30s').quietMs, 30_000);
});

t.test('what is no threshold is told in one line with what would be', async (t) => {
  const wrong: [string, RegExp][] = [
    ['memory.free<1Gi', /takes one of memory\.available, .*not 'memory\.free<1Gi'/],
    ['memory.available>1Gi', /then < and an amount/],
    ['memory.available<', /then < and an amount/],
    ['memory.available<lots', /an amount such as 100Mi, not/],
    ['memory.available<0', /an amount such as 100Mi, not/],
    ['memory.available<-1Gi', /an amount such as 100Mi, not/],
    ['nodefs.available<0%', /a percentage above 0 and up to 100/],
    ['nodefs.available<101%', /a percentage above 0 and up to 100/],
    ['nodefs.available<x%', /a percentage above 0 and up to 100/],
    ['pid.available<1,pid.available<2', /each signal once/],
  ];
  for (const [list, message] of wrong) {
    const error = t.throws(() => settings(`--eviction-hard=${list}`), { message }, list);
    t.ok(error instanceof UsageError);
  }
});
