// The schema of one version of a custom kind: reads, prunes and defaults its objects, and tells OpenAPI what it is.
import type { KubeObject } from '../objects.ts';
import { isJsonObject, type Json, type JsonObject } from '../schema/json.ts';
import type { CheckResult, KindRef, MessageSpec, OwnSchema, Schema } from '../schema/schema.ts';
import type { FieldError } from '../status-error.ts';
import { badRequest } from '../status-error.ts';
import { messageSpecs } from './message-specs.ts';
import { applyDefaults, prune } from './prune.ts';
import type { LazyRules, RuleCheck } from './rules/lazy-rules.ts';
import { hasRules } from './rules/validation-rule.ts';
import type { SchemaProps } from './schema-props.ts';
import { valueErrors } from './value-errors.ts';

/** Metadata is the same for every kind: the table's own type checks it. */
const metadataKind = { group: 'meta.k8s.io', version: 'v1', kind: 'PartialObjectMetadata' } as const;

/** `required: [metadata]` asks for what every object has. */
const bodyOf = (object: KubeObject): Json => ({ ...object, metadata: {} }) as unknown as JsonObject;

export class CustomSchema implements OwnSchema {
  /** Whether {@link ruleErrors} can have anything to say. */
  readonly hasRules: boolean;
  readonly #root: SchemaProps;
  readonly #kind: KindRef;
  readonly #rules: LazyRules;
  readonly #knownTo = new WeakSet<Schema>();
  /** Made when the first object is written. */
  #ruleCheck: RuleCheck | undefined;

  constructor(kind: KindRef, root: SchemaProps, rules: LazyRules) {
    this.#kind = kind;
    this.#root = root;
    this.#rules = rules;
    this.hasRules = hasRules(root);
  }

  messageOf(schema: Schema): MessageSpec {
    const { group, version, kind } = this.#kind;
    const name = `custom/${group}/${version}.${kind}`;
    if (!this.#knownTo.has(schema)) {
      for (const message of messageSpecs(this.#root, name, kind)) schema.define(message);
      this.#knownTo.add(schema);
    }
    return schema.message(name);
  }

  check(schema: Schema, value: unknown): CheckResult {
    if (!isJsonObject(value)) throw badRequest('the body must be a JSON object');
    const { apiVersion, kind, metadata, ...body } = value;
    const given = Object.entries({ apiVersion, kind, metadata }).filter(([, part]) => part !== undefined);
    const head = schema.check(metadataKind, Object.fromEntries(given));
    const { value: kept, unknownFields } = prune(this.#root, body);
    return {
      unknownFields: [...head.unknownFields, ...unknownFields],
      typeErrors: head.typeErrors,
      value: { ...head.value, ...(kept as JsonObject) },
    };
  }

  /** A stored object as this version shows it: a new object. */
  shown(object: KubeObject): KubeObject {
    const { value } = prune(this.#root, object as unknown as Json);
    applyDefaults(this.#root, value);
    return value as unknown as KubeObject;
  }

  /**
   * What is wrong with a whole object of this version and was not so in `previous`; metadata is checked elsewhere,
   * rules by {@link ruleErrors}.
   */
  errors(object: KubeObject, previous: KubeObject | undefined): FieldError[] {
    return valueErrors(this.#root, bodyOf(object), '', previous && bodyOf(previous));
  }

  /** What the schema's rules say of an object that is complete and fits it; may ask for their language first. */
  ruleErrors(next: KubeObject, previous: KubeObject | undefined): FieldError[] {
    this.#ruleCheck ??= this.#rules.validator(this.#root);
    return this.#ruleCheck.errors(next as unknown as Json, previous as unknown as Json | undefined);
  }

  openApi(): object {
    return this.#root;
  }
}
