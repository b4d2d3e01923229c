// Measures what runs on this board, one round of file reads at a time. The files of a container are found once, from
// its first process; what has gone is forgotten.
import { readFile } from 'node:fs/promises';
import { parseCpuTicks } from '../board/board-load.ts';
import type { RuntimeContainer } from '../runtime/runtime.ts';
import type { BoardReading, MeteredContainer } from './board-figures.ts';
import {
  type Counters,
  parseBoardCpuNs,
  parseBoardWorkingSet,
  parseBootTimeMs,
  readCounters,
} from './cgroup-counters.ts';
import type { CgroupFiles, CgroupMounts } from './cgroup-mounts.ts';
import { containerCgroup, readCgroupMounts } from './container-cgroup.ts';
import { type MeasuredContainer, type MetricsReport, podReports } from './metrics-report.ts';
import { type Sample, usageOver, withSample } from './usage-window.ts';

type Running = Pick<RuntimeContainer, 'id' | 'pid' | 'podKey' | 'podUid' | 'containerName'>;

interface Known {
  pid: number;
  files: CgroupFiles;
  samples: Sample[];
}

export class ContainerMeter {
  readonly #known = new Map<string, Known>();
  #mounts: CgroupMounts | undefined;
  #board: Sample[] = [];

  /** `running` is all that runs now; `nowMs` is monotonic. */
  async measure(running: readonly Running[], nowMs: number): Promise<MetricsReport> {
    const ids = new Set(running.map(({ id }) => id));
    for (const id of this.#known.keys()) if (!ids.has(id)) this.#known.delete(id);
    const measured: MeasuredContainer[] = [];
    // One after the other: hundreds of files at once would take as many threads' turns and buffers.
    for (const container of running) measured.push(await this.#container(container, nowMs));
    return { node: await this.#boardUsage(nowMs), pods: podReports(measured) };
  }

  /** The counters as they are now, for who scrapes them; changes no window. */
  async read(running: readonly (Running & { startedAt: string | undefined })[]): Promise<BoardReading> {
    const containers: MeteredContainer[] = [];
    for (const container of running) {
      const { id, podKey, podUid, containerName: name, startedAt } = container;
      const files = await this.#filesOf(container);
      const counters = files && (await readCounters(files));
      const usage = usageOver(this.#known.get(id)?.samples ?? []);
      containers.push({ podKey, podUid, name, startedAt, counters, usage });
    }
    const stat = await readStat();
    const board = await boardCounters(stat);
    return { board, usage: usageOver(this.#board), bootedAtMs: parseBootTimeMs(stat), containers };
  }

  async #container(container: Running, nowMs: number): Promise<MeasuredContainer> {
    const { podKey, podUid, containerName: name } = container;
    const known = await this.#find(container);
    const counters = known && (await readCounters(known.files));
    if (known && counters) known.samples = withSample(known.samples, { atMs: nowMs, ...counters });
    else this.#known.delete(container.id);
    return { podKey, podUid, name, usage: counters && known && usageOver(known.samples) };
  }

  /** A container that was started again has another process and begins anew. */
  async #find(container: Running): Promise<Known | undefined> {
    const { id, pid } = container;
    const known = this.#known.get(id);
    if (known && known.pid === pid) return known;
    const files = await this.#filesOf(container);
    if (!pid || !files) return undefined;
    const found = { pid, files, samples: [] };
    this.#known.set(id, found);
    return found;
  }

  async #filesOf({ id, pid }: Running): Promise<CgroupFiles | undefined> {
    const known = this.#known.get(id);
    if (known && known.pid === pid) return known.files;
    if (!pid) return undefined;
    this.#mounts ??= await readCgroupMounts();
    return containerCgroup(this.#mounts, id, pid);
  }

  async #boardUsage(nowMs: number): Promise<MetricsReport['node']> {
    this.#board = withSample(this.#board, { atMs: nowMs, ...(await boardCounters(await readStat())) });
    return usageOver(this.#board);
  }
}

const readStat = () => readFile('/proc/stat', 'utf8');

async function boardCounters(stat: string): Promise<Counters> {
  const workingSetBytes = parseBoardWorkingSet(await readFile('/proc/meminfo', 'utf8'));
  const cpuNs = parseBoardCpuNs(parseCpuTicks(stat).busy);
  return { cpuNs, ...(workingSetBytes === undefined ? {} : { workingSetBytes }) };
}
