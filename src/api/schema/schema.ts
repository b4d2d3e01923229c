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
}

export interface MessageSpec {
  /** `package.Message`, such as `core/v1.Pod`. */
  readonly name: string;
  /** Go's name of the struct, such as `Pod`. */
  readonly goName: string;
  /** By JSON name; the fields of inlined messages stand among them. */
  readonly fields: ReadonlyMap<string, FieldSpec>;
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

  constructor(table: SchemaTable) {
    this.#table = table;
  }

  has(kind: KindRef): boolean {
    return Object.hasOwn(this.#table.kinds, tableKey(kind));
  }

  /** Throws StatusError 400 when the kind is not in the table. */
  messageOf(kind: KindRef): MessageSpec {
    const name = this.has(kind) ? this.#table.kinds[tableKey(kind)] : undefined;
    if (name) return this.message(name);
    const version = apiVersionOf(kind);
    throw badRequest(
      `no kind "${kind.kind}" is known in version "${version}": see \`edgectl api-resources\``,
    );
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
    return new Walk(this).run(this.messageOf(kind), value);
  }

  #compile(name: string): MessageSpec {
    const dot = name.lastIndexOf('.');
    const packageName = name.slice(0, dot);
    const goName = name.slice(dot + 1);
    const texts = this.#table.messages[packageName]?.[goName];
    if (!texts) throw new Error(`the schema table names the message ${name} but does not hold it`);
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
