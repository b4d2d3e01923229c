// Holds objects against the rules of their schema: each rule where its value stands, told as upstream tells it. What
// was so before is not told again, except by rules that compare with what was.
// Source: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/validation.go
import { duplicate, forbiddenField, invalidValue, required } from '../../field-error.ts';
import { isJsonObject, type Json, type JsonObject, jsonEqual, ownValue } from '../../schema/json.ts';
import type { FieldError } from '../../status-error.ts';
import { correlated, correlatedFields } from '../correlated-items.ts';
import { isEmbedded, type SchemaProps } from '../schema-props.ts';
import {
  type CompiledRule,
  compileRules,
  type NodeRules,
  optionalOf,
  ruleEnvironment,
} from './compile-rules.ts';
import { fieldPath } from './field-path.ts';
import { evaluationFailed } from './rule-messages.ts';
import { hasRules, nameOfRule } from './validation-rule.ts';
import { MAX_STEPS_PER_OBJECT } from './work-meter.ts';

/** A node with rules, or with rules below it. */
interface RuledNode {
  schema: SchemaProps;
  /** Compiled when the first value of the node comes by. */
  own(): NodeRules | undefined;
  properties: ReadonlyMap<string, RuledNode>;
  /** Of items, or of the values of a map. */
  inner?: RuledNode | undefined;
}

export class RuleValidator {
  readonly #root: RuledNode | undefined;

  /** Of the whole schema of a kind. */
  constructor(root: SchemaProps) {
    const environment = ruleEnvironment();
    const build = (schema: SchemaProps, isResource: boolean): RuledNode | undefined => {
      if (!hasRules(schema)) return undefined;
      const inner = schema.items ?? schema.additionalProperties;
      const properties = Object.entries(schema.properties ?? {}).flatMap(([name, child]) => {
        const node = build(child, isEmbedded(child));
        return node ? [[name, node] as const] : [];
      });
      return {
        schema,
        own: once(() => compileRules(environment, schema, isResource)),
        properties: new Map(properties),
        inner: typeof inner === 'object' ? build(inner, isEmbedded(inner)) : undefined,
      };
    };
    this.#root = build(root, true);
  }

  /** `previous` is `undefined` for an object that is new. */
  errors(next: Json, previous: Json | undefined): FieldError[] {
    if (!this.#root) return [];
    const check = new ObjectCheck();
    check.node(this.#root, next, previous, '', false);
    return check.errors;
  }
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

class ObjectCheck {
  readonly errors: FieldError[] = [];
  #stepsLeft = MAX_STEPS_PER_OBJECT;
  #isOver = false;

  /** `isSettled`: something above is as it was before. */
  node(node: RuledNode, next: Json, previous: Json | undefined, path: string, isSettled: boolean): void {
    if (next === null || this.#isOver) return;
    const isSame = isSettled || (previous !== undefined && jsonEqual(next, previous));
    const own = node.own();
    if (own) this.#rules(own, node.schema, next, previous, path, isSame);
    if (Array.isArray(next)) this.#items(node, next, previous, path, isSame);
    else if (isJsonObject(next)) this.#fields(node, next, previous, path, isSame);
  }

  #items(node: RuledNode, items: Json[], previous: Json | undefined, path: string, isSame: boolean): void {
    const { inner } = node;
    if (!inner) return;
    const before = correlated(node.schema, previous);
    items.forEach((item, i) => {
      this.node(inner, item, before(item), `${path}[${i}]`, isSame);
    });
  }

  #fields(
    node: RuledNode,
    next: JsonObject,
    previous: Json | undefined,
    path: string,
    isSame: boolean,
  ): void {
    const old = correlatedFields(node.schema, previous);
    for (const [key, value] of Object.entries(next)) {
      const named = node.properties.get(key);
      const child = named ?? node.inner;
      const at = named ? childPath(path, key) : `${path}[${key}]`;
      if (child) this.node(child, value, ownValue(old, key), at, isSame);
    }
  }

  #rules(
    own: NodeRules,
    schema: SchemaProps,
    next: Json,
    previous: Json | undefined,
    path: string,
    isSame: boolean,
  ): void {
    const hasOld = previous !== undefined && previous !== null;
    const asked = own.rules.filter((rule) => isAsked(rule, isSame, hasOld));
    if (asked.length === 0) return;
    const self = own.fromJson(next);
    const oldSelf = hasOld ? own.fromJson(previous) : undefined;
    for (const rule of asked) {
      if (this.#isOver) return;
      this.#rule(rule, schema, { self, oldSelf }, path);
    }
  }

  #rule(
    placed: CompiledRule,
    schema: SchemaProps,
    { self, oldSelf }: { self: unknown; oldSelf: unknown },
    path: string,
  ): void {
    const { rule, compiled } = placed;
    const field = path || '<nil>';
    const say = (why: string) => this.errors.push(invalidValue(field, schema.type ?? '', why));
    if ('error' in compiled) {
      say(`rule compile error: ${compiled.error}`);
      return;
    }
    const given = rule.optionalOldSelf ? optionalOf(oldSelf) : oldSelf;
    const variables = given === undefined ? { self } : { self, oldSelf: given };
    const { value, error, steps, isExceeded } = compiled.expression.run(variables);
    this.#stepsLeft -= steps;
    if (isExceeded || this.#stepsLeft < 0) {
      this.#isOver = true;
      say(isExceeded ? overRule(nameOfRule(rule)) : OVER_OBJECT);
    } else if (error !== undefined) say(`${evaluationFailed(error)} evaluating rule: ${nameOfRule(rule)}`);
    else if (value !== true) this.errors.push(failure(placed, schema, variables, path));
  }
}

/** A rule that looks at what was needs something to look at; any other comes out as before for what is as before. */
function isAsked({ rule, compiled }: CompiledRule, isSame: boolean, hasOld: boolean): boolean {
  if ('error' in compiled) return true;
  return compiled.expression.usesOldSelf ? hasOld || rule.optionalOldSelf === true : !isSame;
}

const childPath = (path: string, key: string) => (path ? `${path}.${key}` : key);

const overRule = (name: string) =>
  `'operation cancelled: actual cost limit exceeded': no further validation rules will be run due to call cost exceeds limit for rule: ${name}`;
const OVER_OBJECT =
  'validation failed due to running out of cost budget, no further validation rules will be run';

function failure(
  { rule, message }: CompiledRule,
  schema: SchemaProps,
  variables: { self: unknown; oldSelf?: unknown },
  path: string,
): FieldError {
  const below = rule.fieldPath ? fieldPath(rule.fieldPath, schema) : { path: '' };
  const field = `${path}${'path' in below ? below.path : ''}`.replace(/^\./, '') || '<nil>';
  const said = message && 'expression' in message ? message.expression.run(variables).value : undefined;
  const detail = isMessage(said) ? said.trim() : rule.message?.trim() || `failed rule: ${rule.rule.trim()}`;
  const type = schema.type ?? '';
  switch (rule.reason) {
    case 'FieldValueForbidden':
      return forbiddenField(field, detail);
    case 'FieldValueRequired':
      return required(field, detail);
    case 'FieldValueDuplicate':
      return duplicate(field, type);
    default:
      return invalidValue(field, type, detail);
  }
}

const MAX_MESSAGE_BYTES = 5 * 1024;

/** As upstream: what is no line of text, or too long, is not told. */
const isMessage = (value: unknown): value is string =>
  typeof value === 'string' &&
  value.trim() !== '' &&
  !value.trim().includes('\n') &&
  Buffer.byteLength(value) <= MAX_MESSAGE_BYTES;
