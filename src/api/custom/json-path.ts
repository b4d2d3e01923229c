// The part of kubectl's JSONPath that definitions use: `.spec.replicas`, `.metadata.annotations.example\.com/x`,
// `['key']`, `[0]`, `[*]` and `[?(@.type=="Ready")]`. https://kubernetes.io/docs/reference/kubectl/jsonpath/
import { isJsonObject, type Json, ownValue } from '../schema/json.ts';

type Step =
  | { key: string }
  | { index: number }
  | { all: true }
  /** Items whose value at `path` is, or is not, `value`. */
  | { where: readonly Step[]; equals: boolean; value: string };

export type JsonPath = readonly Step[];

const STEP =
  /\.\*|\.((?:\\.|[^.[\]\\])+)|\[\*\]|\[(-?\d+)\]|\['((?:\\.|[^'\\])*)'\]|\["((?:\\.|[^"\\])*)"\]|\[\?\(\s*@((?:\.[^=!\s()]+)+)\s*(==|!=)\s*["']?([^"')]*?)["']?\s*\)\]/y;

/** `undefined` for what this subset cannot read. Braces around the whole are allowed. */
export function parseJsonPath(text: string): JsonPath | undefined {
  const inner = /^\{(.*)\}$/.exec(text)?.[1] ?? text;
  const steps: Step[] = [];
  const pattern = new RegExp(STEP);
  while (pattern.lastIndex < inner.length) {
    const match = pattern.exec(inner);
    const step = match && stepOf(match);
    if (!step) return undefined;
    steps.push(step);
  }
  return steps.length > 0 ? steps : undefined;
}

function stepOf(match: RegExpExecArray): Step | undefined {
  const [whole, key, index, single, double, where, operator, value] = match;
  if (key !== undefined) return { key: unescaped(key) };
  if (index !== undefined) return { index: Number(index) };
  if (where !== undefined) {
    const path = parseJsonPath(where);
    return path && { where: path, equals: operator === '==', value: value ?? '' };
  }
  const quoted = single ?? double;
  if (quoted !== undefined) return { key: unescaped(quoted) };
  return whole === '.*' || whole === '[*]' ? { all: true } : undefined;
}

const unescaped = (text: string) => text.replace(/\\(.)/g, '$1');

/** Everything that the path reaches, in order. */
export function evaluate(path: JsonPath, root: Json): Json[] {
  let found: Json[] = [root];
  for (const step of path) found = found.flatMap((value) => reached(step, value));
  return found;
}

function reached(step: Step, value: Json): Json[] {
  if ('key' in step) {
    const child = isJsonObject(value) ? ownValue(value, step.key) : undefined;
    return child === undefined ? [] : [child];
  }
  const items = Array.isArray(value) ? value : isJsonObject(value) ? Object.values(value) : [];
  if ('all' in step) return items;
  if ('index' in step) {
    const item = Array.isArray(value) ? value.at(step.index) : undefined;
    return item === undefined ? [] : [item];
  }
  return items.filter((item) => (String(evaluate(step.where, item)[0]) === step.value) === step.equals);
}

/** Sets what a path of plain keys points at; objects on the way are made. Changes `root`. */
export function setAt(path: JsonPath, root: Json, value: Json): void {
  let at = root;
  path.forEach((step, i) => {
    if (!('key' in step) || !isJsonObject(at)) throw new Error('only a path of plain keys can be set');
    if (i === path.length - 1) at[step.key] = value;
    else {
      at[step.key] ??= {};
      at = at[step.key]!;
    }
  });
}
