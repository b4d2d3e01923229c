// edgectl doctor: what this board lacks to run pods, and how to mend each. Asks no server. Ends with 1 when something
// keeps pods from running; a warning does not.
import { checkFormat, formatValue } from './format-value.ts';
import type { Io } from './io.ts';

/** One thing that was looked at. */
export interface Check {
  name: string;
  status: 'ok' | 'warning' | 'problem';
  message: string;
  /** What to do about it; absent when it is ok. */
  mend?: string;
}

export interface DoctorFlags {
  dataDir?: string;
  output?: string;
}

export async function doctor(
  io: Io,
  examine: (dataDir?: string) => Promise<Check[]>,
  flags: DoctorFlags,
): Promise<number> {
  const format = checkFormat(flags.output, ['json', 'yaml'] as const);
  const checks = await examine(flags.dataDir);
  const isWell = checks.every(({ status }) => status !== 'problem');
  if (format) await io.out(await formatValue({ healthy: isWell, checks }, format));
  else await io.out(checks.map(asLines).join(''));
  return isWell ? 0 : 1;
}

function asLines({ name, status, message, mend }: Check): string {
  const line = `${status.padEnd(8)} ${name.padEnd(16)} ${message}\n`;
  return mend ? `${line}${' '.repeat(26)}→ ${mend}\n` : line;
}
