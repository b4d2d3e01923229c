// Just enough of protobuf's encoding to write a small message: strings and messages within messages.
// https://protobuf.dev/programming-guides/encoding/

const LENGTH_DELIMITED = 2;

/** A field's value: text, or bytes of a message already encoded. */
export type ProtobufValue = string | Buffer;

/** Fields as [number, value] in the order in which they are written. */
export function encodeMessage(...fields: readonly [number, ProtobufValue][]): Buffer {
  return Buffer.concat(fields.map(([number, value]) => encodeField(number, value)));
}

function encodeField(number: number, value: string | Buffer): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  return Buffer.concat([varint(number * 8 + LENGTH_DELIMITED), varint(bytes.length), bytes]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) + 128);
  }
}
