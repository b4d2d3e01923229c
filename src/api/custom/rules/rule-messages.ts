// What is wrong with an expression, in the words of upstream's compiler: people and tests look for them.
// Source: github.com/google/cel-go common/error.go, checker/errors.go; the conformance tests of validation rules
import { ParseError } from '@marcbachmann/cel-js';
import type { RuleNode } from './rule-nodes.ts';

/** What the library throws, as far as it is read here. */
interface LanguageError {
  code: string;
  summary: string;
  range?: { start: number };
  node?: RuleNode;
}

const isLanguageError = (error: unknown): error is LanguageError =>
  error instanceof Error && 'summary' in error && 'code' in error;

/** What a function of JavaScript's own says, such as one that knows no such time zone. */
const plain = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** As {@link describe}. */
export function compilationFailed(error: unknown, source: string): string {
  if (!isLanguageError(error)) return describe(plain(error), 0, source);
  const text = error instanceof ParseError ? `Syntax error: ${error.summary}` : textOf(error);
  const start = error.range?.start ?? 0;
  // A missing field is told where its dot stands.
  return describe(text, error.code === 'no_such_key' ? Math.max(0, start - 1) : start, source);
}

/** One error with its place: `compilation failed: ERROR: <input>:1:5: undefined field 'z'` and the line below. */
export function describe(text: string, at: number, source: string): string {
  const before = source.slice(0, at).split('\n');
  const column = before.at(-1)?.length ?? 0;
  const line = source.split('\n')[before.length - 1] ?? '';
  const place = `<input>:${before.length}:${column + 1}`;
  return `compilation failed: ERROR: ${place}: ${text}\n | ${line}\n | ${'.'.repeat(column)}^`;
}

export const undefinedField = (name: string): string => `undefined field '${name}'`;

function textOf({ code, summary, node }: LanguageError): string {
  const said = /: (.*)$/.exec(summary)?.[1] ?? summary;
  switch (code) {
    case 'unknown_variable':
      return `undeclared reference to '${said}' (in container '')`;
    case 'no_such_key':
      return undefinedField(said);
    case 'no_such_overload':
      return overloadText(said);
    case 'no_matching_overload':
      return callText(node, summary);
    default:
      return summary;
  }
}

/** `int + string` as `'_+_' applied to '(int, string)'`. */
function overloadText(said: string): string {
  const binary = /^(.+) (==|!=|in|<=|>=|[-+*/%<>]) (.+)$/.exec(said);
  if (binary) {
    const [, left = '', operator = '', right = ''] = binary;
    const name = operator === 'in' ? '@in' : `_${operator}_`;
    return `found no matching overload for '${name}' applied to '(${left}, ${right})'`;
  }
  const [, operator = '', operand = ''] = /^([!-])(.+)$/.exec(said) ?? [];
  return `found no matching overload for '${operator}_' applied to '(${operand})'`;
}

function callText(node: RuleNode | undefined, summary: string): string {
  const [, said = ''] = /'(.*)'/.exec(summary) ?? [];
  const [, receiver, name = '', parameters = ''] = /^(?:(.+)\.)?(\w+)\((.*)\)$/.exec(said) ?? [];
  const candidates = (node as { candidates?: { declarations: unknown[] } } | undefined)?.candidates;
  if (candidates?.declarations.length === 0) return `undeclared reference to '${name}' (in container '')`;
  const applied = receiver ? `${receiver}.(${parameters})` : `(${parameters})`;
  return `found no matching overload for '${name}' applied to '${applied}'`;
}

/** What went wrong while an expression ran, as upstream begins it: `no such key: x`. */
export function evaluationFailed(error: unknown): string {
  const summary = isLanguageError(error) ? error.summary : plain(error);
  return summary.charAt(0).toLowerCase() + summary.slice(1);
}
