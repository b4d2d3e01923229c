// Regular expressions of custom kinds, which are written for RE2: what has another form in JavaScript is put into it, and
// one that would search for seconds, as RE2 never does, is ended. https://github.com/google/re2/wiki/Syntax
import { runInThisContext } from 'node:vm';

const FLAGS = /^\(\?([ims]+)\)/;
const FORMS: readonly (readonly [RegExp, string])[] = [
  [/\(\?P</g, '(?<'],
  [/\\A/g, '^'],
  [/\\z/g, '$'],
];
/** For one value: thousands of times what patterns of real kinds take. */
const MATCH_LIMIT_MS = 100;
/** Below it even the worst pattern is done within microseconds. */
const SHORT_TEXT = 16;
/** From here on a pattern without any nesting may take long. */
const LONG_TEXT = 1000;

/** `text` as JavaScript reads it; what stands behind a backslash that is itself behind one is left alone. */
function translated(text: string): string {
  const pieces = text
    .split('\\\\')
    .map((piece) => FORMS.reduce((all, [re2, own]) => all.replace(re2, own), piece));
  const joined = pieces.join('\\\\');
  const flags = FLAGS.exec(joined);
  return flags ? `(?${flags[1]}:${joined.slice(flags[0].length)})` : joined;
}

/** @throws SyntaxError for what is no pattern */
export const regExpOf = (text: string, flags = ''): RegExp => new RegExp(translated(text), flags);

export function isPattern(text: string): boolean {
  try {
    regExpOf(text);
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

/** Whether `value` matches; `undefined` when that could not be found out in time. @throws SyntaxError */
export function matches(pattern: string, value: string): boolean | undefined {
  const regExp = regExpOf(pattern);
  if (!mayTakeLong(pattern, value)) return regExp.test(value);
  return inTime(`new RegExp(${JSON.stringify(regExp.source)}).test(${JSON.stringify(value)})`);
}

/** What matches, all unless said; `undefined` when that could not be found out in time. @throws SyntaxError */
export function searched(
  pattern: string,
  value: string,
  limit = Number.POSITIVE_INFINITY,
): string[] | undefined {
  const regExp = regExpOf(pattern, 'g');
  if (!mayTakeLong(pattern, value)) return Array.from(value.matchAll(regExp).take(limit), ([match]) => match);
  const all = `${JSON.stringify(value)}.matchAll(new RegExp(${JSON.stringify(regExp.source)}, 'g'))`;
  return inTime(`Array.from(${all}.take(${limit}), ([match]) => match)`);
}

const mayTakeLong = (pattern: string, { length }: string): boolean =>
  length > LONG_TEXT || (length > SHORT_TEXT && hasNestedRepeats(pattern));

/** A sixth of a millisecond to set up, so it is kept for those that may need it. */
function inTime<T>(code: string): T | undefined {
  try {
    return runInThisContext(code, { timeout: MATCH_LIMIT_MS });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return undefined;
    throw error;
  }
}

/** A group that is repeated and has a repeat or a choice inside: the form that can be gone through in countless ways. */
function hasNestedRepeats(pattern: string): boolean {
  const plain = pattern.replace(/\\./g, 'x').replace(/\[[^\]]*\]/g, 'x');
  const groups: boolean[] = [];
  let isInside = false;
  for (const [i, character] of [...plain].entries()) {
    if (character === '(') {
      groups.push(isInside);
      isInside = false;
    } else if (character === ')') {
      if (isInside && /[*+{]/.test(plain[i + 1] ?? '')) return true;
      isInside = (groups.pop() ?? false) || isInside;
    } else if (/[*+{|]/.test(character)) isInside = true;
  }
  return false;
}
