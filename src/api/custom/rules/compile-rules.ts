// Makes the rules beside a node of a schema ready to run, and says of each what is wrong with it and what it may cost.
// Source: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/compilation.go
import { Environment, Optional } from '@marcbachmann/cel-js';
import type { Json } from '../../schema/json.ts';
import type { SchemaProps } from '../schema-props.ts';
import { preparePatterns } from './constant-patterns.ts';
import { addFunctions } from './functions/rule-functions.ts';
import { estimateCost } from './rule-cost.ts';
import { compilationFailed, describe, undefinedField } from './rule-messages.ts';
import { type RuleNode, walk } from './rule-nodes.ts';
import { type RuleType, RuleTypes } from './rule-types.ts';
import { type PlacedRule, rulesOf, type ValidationRule } from './validation-rule.ts';
import { WorkMeter } from './work-meter.ts';

export interface Outcome {
  value?: unknown;
  error?: unknown;
  steps: number;
  /** It was ended before it had come out. */
  isExceeded: boolean;
}

/** The variables of a rule; the optional form is for rules with `optionalOldSelf`. */
export interface Variables {
  self: unknown;
  oldSelf?: unknown;
}

export interface Expression {
  run(variables: Variables): Outcome;
  readonly usesOldSelf: boolean;
  readonly cost: number;
}

/** An expression, or why there is none. */
export type Compiled = { expression: Expression } | { error: string };

export interface CompiledRule extends PlacedRule {
  compiled: Compiled;
  message?: Compiled | undefined;
}

export interface NodeRules {
  rules: readonly CompiledRule[];
  fromJson(json: Json): unknown;
}

/** The language with Kubernetes' functions; one serves any number of nodes. */
export function ruleEnvironment(): Environment {
  // Mixed lists are what format takes.
  const environment = new Environment({ enableOptionalTypes: true, homogeneousAggregateLiterals: false });
  addFunctions(environment);
  return environment;
}

/** `undefined` where a node has no rules, or no value that a rule could see. */
export function compileRules(
  base: Environment,
  node: SchemaProps,
  isResource: boolean,
): NodeRules | undefined {
  const placed = rulesOf(node);
  if (placed.length === 0) return undefined;
  const environment = base.clone();
  const type = new RuleTypes(environment, namesIn(placed)).typeOf(node, isResource);
  if (!type) return undefined;
  environment.registerVariable('self', type.name);
  const environments = oldSelfIn(environment, type.name, placed);
  const rules = placed.map(({ rule, at }) => {
    const own = environments(rule);
    const message = rule.messageExpression?.trim();
    const compiled = compile(own, type, rule.rule, 'bool');
    return { rule, at, compiled, message: message ? compile(own, type, message, 'string') : undefined };
  });
  return { rules, fromJson: (json) => type.fromJson(json) };
}

/** One environment does for most nodes: rules seldom differ in what `oldSelf` is, and each costs tens of kilobytes. */
function oldSelfIn(
  environment: Environment,
  type: string,
  placed: readonly PlacedRule[],
): (rule: ValidationRule) => Environment {
  const some = placed.some(({ rule }) => rule.optionalOldSelf);
  const optional = some ? environment.clone().registerVariable('oldSelf', `optional<${type}>`) : environment;
  const plain = some ? environment.clone() : environment;
  plain.registerVariable('oldSelf', type);
  return (rule) => (rule.optionalOldSelf ? optional : plain);
}

const namesIn = (placed: readonly PlacedRule[]): Set<string> =>
  new Set(placed.flatMap(({ rule }) => wordsOf(rule)));

const wordsOf = ({ rule, messageExpression = '' }: ValidationRule): string[] =>
  `${rule} ${messageExpression}`.match(/[A-Za-z_]\w*/g) ?? [];

/** As cel-go: what is longer is not even read. */
const MAX_EXPRESSION_LENGTH = 100_000;

function compile(environment: Environment, type: RuleType, source: string, expected: string): Compiled {
  if (source.length > MAX_EXPRESSION_LENGTH) {
    const sizes = `size: ${source.length}, limit ${MAX_EXPRESSION_LENGTH}`;
    return {
      error: `compilation failed: ERROR: <input>:-1:0: expression code point size exceeds limit: ${sizes}`,
    };
  }
  try {
    const parsed = environment.parse(source);
    const checked = parsed.check();
    if (!checked.valid) return { error: compilationFailed(checked.error, source) };
    if (checked.type !== expected && checked.type !== 'dyn') {
      return { error: `cel expression must evaluate to a ${expected}` };
    }
    return expressionOf(parsed, type, source);
  } catch (error) {
    return { error: compilationFailed(error, source) };
  }
}

type Parsed = ReturnType<Environment['parse']>;

function expressionOf(parsed: Parsed, type: RuleType, source: string): Compiled {
  const root = parsed.ast as unknown as RuleNode;
  const variables = new Map([['self', type] as const, ['oldSelf', type] as const]);
  const missing: string[] = [];
  const cost = estimateCost(root, variables, (name, at) =>
    missing.push(describe(undefinedField(name), at, source)),
  );
  if (missing[0] !== undefined) return { error: missing[0] };
  preparePatterns(root);
  let usesOldSelf = false;
  walk(root, (node) => {
    usesOldSelf ||= node.op === 'id' && node.args === 'oldSelf';
  });
  const meter = new WorkMeter();
  meter.watch(root);
  return { expression: { usesOldSelf, cost, run: (given) => run(parsed, meter, given) } };
}

function run(parsed: Parsed, meter: WorkMeter, variables: Variables): Outcome {
  meter.begin();
  try {
    const value: unknown = parsed({ ...variables });
    return { value, steps: meter.steps, isExceeded: meter.isExceeded };
  } catch (error) {
    return { error, steps: meter.steps, isExceeded: meter.isExceeded };
  }
}

/** `oldSelf` of a rule with `optionalOldSelf`. */
export const optionalOf = (value: unknown): unknown =>
  value === undefined ? Optional.none() : Optional.of(value);
