// Patterns that stand in a rule as they are: a wrong one is refused with the definition, not with every object.
import { patternOf } from './functions/pattern.ts';
import { type RuleNode, walk } from './rule-nodes.ts';

const TAKE_PATTERNS = new Set(['matches', 'find', 'findAll']);

/** Puts each into the form that the library reads. @throws EvaluationError for what is no pattern */
export function preparePatterns(root: RuleNode): void {
  walk(root, (node) => {
    if (node.op !== 'rcall') return;
    const [name, , [pattern]] = node.args as [string, RuleNode, (RuleNode | undefined)[]];
    if (!TAKE_PATTERNS.has(name) || pattern?.op !== 'value' || typeof pattern.args !== 'string') return;
    const { source } = patternOf(pattern.args);
    if (name === 'matches') pattern.args = source;
  });
}
