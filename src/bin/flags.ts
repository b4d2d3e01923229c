// Command lines of the programs: every flag in one table, read by Node's own parser, wrong ones told in one line.
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { parseDurationMs } from '../api/duration.ts';

interface Flag {
  /** Shown in --help; `boolean` flags take no value. */
  value: string | undefined;
  help: string;
  default?: string;
}

export type Flags = Record<string, Flag>;
export type FlagValues = Record<string, string | undefined>;

export class UsageError extends Error {}

/** Values by flag name, defaults filled in; a boolean flag that was given is `'true'`. */
export function parseFlags(flags: Flags, argv: readonly string[]): FlagValues {
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, flag]) => [name, { type: flag.value ? 'string' : 'boolean' } as const]),
  );
  const { values } = parse(argv, options);
  return Object.fromEntries(
    Object.entries(flags).map(([name, flag]) => [name, values[name]?.toString() ?? flag.default]),
  );
}

function parse(argv: readonly string[], options: Record<string, { type: 'string' | 'boolean' }>) {
  try {
    return parseArgs({ args: [...argv], options, strict: true, allowPositionals: false });
  } catch (error) {
    const [said = ''] = (error as Error).message.split(/\.\s/);
    throw new UsageError(`${said}; see --help`);
  }
}

/** `lowest` is 0 where that means off: a port of the system's choice would be known to nobody. */
export function port(values: FlagValues, name: string, lowest: 0 | 1 = 1): number {
  const text = values[name] ?? '';
  const value = Number(text);
  if (text.trim() === '' || !Number.isInteger(value) || value < lowest || value > 65_535) {
    throw new UsageError(`--${name} takes a port number from ${lowest} to 65535, not '${text}'`);
  }
  return value;
}

/** A duration such as `8s` or `2m`, in milliseconds. */
export function durationMs(values: FlagValues, name: string, lowestMs = 0): number {
  const value = parseDurationMs(values[name] ?? '');
  if (value !== undefined && value >= lowestMs) return value;
  const from = lowestMs > 0 ? ` from ${lowestMs / 1000}s on` : '';
  throw new UsageError(`--${name} takes a duration${from} such as 8s or 2m, not '${values[name]}'`);
}

/** A number from `lowest` to `highest`; whole where `isWhole`. */
export function numberIn(
  values: FlagValues,
  name: string,
  { lowest, highest, isWhole }: { lowest: number; highest: number; isWhole?: boolean },
): number {
  const text = values[name] ?? '';
  const value = Number(text);
  const isKind = text.trim() !== '' && (isWhole ? Number.isInteger(value) : Number.isFinite(value));
  if (isKind && value >= lowest && value <= highest) return value;
  const kind = isWhole ? 'a whole number' : 'a number';
  throw new UsageError(`--${name} takes ${kind} from ${lowest} to ${highest}, not '${text}'`);
}

/** IP addresses with commas between them; `undefined` when the flag is not given. */
export function addresses(values: FlagValues, name: string): string[] | undefined {
  const list = values[name]?.split(',').map((address) => address.trim());
  const wrong = list?.find((address) => !isIP(address));
  if (wrong === undefined) return list;
  throw new UsageError(`--${name} takes IP addresses with commas between them, not '${wrong}'`);
}

/** Absolute; `undefined` when it is not given. */
export function podManifestPath(values: FlagValues): string | undefined {
  const path = values['pod-manifest-path'];
  return path ? resolve(path) : undefined;
}

export function required(values: FlagValues, name: string): string {
  const value = values[name];
  if (!value) throw new UsageError(`--${name} is needed; see --help`);
  return value;
}

export function helpText(usage: string, about: string, flags: Flags): string {
  const lines = Object.entries(flags).map(([name, flag]) => {
    const left = flag.value ? `--${name} ${flag.value}` : `--${name}`;
    const byDefault = flag.default ? ` (default ${flag.default})` : '';
    return `  ${left.padEnd(28)} ${flag.help}${byDefault}`;
  });
  return `${about}\n\nUsage: ${usage}\n\n${lines.join('\n')}`;
}
