// Encodes objects as Go's clients do, from the field numbers of the schema table but with none of the server's code:
// what the server decodes is held against it. https://protobuf.dev/programming-guides/encoding/
import table from '../../src/api/schema/table.json' with { type: 'json' };

type Fields = Record<string, string>;
const messages = table.messages as Record<string, Record<string, Fields>>;

function varint(value: number | bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Buffer.from([...bytes, Number(rest)]);
}

const numberField = (number: number, value: number | bigint) =>
  Buffer.concat([varint(number * 8), varint(value)]);

export function bytesField(number: number, value: Buffer | string): Buffer {
  const bytes = Buffer.from(value as string);
  return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
}

function time(text: string): Buffer {
  const [whole = '', fraction = ''] = text.replace('Z', '').split('.');
  const seconds = numberField(1, Date.parse(`${whole}Z`) / 1000);
  return Buffer.concat([seconds, numberField(2, Number(fraction.padEnd(9, '0')))]);
}

/** Of hours, minutes and seconds, such as `1h0m0s`. */
function durationSeconds(text: string): bigint {
  const [, hours, minutes, seconds] = /^(\d+)h(\d+)m(\d+)s$/.exec(text) ?? [];
  return BigInt(Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds));
}

function special(type: string, value: unknown): Buffer | undefined {
  if (type === 'Quantity') return bytesField(1, String(value));
  if (type === 'Time' || type === 'MicroTime') return time(String(value));
  if (type === 'Any') return bytesField(1, JSON.stringify(value));
  if (type === 'Duration') return numberField(1, durationSeconds(String(value)) * 1_000_000_000n);
  if (type !== 'IntOrString') return undefined;
  const isText = typeof value === 'string';
  const parts = [numberField(1, isText ? 1 : 0), numberField(2, isText ? 0 : Number(value))];
  return Buffer.concat([...parts, bytesField(3, isText ? value : '')]);
}

function field(number: number, type: string, owner: string, value: unknown): Buffer {
  if (type.startsWith('[]')) {
    return Buffer.concat((value as unknown[]).map((item) => field(number, type.slice(2), owner, item)));
  }
  if (type.startsWith('{}')) return mapField(number, type.slice(2), owner, value as object);
  if (type === 'string') return bytesField(number, String(value));
  if (type === 'bytes') return bytesField(number, Buffer.from(String(value), 'base64'));
  if (type === 'bool') return numberField(number, value ? 1 : 0);
  if (type === 'int32' || type === 'int64') return numberField(number, Number(value));
  if (type === 'double') {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(Number(value));
    return Buffer.concat([varint(number * 8 + 1), bytes]);
  }
  const known = special(type, value);
  return bytesField(number, known ?? encode(type.includes('.') ? type : `${owner}.${type}`, value as object));
}

/** One of several shapes in JSON, a message for each in protobuf. */
function union(number: number, name: string, value: unknown): Buffer {
  const schema = (at: number, inner: unknown) =>
    bytesField(at, encode('apiextensions/v1.JSONSchemaProps', inner as object));
  if (typeof value === 'boolean') return bytesField(number, numberField(1, value ? 1 : 0));
  const place = name === 'JSONSchemaPropsOrBool' ? 2 : 1;
  if (!Array.isArray(value)) return bytesField(number, schema(place, value));
  const items = value.map((item) => (typeof item === 'string' ? bytesField(2, item) : schema(2, item)));
  return bytesField(number, Buffer.concat(items));
}

function unionField(number: number, name: string, type: string, value: unknown): Buffer {
  if (!type.startsWith('{}')) return union(number, name, value);
  const entries = Object.entries(value as object).map(([key, inner]) =>
    bytesField(number, Buffer.concat([bytesField(1, key), union(2, name, inner)])),
  );
  return Buffer.concat(entries);
}

function mapField(number: number, type: string, owner: string, map: object): Buffer {
  const entries = Object.entries(map).map(([key, value]) => {
    // A list inside a map is a message with its items in field 1.
    const inner = type.startsWith('[]')
      ? bytesField(2, field(1, type, owner, value))
      : field(2, type, owner, value);
    return bytesField(number, Buffer.concat([bytesField(1, key), inner]));
  });
  return Buffer.concat(entries);
}

/** One message; `name` is `package.Message`. Fields of inlined messages are looked for in `value` itself. */
export function encode(name: string, value: object): Buffer {
  const dot = name.lastIndexOf('.');
  const owner = name.slice(0, dot);
  const parts: Buffer[] = [];
  for (const [jsonName, text] of Object.entries(messages[owner]?.[name.slice(dot + 1)] ?? {})) {
    const [number = '', type = '', ...words] = text.split(' ');
    const own = (value as Record<string, unknown>)[jsonName];
    const content = words.includes('inline') ? value : own;
    const shapes = words.find((word) => word.startsWith('proto='))?.slice('proto='.length);
    if (shapes && content !== undefined) {
      parts.push(unionField(Number(number), shapes, type, content));
    } else if (Number.parseInt(number, 10) > 0 && content !== undefined) {
      parts.push(field(Number.parseInt(number, 10), type, owner, content));
    }
  }
  return Buffer.concat(parts);
}

/** A whole body: magic, runtime.Unknown, the object's own message. */
export function protobufBody(object: { apiVersion: string; kind: string }): Buffer {
  const { apiVersion, kind } = object;
  const key = `${apiVersion.includes('/') ? '' : '/'}${apiVersion}/${kind}`;
  const name = (table.kinds as Record<string, string>)[key];
  if (!name) throw new Error(`the table holds no ${key}`);
  const typeMeta = Buffer.concat([bytesField(1, apiVersion), bytesField(2, kind)]);
  const unknown = [
    bytesField(1, typeMeta),
    bytesField(2, encode(name, object)),
    bytesField(3, ''),
    bytesField(4, ''),
  ];
  return Buffer.concat([Buffer.from('k8s\0'), ...unknown]);
}
