// Label selectors: the text form of query parameters and the plain maps of specs, with one meaning.
// https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
import { labelValueProblems, qualifiedNameProblems } from './names.ts';
import type { meta } from './objects.ts';
import { badRequest } from './status-error.ts';

type Operator = 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'Gt' | 'Lt';

interface Requirement {
  key: string;
  operator: Operator;
  values: readonly string[];
}

/** All requirements must hold; none = everything matches. */
export type LabelSelector = readonly Requirement[];

type Labels = Readonly<Record<string, string>>;

const SET_FORM = /^([^\s!=<>,()]+)\s+(in|notin)\s*\(([^()]*)\)$/;
const COMPARED_FORM = /^([^\s!=<>,()]+)\s*(==|=|!=|<|>)\s*([^\s!=<>,()]*)$/;
const EXISTS_FORM = /^(!?)\s*([^\s!=<>,()]+)$/;
const OPERATORS: Readonly<Record<string, Operator>> = { '!=': 'NotIn', '<': 'Lt', '>': 'Gt' };

function unparsable(text: string, why: string) {
  return badRequest(`unable to parse requirement: ${why} (in selector "${text}")`);
}

/** Splits at commas outside parentheses. */
function clauses(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '(') depth += 1;
    else if (text[i] === ')') depth -= 1;
    else if (text[i] === ',' && depth === 0) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  parts.push(text.slice(start));
  return parts.map((part) => part.trim());
}

function parseClause(clause: string): Requirement | undefined {
  const set = SET_FORM.exec(clause);
  if (set) {
    const values = (set[3] ?? '').split(',').map((value) => value.trim());
    return {
      key: set[1] ?? '',
      operator: set[2] === 'in' ? 'In' : 'NotIn',
      values: [...new Set(values)].sort(),
    };
  }
  const compared = COMPARED_FORM.exec(clause);
  if (compared) {
    const [, key = '', sign = '', value = ''] = compared;
    return { key, operator: OPERATORS[sign] ?? 'In', values: [value] };
  }
  const exists = EXISTS_FORM.exec(clause);
  if (exists) return { key: exists[2] ?? '', operator: exists[1] ? 'DoesNotExist' : 'Exists', values: [] };
  return undefined;
}

const isOrder = ({ operator }: Requirement): boolean => operator === 'Gt' || operator === 'Lt';

const wholeNumber = (text: string): number | undefined =>
  /^[+-]?\d{1,15}$/.test(text) ? Number(text) : undefined;

const numberProblem = (value: string): string | undefined =>
  wholeNumber(value) === undefined ? "for 'Gt', 'Lt' operators, the value must be an integer" : undefined;

/** The first thing wrong with a requirement's key or values, in upstream's words. */
function problemOf(requirement: Requirement): string | undefined {
  const key = qualifiedNameProblems(requirement.key)[0];
  if (key) return `key: Invalid value: ${JSON.stringify(requirement.key)}: ${key}`;
  for (const value of requirement.values) {
    const problem = isOrder(requirement) ? numberProblem(value) : labelValueProblems(value)[0];
    if (problem) return `values: Invalid value: ${JSON.stringify(value)}: ${problem}`;
  }
  return undefined;
}

/** Reads `a=b,c!=d,e in (f,g),!h,i,j>1`. Throws a BadRequest StatusError that says what cannot be read. */
export function parseLabelSelector(text: string | undefined): LabelSelector {
  if (text === undefined || text.trim() === '') return [];
  return clauses(text).map((clause) => {
    const requirement = parseClause(clause);
    if (!requirement)
      throw unparsable(
        text,
        `found '${clause}', expected: key, !key, key=value, key!=value, key in (a,b), key>1, key<1`,
      );
    const problem = problemOf(requirement);
    if (problem) throw unparsable(text, problem);
    return requirement;
  });
}

/** The requirements of a LabelSelector object; `undefined` = nothing matches, as upstream reads a missing one. */
export function selectorFromObject(selector: meta.LabelSelector | undefined): LabelSelector | undefined {
  if (!selector) return undefined;
  const equal = selectorFromLabels(selector.matchLabels ?? {});
  const expressions = (selector.matchExpressions ?? []).map(
    (e): Requirement => ({
      key: e.key,
      operator: e.operator as Operator,
      values: [...(e.values ?? [])].sort(),
    }),
  );
  return [...equal, ...expressions];
}

/** The requirements of a plain map, as in `spec.selector` of Service and ReplicationController. */
export function selectorFromLabels(labels: Labels): LabelSelector {
  return Object.keys(labels)
    .sort()
    .map((key) => ({ key, operator: 'In', values: [labels[key] ?? ''] }));
}

function holds({ key, operator, values }: Requirement, labels: Labels): boolean {
  const present = Object.hasOwn(labels, key);
  const value = present ? labels[key] : undefined;
  if (operator === 'Exists') return present;
  if (operator === 'DoesNotExist') return !present;
  if (operator === 'Gt' || operator === 'Lt') return isOrdered(operator, wholeNumber(value ?? ''), values);
  const among = value !== undefined && values.includes(value);
  return operator === 'In' ? among : !among;
}

function isOrdered(
  operator: 'Gt' | 'Lt',
  value: number | undefined,
  [text = '']: readonly string[],
): boolean {
  const bound = wholeNumber(text);
  if (value === undefined || bound === undefined) return false;
  return operator === 'Gt' ? value > bound : value < bound;
}

export function matchesLabels(selector: LabelSelector, labels: Labels | undefined): boolean {
  return selector.every((requirement) => holds(requirement, labels ?? {}));
}

/** True when `labels` carries every pair of `selector`; an empty selector matches everything. */
export function matchesSelectorMap(selector: Labels, labels: Labels | undefined): boolean {
  return Object.entries(selector).every(([key, value]) => labels?.[key] === value);
}

function clauseText({ key, operator, values }: Requirement): string {
  if (operator === 'Exists') return key;
  if (operator === 'DoesNotExist') return `!${key}`;
  if (operator === 'Gt' || operator === 'Lt') return `${key}${operator === 'Gt' ? '>' : '<'}${values[0]}`;
  if (values.length === 1) return `${key}${operator === 'In' ? '=' : '!='}${values[0]}`;
  return `${key} ${operator === 'In' ? 'in' : 'notin'} (${values.join(',')})`;
}

/** The text form, which {@link parseLabelSelector} reads back to the same meaning. */
export function formatLabelSelector(selector: LabelSelector): string {
  return selector.map(clauseText).join(',');
}

/** `a=b,c=d` of a plain map, sorted; upstream's `<none>` for an empty one is the caller's. */
export function formatLabels(labels: Labels | undefined): string {
  return formatLabelSelector(selectorFromLabels(labels ?? {}));
}
