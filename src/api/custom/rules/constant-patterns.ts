// Patterns of rules: a wrong one that stands in a rule as it is is refused with the definition, not with every object; and
// the library's own `matches` reads them as RE2 does, and not for ever.
import { isMatch, patternOf } from './functions/pattern.ts';
import { type RuleNode, walk } from './rule-nodes.ts';

const TAKE_PATTERNS = new Set(['matches', 'find', 'findAll']);

/** @throws EvaluationError for what is no pattern */
export function preparePatterns(root: RuleNode): void {
  walk(root, (node) => {
    if (node.op !== 'rcall') return;
    const [name, , [pattern]] = node.args as [string, RuleNode, (RuleNode | undefined)[]];
    if (!TAKE_PATTERNS.has(name)) return;
    if (pattern?.op === 'value' && typeof pattern.args === 'string') patternOf(pattern.args);
    if (name === 'matches') node.handle = (operands) => isMatch(...(operands as [string, string]));
  });
}
