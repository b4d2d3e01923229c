// Values of flags, read with one line that says what would be right. @throws CliError
import { parseDurationMs } from '../api/duration.ts';
import { CliError } from './cli-error.ts';

export function durationFlag(text: string, flag: string): number {
  const value = parseDurationMs(text);
  if (value !== undefined) return value;
  throw new CliError(`${flag} takes a duration such as 30s or 5m, not "${text}"`);
}

/** A whole number from `lowest` up; `undefined` when the flag is not given. */
export function countFlag(text: string | undefined, flag: string, lowest = 0): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() !== '' && Number.isInteger(value) && value >= lowest) return value;
  throw new CliError(`${flag} takes a whole number from ${lowest} up, not "${text}"`);
}

/** `none` when the flag is not given; a bare `--dry-run` means the client's. */
export function dryRunFlag(given: string | true | undefined): 'none' | 'client' | 'server' {
  if (given === undefined || given === 'none') return 'none';
  if (given === true || given === 'client') return 'client';
  if (given === 'server') return 'server';
  throw new CliError(`--dry-run takes none, client or server, not "${given}"`);
}

/** What verbs add to their line about a thing that was not done. */
export function dryRunSuffix(dryRun: 'none' | 'client' | 'server'): string {
  return dryRun === 'none' ? '' : dryRun === 'client' ? ' (dry run)' : ' (server dry run)';
}

/** Of KEY=VALUE and KEY- as `label`, `annotate` and `taint` take them: `null` = remove. */
export function assignments(words: readonly string[], what: string): Map<string, string | null> {
  const found = new Map<string, string | null>();
  for (const word of words) {
    const at = word.indexOf('=');
    const key = at > 0 ? word.slice(0, at) : word.slice(0, -1);
    if (key === '' || (at <= 0 && !word.endsWith('-'))) {
      throw new CliError(`${what} are given as KEY=VALUE, or KEY- to remove one: "${word}" is neither`);
    }
    if (found.has(key)) throw new CliError(`${what}: "${key}" is given twice`);
    found.set(key, at > 0 ? word.slice(at + 1) : null);
  }
  return found;
}
