// The shape of table.json and how its short texts are read. scripts/generate-schema.ts writes the table.

export interface SchemaTable {
  /** The packages it was made from, with their versions. */
  source: readonly string[];
  /** `group/version/Kind` (`/v1/Pod`, `autoscaling/v1/Scale`) → message (`core/v1.Pod`). */
  kinds: Readonly<Record<string, string>>;
  /**
   * Package → message → field → text: `NUMBER[!] TYPE WORDS…`. NUMBER is protobuf's (0: not in the message, as
   * apiVersion and kind), `!` is required in upstream's OpenAPI. TYPE is a scalar, a special (Quantity, Time …) or a message
   * of the same package or `package.Message`, after `[]` for lists and `{}` for maps with string keys. WORDS:
   * `inline` (its fields stand in the parent's JSON), `merge=KEY`, `merge`, `replace`, `retainKeys` (patch
   * strategies), `list=atomic|set|map:KEYS`, `map=atomic`, `ptr` (a scalar whose zero is not the same as absent),
   * `proto=MESSAGE` (Any in JSON, one shape of several; in protobuf this message with a field for each shape).
   */
  messages: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, string>>>>>>;
}

export type ScalarName =
  | 'string'
  | 'bool'
  | 'int32'
  | 'int64'
  | 'double'
  | 'bytes'
  | 'Quantity'
  | 'IntOrString'
  | 'Time'
  | 'MicroTime'
  | 'Duration'
  | 'Any';

const SCALARS: ReadonlySet<string> = new Set<ScalarName>([
  'string',
  'bool',
  'int32',
  'int64',
  'double',
  'bytes',
  'Quantity',
  'IntOrString',
  'Time',
  'MicroTime',
  'Duration',
  'Any',
]);

export type FieldType =
  | { readonly shape: 'scalar'; readonly name: ScalarName }
  /** `message` is `package.Message`. */
  | { readonly shape: 'message'; readonly message: string }
  | { readonly shape: 'list'; readonly of: FieldType }
  | { readonly shape: 'map'; readonly of: FieldType };

export interface FieldSpec {
  /** Protobuf field number; 0 for apiVersion and kind, which no message holds. */
  readonly number: number;
  readonly type: FieldType;
  readonly required: boolean;
  readonly inline: boolean;
  /** How a strategic merge patch treats a list: `merge` joins (by `mergeKey` when its items are objects). */
  readonly patchStrategy: 'merge' | 'replace';
  readonly mergeKey: string | undefined;
  readonly retainKeys: boolean;
  /** How server-side apply treats a list; `undefined` counts as atomic. */
  readonly listType: 'atomic' | 'set' | 'map' | undefined;
  readonly listMapKeys: readonly string[];
  readonly atomicMap: boolean;
  /** A scalar that is a pointer in Go: zero is a value of its own, so protobuf's zero may not be dropped. */
  readonly pointer: boolean;
  /** The message that stands for an `Any` of one of several shapes, such as `JSONSchemaPropsOrBool`. */
  readonly union?: string | undefined;
}

/** Reads one field's text; `packageName` owns the messages that are named without a package. */
export function parseFieldSpec(text: string, packageName: string): FieldSpec {
  const [number = '', type = '', ...words] = text.split(' ');
  const value = (name: string) => words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
  const [listType, listMapKeys] = value('list')?.split(':') ?? [];
  const mergeKey = value('merge');
  const isObject = !type.startsWith('[]');
  return {
    number: Number.parseInt(number, 10),
    type: parseType(type, packageName),
    required: number.endsWith('!'),
    inline: words.includes('inline'),
    patchStrategy: patchStrategyOf(words, mergeKey, isObject),
    mergeKey,
    retainKeys: words.includes('retainKeys'),
    listType: listType as FieldSpec['listType'],
    listMapKeys: listMapKeys?.split(',') ?? [],
    atomicMap: value('map') === 'atomic',
    pointer: words.includes('ptr'),
    union: value('proto'),
  };
}

/** Objects merge unless told otherwise; lists are replaced unless told otherwise. */
function patchStrategyOf(words: readonly string[], mergeKey: string | undefined, isObject: boolean) {
  if (words.includes('replace')) return 'replace';
  return isObject || mergeKey !== undefined || words.includes('merge') ? 'merge' : 'replace';
}

function parseType(text: string, packageName: string): FieldType {
  if (text.startsWith('[]')) return { shape: 'list', of: parseType(text.slice(2), packageName) };
  if (text.startsWith('{}')) return { shape: 'map', of: parseType(text.slice(2), packageName) };
  if (SCALARS.has(text)) return { shape: 'scalar', name: text as ScalarName };
  return { shape: 'message', message: text.includes('.') ? text : `${packageName}.${text}` };
}

/** The type as Go's error messages write it, such as `[]v1.Container` or `map[string]string`. */
export function goTypeName(type: FieldType): string {
  if (type.shape === 'list') return `[]${goTypeName(type.of)}`;
  if (type.shape === 'map') return `map[string]${goTypeName(type.of)}`;
  if (type.shape === 'message') return type.message.slice(type.message.indexOf('/') + 1);
  return GO_NAMES[type.name] ?? type.name;
}

const GO_NAMES: Readonly<Partial<Record<ScalarName, string>>> = {
  double: 'float64',
  bytes: '[]uint8',
  Quantity: 'resource.Quantity',
  IntOrString: 'intstr.IntOrString',
  Time: 'v1.Time',
  MicroTime: 'v1.MicroTime',
  Duration: 'v1.Duration',
  Any: 'object',
};
