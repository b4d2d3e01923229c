// Regular expressions of rules: what is none fails the rule.
import { regExpOf } from '../../patterns.ts';
import { fail } from './fail.ts';

/** Ends the evaluation for what is no pattern. */
export function patternOf(text: string, flags = ''): RegExp {
  try {
    return regExpOf(text, flags);
  } catch (error) {
    if (error instanceof SyntaxError) return fail(`error parsing regexp: ${error.message}`);
    throw error;
  }
}
