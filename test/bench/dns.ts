// The board's DNS beside dnsmasq with the same names, in turns within one run and in a network namespace of its own:
// queries per second with 100 on their way, the 99th percentile at a rate that both keep, memory.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DnsContender, startDnsContenders, startUpstream } from './dns/contenders.ts';
import { loads, p99Ms, type QuestionLoad, queriesPerSecond } from './dns/load.ts';
import { median } from './median.ts';
import { processesOf } from './processes.ts';

/** Set once the bench runs in its namespace. */
const INSIDE = 'EDGE_BENCH_NAMESPACE';
const PACKAGES = ['dnsmasq-base', 'dnsperf'];
const PROGRAMS = ['/usr/sbin/dnsmasq', '/usr/bin/dnsperf'];
const ROUNDS = Number(process.env.EDGE_BENCH_ROUNDS ?? 3);
const SECONDS = Number(process.env.EDGE_BENCH_SECONDS ?? 2);

export async function dns(): Promise<void> {
  if (process.env[INSIDE]) return measure();
  if (!PROGRAMS.every(existsSync)) {
    throw new Error(`install the peers first: apt-get install ${PACKAGES.join(' ')}`);
  }
  const script = 'ip link set lo up && exec "$@"';
  const self = [process.execPath, join(import.meta.dirname, 'main.ts'), 'dns'];
  const { status } = spawnSync('unshare', ['--net', 'sh', '-c', script, 'bench', ...self], {
    stdio: 'inherit',
    env: { ...process.env, [INSIDE]: '1' },
  });
  if (status !== 0) throw new Error('failed, see above; it needs root, for a network namespace of its own');
}

interface Sample {
  contender: string;
  load: string;
  rate: number;
  p99: number;
}

async function measure(): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'edge-bench-dns-'));
  const upstream = await startUpstream();
  const contenders = await startDnsContenders();
  try {
    const kinds = await loads(dir);
    const samples: Sample[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      for (const load of kinds) {
        for (const contender of contenders) samples.push(await sample(contender, load));
      }
    }
    print(`medians of ${ROUNDS} rounds of ${SECONDS} s; one thread each, queries/s (p99 ms at 1,000/s)`);
    for (const { name } of kinds) printLoad(name, samples);
    for (const contender of contenders)
      print(`${contender.name} ${(await pssMB(contender)).toFixed(1)} MB PSS`);
  } finally {
    for (const each of [...contenders, upstream]) each.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

async function sample({ name, port }: DnsContender, load: QuestionLoad): Promise<Sample> {
  const rate = await queriesPerSecond(port, load, SECONDS);
  return { contender: name, load: load.name, rate, p99: await p99Ms(port, load, SECONDS) };
}

function printLoad(load: string, samples: readonly Sample[]): void {
  const of = (contender: string, field: 'rate' | 'p99') =>
    median(samples.filter((s) => s.contender === contender && s.load === load).map((s) => s[field]));
  const [ours, theirs] = ['edge-cluster', 'dnsmasq'].map((name) => ({
    rate: of(name, 'rate'),
    text: `${name} ${of(name, 'rate').toFixed(0)} (${of(name, 'p99').toFixed(2)})`,
  }));
  const ratio = (ours?.rate ?? 0) / (theirs?.rate ?? 0);
  print(`${load.padEnd(34)}${ours?.text.padEnd(30)}${theirs?.text.padEnd(26)}ratio ${ratio.toFixed(2)}`);
}

async function pssMB({ process: { pid } }: DnsContender): Promise<number> {
  const uses = await processesOf(pid ?? 0, []);
  return (uses.reduce((sum, { pssKiB }) => sum + pssKiB, 0) * 1024) / 1e6;
}

function print(line: string): void {
  process.stdout.write(`  ${line}\n`);
}
