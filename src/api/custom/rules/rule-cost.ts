// What an expression may cost at most, from the sizes that the schema allows: a rule that could hold up the server is
// refused with its definition. Upstream's units and weights, for the operations that repeat or read long values.
// Source: github.com/google/cel-go checker/cost.go; k8s.io/apiserver/pkg/cel/library/cost.go
import { type Comprehension, effective, type RuleNode } from './rule-nodes.ts';
import { MAX_REQUEST_BYTES, type RuleType } from './rule-types.ts';

const LIST_COST = 10;
const MAP_COST = 30;
const PER_CHARACTER = 0.1;
const PER_PATTERN_CHARACTER = 0.25;
/** Of what no schema bounds, such as a text that the rule puts together. */
const UNKNOWN_SIZE = MAX_REQUEST_BYTES;

/** What is known of a value before it is there. */
interface Estimate {
  cost: number;
  /** Most elements, keys or characters. */
  size: number;
  type?: RuleType | undefined;
  /** Of lists and maps whose type the schema does not tell. */
  element?: Estimate | undefined;
}

type Names = ReadonlyMap<string, Estimate>;

/** Told of each field that a rule asks for and the schema does not have. */
type OnUndefined = (name: string, at: number) => void;

/** `types` by variable. */
export function estimateCost(
  root: RuleNode,
  types: ReadonlyMap<string, RuleType>,
  told: OnUndefined,
): number {
  const names = new Map([...types].map(([name, type]) => [name, ofType(type, 1)] as const));
  return new CostEstimate(told).of(root, names).cost;
}

const ofType = (type: RuleType | undefined, cost: number): Estimate => ({
  cost,
  type,
  size: type?.maxSize ?? UNKNOWN_SIZE,
});

class CostEstimate {
  readonly #told: OnUndefined;

  constructor(told: OnUndefined) {
    this.#told = told;
  }

  of(given: RuleNode, names: Names): Estimate {
    const node = effective(given);
    if (node.meta.macro) return this.#macro(node, names);
    switch (node.op) {
      case 'value':
        return { cost: 0, size: sizeOfConstant(node.args) };
      case 'id':
        return { ...(names.get(node.args as string) ?? ofType(undefined, 1)), cost: 1 };
      case '.':
      case '.?':
        return this.#field(node, names);
      case '[]':
      case '[?]':
        return this.#item(node, names);
      case 'comprehension':
        return this.#loop(node.args as Comprehension, names);
      case '?:':
        return this.#choice(node, names);
      case 'call':
        return this.#call(node.args as [string, RuleNode[]], undefined, names);
      case 'rcall': {
        const [name, receiver, operands] = node.args as [string, RuleNode, RuleNode[]];
        return this.#call([name, operands], receiver, names);
      }
      case 'accuPush':
      case '!_':
      case '-_':
        return plus(this.of(node.args as RuleNode, names), 1);
      default:
        return this.#operator(node, names);
    }
  }

  #macro(node: RuleNode, names: Names): Estimate {
    const { macro } = node.meta;
    if (macro?.args?.[0]) return { cost: this.#field(macro.args[0], names).cost, size: 1 };
    if (macro?.exp && macro.val && macro.var) {
      const value = this.of(macro.val, names);
      return plus(this.of(macro.exp, new Map([...names, [macro.var, value]])), value.cost);
    }
    const parts = [macro?.receiver, macro?.arg].flatMap((part) => (part ? [this.of(part, names)] : []));
    return { ...largest(parts), cost: 1 + sum(parts) };
  }

  #field(node: RuleNode, names: Names): Estimate {
    const [holder, name] = node.args as [RuleNode, string];
    const from = this.of(holder, names);
    const { type } = from;
    if (type?.fields && !type.fields.has(name)) this.#told(name, node.start + lengthBefore(node));
    return ofType(type?.fields?.get(name) ?? type?.element, from.cost + 1);
  }

  #item(node: RuleNode, names: Names): Estimate {
    const [from, key] = (node.args as [RuleNode, RuleNode]).map((part) => this.of(part, names)) as [
      Estimate,
      Estimate,
    ];
    return { ...elementOf(from), cost: from.cost + key.cost + 1 };
  }

  #loop({ iterable, iterVarName, init, step }: Comprehension, names: Names): Estimate {
    const range = this.of(iterable, names);
    // As upstream: keys, which no schema bounds, count as short.
    const element = isMap(range.type) ? { cost: 1, size: 1 } : elementOf(range);
    const each = this.of(step, new Map([...names, [iterVarName, element]]));
    const cost = range.cost + this.of(init, names).cost + range.size * (each.cost + 1) + 1;
    return { cost, size: range.size, element: { ...each, cost: 1 } };
  }

  #choice(node: RuleNode, names: Names): Estimate {
    const [condition, left, right] = (node.args as RuleNode[]).map((part) => this.of(part, names)) as [
      Estimate,
      Estimate,
      Estimate,
    ];
    const chosen = left.size >= right.size ? left : right;
    return { ...chosen, cost: condition.cost + Math.max(left.cost, right.cost) };
  }

  #call([name, operands]: [string, RuleNode[]], receiver: RuleNode | undefined, names: Names): Estimate {
    const given = [receiver, ...operands].flatMap((part) => (part ? [this.of(part, names)] : []));
    const cost = sum(given) + callCost(name, given);
    const [first] = given;
    return { cost, size: resultSize(name, given), element: first && elementOf(first) };
  }

  #operator(node: RuleNode, names: Names): Estimate {
    if (node.op === 'accuValue' || node.op === 'accuInc') return { cost: 1, size: UNKNOWN_SIZE };
    const operands = (Array.isArray(node.args) ? node.args.flat(2) : []) as RuleNode[];
    const given = operands.map((part) => this.of(part, names));
    const cost = sum(given);
    switch (node.op) {
      case 'list':
        return { cost: cost + LIST_COST, size: given.length, element: { ...largest(given), cost: 1 } };
      case 'map':
        return { cost: cost + MAP_COST, size: given.length / 2, element: { ...largest(given), cost: 1 } };
      case 'in':
        return { cost: cost + (isMap(given[1]?.type) ? 1 : (given[1]?.size ?? 1)), size: 1 };
      case '+':
        return {
          ...largest(given),
          cost: cost + joinCost(node, given),
          size: given.reduce((n, g) => n + g.size, 0),
        };
      default:
        return { cost: cost + comparisonCost(node, given), size: 1 };
    }
  }
}

const isMap = (type: RuleType | undefined) => type?.name.startsWith('map<') ?? false;
const sum = (given: readonly Estimate[]) => given.reduce((total, { cost }) => total + cost, 0);
const plus = (estimate: Estimate, cost: number): Estimate => ({ ...estimate, cost: estimate.cost + cost });
const elementOf = ({ type, element }: Estimate): Estimate => element ?? ofType(type?.element, 1);

function largest(given: readonly Estimate[]): Estimate {
  const [first = { cost: 0, size: 0 }, ...rest] = given;
  return rest.reduce((most, next) => (next.size > most.size ? next : most), first);
}

function sizeOfConstant(value: unknown): number {
  return typeof value === 'string' || value instanceof Uint8Array ? value.length : 1;
}

/** Of a selection, whose place is where its dot stands. */
function lengthBefore(node: RuleNode): number {
  const [holder] = node.args as [RuleNode & { end?: number }];
  return (holder.end ?? node.start) - node.start;
}

const hasLength = (node: RuleNode): boolean =>
  /^(string|bytes|list|map|dyn)/.test(node.checkedType?.name ?? 'dyn');

/** Both sides are read as far as the shorter one goes. */
function comparisonCost(node: RuleNode, given: readonly Estimate[]): number {
  const sides = Array.isArray(node.args) ? (node.args as RuleNode[]) : [];
  if (!COMPARISONS.has(node.op) || !sides.every(hasLength)) return 1;
  return Math.max(1, Math.min(...given.map(({ size }) => size)) * PER_CHARACTER);
}
const COMPARISONS = new Set(['==', '!=', '<', '<=', '>', '>=']);

const joinCost = (node: RuleNode, given: readonly Estimate[]): number =>
  hasLength(node) ? Math.max(1, given.reduce((total, { size }) => total + size, 0) * PER_CHARACTER) : 1;

const WHOLE_LIST = new Set(['isSorted', 'sum', 'max', 'min', 'indexOf', 'lastIndexOf', 'join']);

function callCost(name: string, [first, second]: readonly Estimate[]): number {
  const size = first?.size ?? 1;
  switch (name) {
    case 'startsWith':
    case 'endsWith':
      return (second?.size ?? 1) * PER_CHARACTER;
    case 'contains':
      return size * PER_CHARACTER * Math.max(1, (second?.size ?? 1) * PER_CHARACTER);
    case 'matches':
    case 'find':
    case 'findAll':
      return (size + 1) * PER_CHARACTER * Math.max(1, (second?.size ?? 1) * PER_PATTERN_CHARACTER);
    case 'size':
    case 'dyn':
    case 'type':
    case 'hasValue':
    case 'value':
      return 1;
    default:
      return WHOLE_LIST.has(name) ? Math.max(1, size) : Math.max(1, size * PER_CHARACTER);
  }
}

function resultSize(name: string, given: readonly Estimate[]): number {
  if (name === 'format' || name === 'replace' || name === 'join') return UNKNOWN_SIZE;
  return given[0]?.size ?? 1;
}
