// Measures how busy a board is: CPU, memory, disk, load, temperature. Reads files only; what forks in
// systeminformation (currentLoad runs `cat`, fsSize `df`, cpuTemperature a shell loop) is read here directly.
import { readFile, statfs } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { namesIn } from '../../base/if-present.ts';

/** Sizes in bytes, CPU in cores, temperature in °C; absent = not known. */
export interface BoardLoad {
  time: string;
  cpu: { cores: number; usedCores: number };
  memory: { totalBytes: number; usedBytes: number };
  disk: { totalBytes: number; usedBytes: number };
  load1: number;
  temperatureCelsius?: number;
}

/** Ticks since boot. */
export interface CpuTicks {
  busy: number;
  total: number;
  cores: number;
}

/** From the text of /proc/stat (proc(5)): idle and iowait are not busy; guest is in user already. */
export function parseCpuTicks(stat: string): CpuTicks {
  const fields = (/^cpu +(.*)$/m.exec(stat)?.[1] ?? '').split(' ').map(Number).slice(0, 8);
  const total = fields.reduce((sum, ticks) => sum + ticks, 0);
  const idle = (fields[3] ?? 0) + (fields[4] ?? 0);
  return { busy: total - idle, total, cores: stat.match(/^cpu\d+ /gm)?.length ?? 1 };
}

export function usedCores(before: CpuTicks | undefined, now: CpuTicks): number {
  const total = now.total - (before?.total ?? 0);
  const busy = now.busy - (before?.busy ?? 0);
  return total > 0 ? Math.round(((now.cores * busy) / total) * 100) / 100 : 0;
}

export class BoardLoadMeter {
  readonly #diskPath: string;
  #before: CpuTicks | undefined;
  #thermalPath: string | undefined | null = null;

  /** `diskPath`: a place on the filesystem that pods write to. */
  constructor(diskPath: string) {
    this.#diskPath = diskPath;
  }

  /** CPU is the mean since the measurement before; since boot for the first. */
  async measure(nowMs: number): Promise<BoardLoad> {
    const [cpu, memory, disk, temperatureCelsius] = await Promise.all([
      this.#cpu(),
      memoryUse(),
      this.#disk(),
      this.#temperature(),
    ]);
    return {
      time: new Date(nowMs).toISOString(),
      cpu,
      memory,
      disk,
      load1: loadavg()[0] ?? 0,
      ...(temperatureCelsius === undefined ? {} : { temperatureCelsius }),
    };
  }

  async #cpu(): Promise<BoardLoad['cpu']> {
    const now = parseCpuTicks(await readFile('/proc/stat', 'utf8'));
    const used = usedCores(this.#before, now);
    this.#before = now;
    return { cores: now.cores, usedCores: used };
  }

  async #disk(): Promise<BoardLoad['disk']> {
    const { blocks, bfree, bsize } = await statfs(this.#diskPath);
    return { totalBytes: blocks * bsize, usedBytes: (blocks - bfree) * bsize };
  }

  async #temperature(): Promise<number | undefined> {
    if (this.#thermalPath === null) this.#thermalPath = await findThermalZone();
    if (!this.#thermalPath) return undefined;
    const milliCelsius = Number(await readFile(this.#thermalPath, 'utf8'));
    return Number.isFinite(milliCelsius) ? Math.round(milliCelsius / 100) / 10 : undefined;
  }
}

async function memoryUse(): Promise<BoardLoad['memory']> {
  const { default: memory } = await import('systeminformation/lib/memory.js');
  const { total, available } = await memory.mem();
  return { totalBytes: total, usedBytes: total - available };
}

const THERMAL = '/sys/class/thermal';

/** The processor's own zone where it is named, else the first; `undefined` on a board without one. */
async function findThermalZone(): Promise<string | undefined> {
  const zones = (await namesIn(THERMAL)).filter((name) => name.startsWith('thermal_zone')).sort();
  for (const zone of zones) {
    const type = await readFile(`${THERMAL}/${zone}/type`, 'utf8');
    if (/cpu|soc|x86_pkg/i.test(type)) return `${THERMAL}/${zone}/temp`;
  }
  return zones[0] && `${THERMAL}/${zones[0]}/temp`;
}
