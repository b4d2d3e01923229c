// The proxy's data path beside HAProxy, nginx stream, socat and no proxy at all, in turns within one run and in a
// network namespace of its own: bulk throughput, requests on kept connections, new connections, memory. Then the kernel's
// forwarding beside no proxy, between pods of two boards.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inTurn } from './in-turn.ts';
import { type Contender, startBackends, startContenders } from './proxy/contenders.ts';
import { kernelMode } from './proxy/kernel-mode.ts';
import { bulk, newConnections, requests } from './proxy/load.ts';
import { printProxyTable, type Sample } from './proxy/report.ts';

/** Set once the bench runs in its namespace. */
const INSIDE = 'EDGE_BENCH_NAMESPACE';
const PACKAGES = [
  'haproxy',
  'nginx',
  'libnginx-mod-stream',
  'socat',
  'iperf3',
  'wrk',
  'dnsmasq-base',
  'dnsperf',
];
const PROGRAMS = ['haproxy', 'nginx', 'socat', 'iperf3', 'wrk', 'dnsmasq', 'dnsperf'].map(
  (name) => `/usr/bin:/usr/sbin ${name}`,
);
const ROUNDS = Number(process.env.EDGE_BENCH_ROUNDS ?? 3);
const SECONDS = Number(process.env.EDGE_BENCH_SECONDS ?? 2);
/** One part alone: `sockets`, or the kernel's forwarding in one family, `IPv4` or `IPv6`. */
const ONLY = process.env.EDGE_BENCH_ONLY;
const wants = (part: string) => ONLY === undefined || ONLY === part;

type Cell = Pick<Sample, 'what' | 'connections'>;
const over = (what: Sample['what'], counts: readonly number[]): Cell[] =>
  counts.map((connections) => ({ what, connections }));
/** All contenders are measured in one before the next. iperf3 opens at most 128 connections. */
const CELLS = [
  ...over('bulk', [1, 32, 128]),
  ...over('requests', [1, 32, 512]),
  ...over('new', [1, 32, 512]),
  ...over('memory', [512]),
];

export async function proxy(): Promise<void> {
  if (process.env[INSIDE]) return measure();
  installPeers();
  const script = 'ip link set lo up && exec "$@"';
  const self = [process.execPath, join(import.meta.dirname, 'main.ts'), 'proxy'];
  const { status } = spawnSync('unshare', ['--net', 'sh', '-c', script, 'bench', ...self], {
    stdio: 'inherit',
    env: { ...process.env, [INSIDE]: '1' },
  });
  if (status !== 0) throw new Error('failed, see above; it needs root, for a network namespace of its own');
}

/** Only what is missing; nothing that comes with it is started (RUNLEVEL=1 tells Debian's scripts so). */
function installPeers(): void {
  const isThere = (program: string) => {
    const [dirs = '', name = ''] = program.split(' ');
    return dirs.split(':').some((dir) => existsSync(join(dir, name)));
  };
  const module = '/usr/lib/nginx/modules/ngx_stream_module.so';
  if (PROGRAMS.every(isThere) && existsSync(module)) return;
  const env = { ...process.env, RUNLEVEL: '1', DEBIAN_FRONTEND: 'noninteractive' };
  const { status } = spawnSync('apt-get', ['install', '-y', '--no-install-recommends', ...PACKAGES], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env,
  });
  if (status !== 0) throw new Error(`install the peers first: apt-get install ${PACKAGES.join(' ')}`);
}

async function measure(): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'edge-bench-proxy-'));
  try {
    if (wants('sockets')) await sockets(dir);
    const families = (['IPv4', 'IPv6'] as const).filter(wants);
    if (families.length > 0) await kernelMode(dir, { rounds: ROUNDS, seconds: SECONDS }, families);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function sockets(dir: string): Promise<void> {
  const started: { stop(): void }[] = [];
  try {
    started.push(...(await startBackends(dir)));
    const contenders = await startContenders(dir);
    started.push(...contenders);
    const samples: Sample[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      for (const cell of CELLS)
        for (const contender of inTurn(contenders, round)) samples.push(await sample(contender, cell));
    }
    printProxyTable(samples, { rounds: ROUNDS, seconds: SECONDS });
  } finally {
    for (const each of started.reverse()) each.stop();
  }
}

async function sample(contender: Contender, { what, connections }: Cell): Promise<Sample> {
  const { name } = contender;
  if (what === 'memory') return { name, what, connections, rate: await contender.pssMB() };
  const host = '127.0.0.1';
  if (what === 'bulk') {
    const gigabits = await bulk({ host, port: contender.bulkPort }, connections, SECONDS);
    return { name, what, connections, rate: gigabits };
  }
  const load = what === 'requests' ? requests : newConnections;
  return {
    name,
    what,
    connections,
    ...(await load({ host, port: contender.requestsPort }, connections, SECONDS)),
  };
}
