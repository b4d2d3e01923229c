// Regular expressions of rules: what is none, and what would be searched for too long, fails the rule.
import { matches, regExpOf, searched } from '../../patterns.ts';
import { fail } from './fail.ts';

/** Ends the evaluation for what is no pattern. */
export const patternOf = (text: string): RegExp => read(text, () => regExpOf(text));

export const isMatch = (text: string, pattern: string): boolean =>
  read(pattern, () => matches(pattern, text));

/** All unless said. */
export const matchesIn = (text: string, pattern: string, limit?: number): string[] =>
  read(pattern, () => searched(pattern, text, limit));

function read<T>(pattern: string, search: () => T | undefined): T {
  try {
    const outcome = search();
    return outcome === undefined ? fail(`regexp '${pattern}' searches for too long`) : outcome;
  } catch (error) {
    if (error instanceof SyntaxError) return fail(`error parsing regexp: ${error.message}`);
    throw error;
  }
}
