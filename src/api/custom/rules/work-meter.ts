// Bounds what an evaluation may do, in steps of about upstream's size: one for each node that is evaluated, and more
// for what goes through long texts and lists. An expression that spends its limit ends at once.
// Source: k8s.io/apiserver/pkg/apis/cel/config.go
import { type RuleNode, walk } from './rule-nodes.ts';

const MAX_STEPS_PER_RULE = 1_000_000;
export const MAX_STEPS_PER_OBJECT = 10_000_000;
const CHARACTERS_PER_STEP = 10;

/** One for all: it is thrown in loops that go on past errors, where a trace each time would cost more than the rule. */
class OutOfSteps extends Error {
  static readonly thrown = Object.freeze(new OutOfSteps('operation cancelled: actual cost limit exceeded'));
}

export class WorkMeter {
  #steps = 0;

  /** Of the evaluation that ran last. */
  get steps(): number {
    return this.#steps;
  }

  /** The library goes on past errors in `||`, `&&` and `exists`: so this, not an error, says how it ended. */
  get isExceeded(): boolean {
    return this.#steps > MAX_STEPS_PER_RULE;
  }

  begin(): void {
    this.#steps = 0;
  }

  /** Makes a checked expression count. */
  watch(root: RuleNode): void {
    walk(root, (node) => this.#watch(node));
  }

  #watch(node: RuleNode): void {
    const { macro, evaluate } = node.meta;
    const target = macro?.evaluate ? macro : undefined;
    const inner = target?.evaluate ?? evaluate;
    const counted = (...given: unknown[]) => {
      this.#spend(1);
      return inner.call(target, ...given);
    };
    if (target) target.evaluate = counted;
    else node.setMeta('evaluate', counted);
    if (node.handle && WORKING.has(node.op)) node.handle = this.#weighed(node.handle, node.op);
  }

  #weighed(handle: NonNullable<RuleNode['handle']>, op: string): NonNullable<RuleNode['handle']> {
    const isCall = op === 'call' || op === 'rcall';
    return (...given) => {
      const operands = isCall ? (given[0] as unknown[]) : given.slice(0, 2);
      for (const operand of operands) this.#spend(weightOf(operand));
      return handle(...given);
    };
  }

  #spend(steps: number): void {
    this.#steps += steps;
    if (this.isExceeded) throw OutOfSteps.thrown;
  }
}

/** Operators whose work grows with their operands. */
const WORKING = new Set(['call', 'rcall', '==', '!=', 'in', '+', '<', '<=', '>', '>=']);

function weightOf(operand: unknown): number {
  if (typeof operand === 'string') return operand.length / CHARACTERS_PER_STEP;
  if (Array.isArray(operand)) return operand.length;
  if (operand instanceof Uint8Array) return operand.length / CHARACTERS_PER_STEP;
  return operand instanceof Map ? operand.size : 0;
}
