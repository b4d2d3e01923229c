// The parsed form of an expression as the library keeps it, and a way to go through all of it. The library's own types
// leave out what macros become, which is where the work of an expression is.

export interface Comprehension {
  iterable: RuleNode;
  iterVarName: string;
  init: RuleNode;
  step: RuleNode;
}

interface Macro {
  evaluate?: Evaluate;
  /** Of `has`. */
  args?: RuleNode[];
  /** Of `cel.bind`. */
  var?: string;
  val?: RuleNode;
  exp?: RuleNode;
  /** Of `or` and `orValue` of optionals. */
  receiver?: RuleNode;
  arg?: RuleNode;
}

/** The library's own, which is wrapped and handed through. */
type Evaluate = (...given: unknown[]) => unknown;

export interface RuleNode {
  readonly op: string;
  args: unknown;
  readonly start: number;
  readonly checkedType?: { readonly name: string; readonly kind: string };
  readonly meta: { evaluate: Evaluate; alternate?: RuleNode; macro?: Macro };
  /** What a call or an operator does with its operands. */
  handle?: Evaluate;
  setMeta(key: string, value: unknown): RuleNode;
}

const isNode = (value: unknown): value is RuleNode =>
  typeof value === 'object' && value !== null && 'op' in value && 'setMeta' in value;

/** What a node does its work by: itself, or what its macro became. */
export const effective = (node: RuleNode): RuleNode => node.meta.alternate ?? node;

/** The nodes that are evaluated right below an effective node. */
function operandsOf(node: RuleNode): RuleNode[] {
  const { macro } = node.meta;
  if (macro) return [macro.receiver, macro.val, macro.exp, macro.arg].filter(isNode);
  if (node.op === 'comprehension') {
    const { iterable, init, step } = node.args as Comprehension;
    return [iterable, init, step];
  }
  const { args } = node;
  return isNode(args) ? [args] : Array.isArray(args) ? args.flat(2).filter(isNode) : [];
}

export function walk(node: RuleNode, visit: (node: RuleNode) => void): void {
  const own = effective(node);
  visit(own);
  for (const operand of operandsOf(own)) walk(operand, visit);
}
