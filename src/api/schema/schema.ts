// What every field of every served kind is: asked by strict decoding, by patches and by whoever decodes
// protobuf. Messages are read from the table's texts when first asked for and kept.
import { apiVersionOf } from '../scheme.ts';
import { badRequest } from '../status-error.ts';
import type { JsonObject } from './json.ts';
import { type FieldSpec, parseFieldSpec, type SchemaTable } from './table.ts';
import { Walk } from './walk.ts';

/** Group, version and kind; a KindDefinition is one. The core group is ''. */
export interface KindRef {
  group: string;
  version: string;
  kind: string;
  /** Of kinds that the table does not hold. */
  ownSchema?: OwnSchema;
}

/** A schema that came at run time, with a CustomResourceDefinition. */
export interface OwnSchema {
  /** As {@link Schema.check}; `schema` knows the metadata. */
  check(schema: Schema, value: unknown): CheckResult;
  /** The root message; the messages that it names are made known to `schema`. */
  messageOf(schema: Schema): MessageSpec;
  /** For the OpenAPI documents and `kubectl explain`: properties and what else stands beside them. */
  openApi(): object;
}

export interface MessageSpec {
  /** `package.Message`, such as `core/v1.Pod`. */
  readonly name: string;
  /** Go's name of the struct, such as `Pod`. */
  readonly goName: string;
  /** By JSON name; the fields of inlined messages stand among them. */
  readonly fields: ReadonlyMap<string, FieldSpec>;
}

/** A field as protobuf has it; the fields of an inlined message stand in a message of their own. */
export interface WireField {
  readonly jsonName: string;
  readonly spec: FieldSpec;
}

/** What a decoded value looked like beside the schema. */
export interface CheckResult {
  /** In upstream's words, each `unknown field "spec.containers[0].foo"`; at most 100. */
  unknownFields: string[];
  /** In upstream's words, each `json: cannot unmarshal …`; at most 100. Not empty = refuse with 400. */
  typeErrors: string[];
  /**
   * A private, clean copy: known fields only, no nulls, quantities and times in canonical form. Values with a
   * type error are left out.
   */
  value: JsonObject;
}

export class Schema {
  readonly #table: SchemaTable;
  readonly #messages = new Map<string, MessageSpec>();
  readonly #wireFields = new Map<string, ReadonlyMap<number, WireField>>();

  constructor(table: SchemaTable) {
    this.#table = table;
  }

  has(kind: KindRef): boolean {
    return Object.hasOwn(this.#table.kinds, tableKey(kind));
  }

  /** Throws StatusError 400 when the kind is not in the table. */
  messageOf(kind: KindRef): MessageSpec {
    if (kind.ownSchema) return kind.ownSchema.messageOf(this);
    const name = this.has(kind) ? this.#table.kinds[tableKey(kind)] : undefined;
    if (name) return this.message(name);
    const version = apiVersionOf(kind);
    throw badRequest(
      `no kind "${kind.kind}" is known in version "${version}": see \`edgectl api-resources\``,
    );
  }

  /** Adds a message that is not in the table, or replaces one that was added. */
  define(message: MessageSpec): void {
    this.#messages.set(message.name, message);
  }

  /** A message by `package.Message`; one that the table does not hold is a broken table and an Error. */
  message(name: string): MessageSpec {
    let message = this.#messages.get(name);
    if (!message) {
      message = this.#compile(name);
      this.#messages.set(name, message);
    }
    return message;
  }

  /**
   * Checks a decoded JSON value. Throws StatusError 400 when the kind is not in the table, when the value is not an
   * object, or is nested deeper than MAX_DEPTH; everything else is in the result.
   */
  check(kind: KindRef, value: unknown): CheckResult {
    if (kind.ownSchema) return kind.ownSchema.check(this, value);
    return new Walk(this).run(this.messageOf(kind), value);
  }

  /** A message's fields by their protobuf numbers; compiled when first asked for. */
  wireFields(name: string): ReadonlyMap<number, WireField> {
    let fields = this.#wireFields.get(name);
    if (!fields) {
      const { packageName, texts } = this.#texts(name);
      const specs = Object.entries(texts).map(([jsonName, text]): [number, WireField] => {
        const spec = parseFieldSpec(text, packageName);
        return [spec.number, { jsonName, spec }];
      });
      fields = new Map(specs.filter(([number]) => number > 0));
      this.#wireFields.set(name, fields);
    }
    return fields;
  }

  #texts(name: string) {
    const dot = name.lastIndexOf('.');
    const packageName = name.slice(0, dot);
    const goName = name.slice(dot + 1);
    const texts = this.#table.messages[packageName]?.[goName];
    if (!texts) throw new Error(`the schema table names the message ${name} but does not hold it`);
    return { packageName, goName, texts };
  }

  #compile(name: string): MessageSpec {
    const { packageName, goName, texts } = this.#texts(name);
    const fields = new Map<string, FieldSpec>();
    for (const [field, text] of Object.entries(texts)) {
      const spec = parseFieldSpec(text, packageName);
      if (!spec.inline) fields.set(field, spec);
      else for (const [inner, innerSpec] of this.#inlined(spec)) fields.set(inner, innerSpec);
    }
    return { name, goName, fields };
  }

  #inlined({ type }: FieldSpec): ReadonlyMap<string, FieldSpec> {
    return type.shape === 'message' ? this.message(type.message).fields : new Map();
  }
}

const tableKey = ({ group, version, kind }: KindRef) => `${group}/${version}/${kind}`;
