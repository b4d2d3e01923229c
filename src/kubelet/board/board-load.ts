// Measures how busy a board is: CPU, memory, disk, load, temperature. Reads files only; what forks in
// systeminformation (currentLoad runs `cat`, fsSize `df`, cpuTemperature a shell loop) is read here directly.
import { readFile, stat, statfs } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { namesIn } from '../../base/if-present.ts';
import { BoardFiles } from './board-files.ts';
import { BoardSensors, type BoardSigns } from './board-sensors.ts';

/** Sizes in bytes, CPU in cores, temperature in °C; absent = not known. */
export interface BoardLoad extends BoardSigns {
  time: string;
  cpu: { cores: number; usedCores: number };
  memory: { totalBytes: number; usedBytes: number };
  /** The file system of pods and logs, and that of images where it is another one. */
  disk: DiskUse;
  imageDisk?: DiskUse;
  load1: number;
  temperatureCelsius?: number;
}

export interface DiskUse {
  totalBytes: number;
  usedBytes: number;
  /** To everybody but root. */
  availableBytes?: number;
  /** Absent where the file system makes them as needed. */
  inodes?: { total: number; free: number };
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
  readonly #sensors: BoardSensors;
  #imagePath: Promise<string | undefined> | undefined;
  #thermalPath: string | undefined | null = null;

  /** `diskPath`: a place on the filesystem that pods write to. */
  constructor(diskPath: string, files = new BoardFiles()) {
    this.#diskPath = diskPath;
    this.#sensors = new BoardSensors(files, diskPath);
  }

  /** CPU is the mean since the measurement before; since boot for the first. */
  async measure(nowMs: number): Promise<BoardLoad> {
    this.#imagePath ??= ownImagePath(this.#diskPath);
    const imagePath = await this.#imagePath;
    const [cpu, memory, disk, temperatureCelsius, signs, imageDisk] = await Promise.all([
      this.#cpu(),
      memoryUse(),
      diskUse(this.#diskPath),
      this.#temperature(),
      this.#sensors.read(nowMs),
      imagePath === undefined ? undefined : diskUse(imagePath),
    ]);
    return {
      time: new Date(nowMs).toISOString(),
      cpu,
      memory,
      disk,
      load1: loadavg()[0] ?? 0,
      ...(imageDisk ? { imageDisk } : {}),
      ...(temperatureCelsius === undefined ? {} : { temperatureCelsius }),
      ...signs,
    };
  }

  async #cpu(): Promise<BoardLoad['cpu']> {
    const now = parseCpuTicks(await readFile('/proc/stat', 'utf8'));
    const used = usedCores(this.#before, now);
    this.#before = now;
    return { cores: now.cores, usedCores: used };
  }

  async #temperature(): Promise<number | undefined> {
    if (this.#thermalPath === null) this.#thermalPath = await findThermalZone();
    if (!this.#thermalPath) return undefined;
    const milliCelsius = Number(await readFile(this.#thermalPath, 'utf8'));
    return Number.isFinite(milliCelsius) ? Math.round(milliCelsius / 100) / 10 : undefined;
  }
}

async function diskUse(path: string): Promise<DiskUse> {
  const { blocks, bfree, bavail, bsize, files, ffree } = await statfs(path);
  return {
    totalBytes: blocks * bsize,
    usedBytes: (blocks - bfree) * bsize,
    availableBytes: bavail * bsize,
    ...(files > 0 ? { inodes: { total: files, free: ffree } } : {}),
  };
}

/** Where podman keeps images, if that is another file system than `diskPath`. */
async function ownImagePath(diskPath: string): Promise<string | undefined> {
  const images = await stat(IMAGE_PATH).catch(() => undefined);
  return images && images.dev !== (await stat(diskPath)).dev ? IMAGE_PATH : undefined;
}

async function memoryUse(): Promise<BoardLoad['memory']> {
  const { default: memory } = await import('systeminformation/lib/memory.js');
  const { total, available } = await memory.mem();
  return { totalBytes: total, usedBytes: total - available };
}

const IMAGE_PATH = '/var/lib/containers/storage';
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
