// What is wrong with the rules of a schema that is structural: what they say about themselves, expressions that do not
// compile, and those that could cost too much.
// Source: k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go
import type { Environment } from '@marcbachmann/cel-js';
import { forbiddenField, invalidValue, notSupported, required } from '../../field-error.ts';
import type { FieldError } from '../../status-error.ts';
import { isUncorrelatable } from '../correlated-items.ts';
import { isEmbedded, type SchemaProps } from '../schema-props.ts';
import { type CompiledRule, compileRules, ruleEnvironment } from './compile-rules.ts';
import { fieldPath } from './field-path.ts';
import { mostCopies } from './rule-types.ts';
import { childrenOf, REASONS, rulesOf, type ValidationRule } from './validation-rule.ts';

const MAX_RULE_COST = 10_000_000;
const MAX_SCHEMA_COST = 100_000_000;
/** Of one schema; those of large charts have some hundred. More would hold up everybody else while they are compiled. */
const MAX_RULES = 2000;
const MAX_RULES_LENGTH = 500_000;
/** A rule is told with what is wrong with it: so much of it. */
const MAX_TOLD_LENGTH = 10_000;

interface Place {
  field: string;
  isResource: boolean;
  /** How often the node can stand in one object. */
  cardinality: number;
  /** The nearest node above within which nothing can be held against what it was before. */
  uncorrelatable?: string | undefined;
}

/** `field` is the path of the root schema. */
export function definitionErrors(root: SchemaProps, field: string): FieldError[] {
  const { count, length } = amountOf(root);
  if (count > MAX_RULES || length > MAX_RULES_LENGTH) {
    const limits = `a schema may have ${MAX_RULES} of ${MAX_RULES_LENGTH} characters in all here`;
    return [
      forbiddenField(field, `too many x-kubernetes-validations: ${count} of ${length} characters, ${limits}`),
    ];
  }
  return new DefinitionCheck(field).errors(root);
}

function amountOf(node: SchemaProps): { count: number; length: number } {
  const own = rulesOf(node).map(
    ({ rule: { rule, messageExpression = '' } }) => rule.length + messageExpression.length,
  );
  const amount = { count: own.length, length: own.reduce((sum, length) => sum + length, 0) };
  for (const { child } of childrenOf(node)) {
    const below = amountOf(child);
    amount.count += below.count;
    amount.length += below.length;
  }
  return amount;
}

class DefinitionCheck {
  readonly #environment: Environment = ruleEnvironment();
  readonly #errors: FieldError[] = [];
  readonly #field: string;
  #cost = 0;

  constructor(field: string) {
    this.#field = field;
  }

  errors(root: SchemaProps): FieldError[] {
    this.#node(root, { field: this.#field, isResource: true, cardinality: 1 });
    if (this.#cost > MAX_SCHEMA_COST) {
      const what = 'x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema';
      this.#errors.push(forbiddenField(this.#field, tooCostly(what, this.#cost, MAX_SCHEMA_COST)));
    }
    return this.#errors;
  }

  #node(node: SchemaProps, place: Place): void {
    const said = rulesOf(node).flatMap(({ rule, at }) => textErrors(rule, `${place.field}${at}`, node));
    this.#errors.push(...said);
    if (said.length === 0) this.#compile(node, place);
    const cardinality = place.cardinality * mostCopies(node);
    const uncorrelatable = place.uncorrelatable ?? (isUncorrelatable(node) ? place.field : undefined);
    for (const { child, at } of childrenOf(node)) {
      const field = `${place.field}${at}`;
      this.#node(child, { field, isResource: isEmbedded(child), cardinality, uncorrelatable });
    }
  }

  #compile(node: SchemaProps, place: Place): void {
    const placed = rulesOf(node);
    const compiled = compileRules(this.#environment, node, place.isResource);
    if (!compiled && placed.length > 0) {
      const why = `rule declared on schema that does not support validation rules type: '${node.type ?? ''}' x-kubernetes-preserve-unknown-fields: '${node['x-kubernetes-preserve-unknown-fields'] ?? false}'`;
      this.#errors.push(forbiddenField(`${place.field}${placed[0]?.at ?? ''}`, why));
    }
    for (const rule of compiled?.rules ?? []) this.#judge(rule, place);
  }

  #judge({ rule, at, compiled, message }: CompiledRule, place: Place): void {
    const field = `${place.field}${at}`;
    if ('error' in compiled) this.#errors.push(invalidRule(`${field}.rule`, rule, compiled.error));
    else {
      this.#costs(`${field}.rule`, 'estimated rule cost', compiled.expression.cost, place);
      this.#errors.push(...transitionErrors(rule, compiled.expression.usesOldSelf, field, place));
    }
    if (!message) return;
    const at2 = `${field}.messageExpression`;
    if ('error' in message) this.#errors.push(invalidRule(at2, rule, message.error));
    else this.#costs(at2, 'estimated messageExpression cost', message.expression.cost, place);
  }

  #costs(field: string, what: string, each: number, { cardinality }: Place): void {
    const cost = each * cardinality;
    this.#cost += cost;
    if (cost > MAX_RULE_COST) this.#errors.push(forbiddenField(field, tooCostly(what, cost, MAX_RULE_COST)));
  }
}

function tooCostly(what: string, cost: number, limit: number): string {
  const factor = cost / limit;
  const told =
    factor > 100 ? 'more than 100x' : factor < 1.5 ? `${factor.toFixed(6)}x` : `${factor.toFixed(1)}x`;
  return `${what} exceeds budget by factor of ${told} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`;
}

/** The rule as Go prints it. */
function invalidRule(field: string, rule: ValidationRule, why: string): FieldError {
  const { message = '', messageExpression = '', reason, fieldPath: path = '', optionalOldSelf } = rule;
  const texts = [rule.rule, message, messageExpression, path];
  const quoted = texts.map((text) => JSON.stringify(text.slice(0, MAX_TOLD_LENGTH)));
  const pointer = (type: string, value: unknown) => `(*${type})(${value === undefined ? 'nil' : '0x0'})`;
  const shown = `apiextensions.ValidationRule{Rule:${quoted[0]}, Message:${quoted[1]}, MessageExpression:${quoted[2]}, Reason:${pointer('apiextensions.FieldValueErrorReason', reason)}, FieldPath:${quoted[3]}, OptionalOldSelf:${pointer('bool', optionalOldSelf)}}`;
  return { reason: 'FieldValueInvalid', field, message: `Invalid value: ${shown}: ${why}` };
}

function transitionErrors(
  { rule, optionalOldSelf }: ValidationRule,
  usesOldSelf: boolean,
  field: string,
  { uncorrelatable }: Place,
): FieldError[] {
  if (usesOldSelf && uncorrelatable !== undefined) {
    const why = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelatable}`;
    return [invalidValue(`${field}.rule`, rule, why)];
  }
  if (usesOldSelf || optionalOldSelf === undefined) return [];
  const why = 'may not be set if oldSelf is not used in rule';
  return [invalidValue(`${field}.optionalOldSelf`, optionalOldSelf, why)];
}

const isBlank = (text: string | undefined) => text !== undefined && text !== '' && !text.trim();
const hasLineBreak = (text: string) => text.includes('\n');

/** What the expression is not needed for. */
function textErrors(rule: ValidationRule, field: string, node: SchemaProps): FieldError[] {
  const errors = [...messageErrors(rule, field), ...pathErrors(rule, field, node)];
  if (isBlank(rule.messageExpression)) {
    const why = 'messageExpression must be non-empty if specified';
    errors.push(required(`${field}.messageExpression`, why));
  }
  if (rule.reason !== undefined && !REASONS.some((known) => known === rule.reason)) {
    errors.push(notSupported(`${field}.reason`, rule.reason, REASONS));
  }
  return errors;
}

function messageErrors({ rule, message = '' }: ValidationRule, field: string): FieldError[] {
  const at = `${field}.message`;
  const trimmed = message.trim();
  if (!rule.trim()) return [required(`${field}.rule`, 'rule is not specified')];
  if (isBlank(message)) return [invalidValue(at, message, 'message must be non-empty if specified')];
  if (hasLineBreak(trimmed)) return [invalidValue(at, trimmed, 'message must not contain line breaks')];
  if (!hasLineBreak(rule.trim()) || trimmed) return [];
  return [required(at, 'message must be specified if rule contains line breaks')];
}

function pathErrors({ fieldPath: text }: ValidationRule, field: string, node: SchemaProps): FieldError[] {
  const at = `${field}.fieldPath`;
  if (!text) return [];
  if (isBlank(text)) return [invalidValue(at, text, 'fieldPath must be non-empty if specified')];
  if (hasLineBreak(text)) return [invalidValue(at, text, 'fieldPath must not contain line breaks')];
  const found = fieldPath(text, node);
  return 'problem' in found
    ? [invalidValue(at, text, `fieldPath must be a valid path: ${found.problem}`)]
    : [];
}
