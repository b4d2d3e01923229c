// Medians of the samples as a table, and the proxy's ratios to HAProxy beside their steps.
import { median } from '../median.ts';

export interface Sample {
  name: string;
  what: 'bulk' | 'requests' | 'new' | 'memory';
  connections: number;
  /** Gbit/s, requests/s, connections/s or MB. */
  rate: number;
  p99Ms?: number;
  errors?: number;
}

const TITLES = {
  bulk: 'bulk, Gbit/s',
  requests: 'kept connections, requests/s (p99 ms)',
  new: 'new connections/s (p99 ms)',
  memory: 'memory after that, PSS MB',
};
const STEPS: Partial<Record<Sample['what'], number>> = { bulk: 0.7, requests: 0.85, new: 0.6 };
const OURS = 'edge-cluster';
const BEST = 'haproxy';

export function printProxyTable(samples: readonly Sample[], how: { rounds: number; seconds: number }): void {
  print(`medians of ${how.rounds} rounds of ${how.seconds} s; one thread each, backend and load too`);
  for (const what of Object.keys(TITLES) as Sample['what'][]) {
    const ofKind = samples.filter((sample) => sample.what === what);
    const counts = [...new Set(ofKind.map(({ connections }) => connections))];
    print(`${TITLES[what].padEnd(40)}${counts.map((count) => String(count).padStart(18)).join('')}`);
    for (const name of new Set(ofKind.map((sample) => sample.name))) printRow(ofKind, name, counts);
    if (STEPS[what] !== undefined) printRatios(ofKind, counts, STEPS[what]);
  }
}

function printRow(samples: readonly Sample[], name: string, counts: readonly number[]): void {
  const cells = counts.map((count) => {
    const own = samples.filter((sample) => sample.name === name && sample.connections === count);
    const rate = median(own.map((sample) => sample.rate));
    const errors = own.reduce((sum, sample) => sum + (sample.errors ?? 0), 0);
    const p99 = own[0]?.p99Ms === undefined ? '' : ` (${median(own.map((s) => s.p99Ms ?? 0)).toFixed(1)})`;
    return `${rate.toFixed(rate < 100 ? 1 : 0)}${p99}${errors ? ` ${errors} failed` : ''}`.padStart(18);
  });
  print(`  ${name.padEnd(38)}${cells.join('')}`);
}

function printRatios(samples: readonly Sample[], counts: readonly number[], step: number): void {
  const of = (name: string, count: number, field: 'rate' | 'p99Ms') =>
    median(
      samples.filter((s) => s.name === name && s.connections === count).map((s) => s[field] ?? Number.NaN),
    );
  const cells = counts.map((count) => {
    const rate = of(OURS, count, 'rate') / of(BEST, count, 'rate');
    const p99 = of(OURS, count, 'p99Ms') / of(BEST, count, 'p99Ms');
    return `${rate.toFixed(2)}${Number.isNaN(p99) ? '' : ` (${p99.toFixed(1)})`}`.padStart(18);
  });
  print(`  ${`ratio to ${BEST} (step: ${step})`.padEnd(38)}${cells.join('')}`);
}

function print(line: string): void {
  process.stdout.write(`  ${line}\n`);
}
