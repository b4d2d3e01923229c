// What a board says about its own trouble: supply voltage, throttling, processes, a read-only disk, a clock that nobody
// has set. Files only, a handful a beat; where they are is looked for once.
import { access, constants } from 'node:fs/promises';
import { namesIn } from '../../base/if-present.ts';
import { EARLIEST_CLOCK_MS } from '../../base/met-times.ts';
import type { BoardFiles } from './board-files.ts';

/** https://www.raspberrypi.com/documentation/computers/os.html#get_throttled: bits 0 to 3, and 16 to 19 since the boot. */
export const THROTTLING = ['underVoltage', 'frequencyCapped', 'throttled', 'softTemperatureLimit'] as const;
export type Throttling = (typeof THROTTLING)[number];
const SINCE_BOOT_BIT = 16;

export interface BoardSigns {
  /** Threads, which is what the kernel counts. */
  pids?: { used: number; max: number };
  /** Absent on boards that cannot tell. */
  throttling?: { now: Throttling[]; sinceBoot: Throttling[] };
  /** Absent when all is well. */
  faults?: ('readOnlyFilesystem' | 'clockNotSet')[];
}

const PLATFORM = 'sys/devices/platform';

export class BoardSensors {
  readonly #files: BoardFiles;
  readonly #directories: readonly string[];
  #places: Promise<Places> | undefined;
  #wasWritable = new Set<string>();

  /** `dataDir` must be writable for pods to run; the root is told of when it was writable before. */
  constructor(files: BoardFiles, dataDir: string) {
    this.#files = files;
    this.#wasWritable.add(dataDir);
    this.#directories = [dataDir, files.path('/')];
  }

  async read(nowMs: number): Promise<BoardSigns> {
    this.#places ??= findPlaces(this.#files);
    const places = await this.#places;
    const [pids, throttling, isReadOnly, isClockSet] = await Promise.all([
      this.#pids(),
      this.#throttling(places),
      this.#isReadOnly(),
      this.#isClockSet(nowMs, places),
    ]);
    const faults: BoardSigns['faults'] = [];
    if (isReadOnly) faults.push('readOnlyFilesystem');
    if (!isClockSet) faults.push('clockNotSet');
    return {
      ...(pids ? { pids } : {}),
      ...(throttling ? { throttling } : {}),
      ...(faults.length > 0 ? { faults } : {}),
    };
  }

  async #pids(): Promise<BoardSigns['pids']> {
    const load = await this.#files.text('proc/loadavg');
    const used = Number(/\d+\/(\d+) /.exec(load ?? '')?.[1]);
    const limits = await Promise.all(
      ['pid_max', 'threads-max'].map((name) => this.#files.number(`proc/sys/kernel/${name}`)),
    );
    const max = Math.min(...limits.map((limit) => limit ?? Number.POSITIVE_INFINITY));
    return Number.isFinite(used) && Number.isFinite(max) ? { used, max } : undefined;
  }

  async #throttling({ throttled, voltageAlarm }: Places): Promise<BoardSigns['throttling']> {
    const text = throttled && (await this.#files.text(throttled));
    if (text) return parseThrottled(text);
    const alarm = voltageAlarm === undefined ? undefined : await this.#files.number(voltageAlarm);
    if (alarm === undefined) return undefined;
    return { now: alarm > 0 ? ['underVoltage'] : [], sinceBoot: [] };
  }

  /** Asked without writing: access(2) refuses a file system that was mounted, or remounted after errors, read-only. */
  async #isReadOnly(): Promise<boolean> {
    const answers = await Promise.all(this.#directories.map((directory) => isWritable(directory)));
    let isReadOnly = false;
    for (const [index, answer] of answers.entries()) {
      const directory = this.#directories[index] ?? '';
      if (answer) this.#wasWritable.add(directory);
      else isReadOnly ||= this.#wasWritable.has(directory);
    }
    return isReadOnly;
  }

  /** A board without a clock of its own has the time of its last shutdown until a server has told it. */
  async #isClockSet(nowMs: number, { isSyncAwaited }: Places): Promise<boolean> {
    if (nowMs < EARLIEST_CLOCK_MS) return false;
    if (!isSyncAwaited) return true;
    return (await namesIn(this.#files.path('run/systemd/timesync'))).includes('synchronized');
  }
}

/** The text of get_throttled: hexadecimal without a prefix. */
export function parseThrottled(text: string): NonNullable<BoardSigns['throttling']> {
  const bits = Number.parseInt(text, 16) || 0;
  const from = (bit: number) => THROTTLING.filter((_, index) => bits & (1 << (bit + index)));
  return { now: from(0), sinceBoot: from(SINCE_BOOT_BIT) };
}

interface Places {
  throttled: string | undefined;
  voltageAlarm: string | undefined;
  isSyncAwaited: boolean;
}

async function findPlaces(files: BoardFiles): Promise<Places> {
  const hasOwnClock = (await namesIn(files.path('sys/class/rtc'))).length > 0;
  const hasTimesyncd = (await namesIn(files.path('run/systemd'))).includes('timesync');
  return {
    throttled: await findThrottled(files),
    voltageAlarm: await findVoltageAlarm(files),
    isSyncAwaited: hasTimesyncd && !hasOwnClock,
  };
}

/** `soc/soc:firmware`, and `soc@107c000000/soc@107c000000:firmware` on a Pi 5. */
async function findThrottled(files: BoardFiles): Promise<string | undefined> {
  for (const soc of (await namesIn(files.path(PLATFORM))).filter((name) => /^soc(@|$)/.test(name))) {
    const path = `${PLATFORM}/${soc}/${soc}:firmware/get_throttled`;
    if ((await files.text(path)) !== undefined) return path;
  }
  return undefined;
}

/** Kernels without get_throttled have the driver raspberrypi-hwmon. */
async function findVoltageAlarm(files: BoardFiles): Promise<string | undefined> {
  for (const chip of await namesIn(files.path('sys/class/hwmon'))) {
    const isSupply = (await files.text(`sys/class/hwmon/${chip}/name`)) === 'rpi_volt';
    if (isSupply) return `sys/class/hwmon/${chip}/in0_lcrit_alarm`;
  }
  return undefined;
}

async function isWritable(directory: string): Promise<boolean> {
  try {
    await access(directory, constants.W_OK);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'EROFS';
  }
}
