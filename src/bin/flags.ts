// Command lines of the programs: every flag in one table, read by Node's own parser, wrong ones told in one line.
import { parseArgs } from 'node:util';

export interface Flag {
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
    throw new UsageError(`${(error as Error).message.split('. ')[0]}; see --help`);
  }
}

export function port(values: FlagValues, name: string): number {
  const value = Number(values[name]);
  if (!Number.isInteger(value) || value < 0 || value > 65_535) {
    throw new UsageError(`--${name} takes a port number from 0 to 65535, not '${values[name]}'`);
  }
  return value;
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
