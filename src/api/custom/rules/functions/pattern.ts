// Regular expressions of rules, which are written for RE2: what has another form in JavaScript is put into it.
// https://github.com/google/re2/wiki/Syntax
import { fail } from './fail.ts';

const FLAGS = /^\(\?([ims]+)\)/;
const FORMS: readonly (readonly [RegExp, string])[] = [
  [/\(\?P</g, '(?<'],
  [/\\A/g, '^'],
  [/\\z/g, '$'],
];

/** `text` as JavaScript reads it; what stands behind a backslash that is itself behind one is left alone. */
function translated(text: string): string {
  const pieces = text
    .split('\\\\')
    .map((piece) => FORMS.reduce((all, [re2, own]) => all.replace(re2, own), piece));
  const joined = pieces.join('\\\\');
  const flags = FLAGS.exec(joined);
  return flags ? `(?${flags[1]}:${joined.slice(flags[0].length)})` : joined;
}

/** Ends the evaluation for what is no pattern. */
export function patternOf(text: string, flags = ''): RegExp {
  try {
    return new RegExp(translated(text), flags);
  } catch (error) {
    if (error instanceof SyntaxError) return fail(`error parsing regexp: ${error.message}`);
    throw error;
  }
}
