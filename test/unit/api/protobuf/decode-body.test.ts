// Protobuf bodies: every kind with every field set decodes to its JSON, and bytes that mean nothing get a 400.
import fc from 'fast-check';
import t from 'tap';
import { decodeProtobuf } from '../../../../src/api/protobuf/decode-body.ts';
import type { Json, JsonObject } from '../../../../src/api/schema/json.ts';
import { loadSchema } from '../../../../src/api/schema/load-schema.ts';
import type { KindRef } from '../../../../src/api/schema/schema.ts';
import table from '../../../../src/api/schema/table.json' with { type: 'json' };
import type { FieldType, ScalarName } from '../../../../src/api/schema/table.ts';
import { StatusError } from '../../../../src/api/status-error.ts';
import { bytesField, encode, protobufBody } from '../../../support/protobuf-encoder.ts';

const schema = await loadSchema();

const samples: Record<ScalarName, Json> = {
  string: 'tëxt',
  bool: true,
  int32: -7,
  int64: 2 ** 50,
  double: 0.5,
  bytes: 'AAEC',
  Quantity: '100m',
  IntOrString: 'http',
  Time: '2026-01-01T00:00:00Z',
  MicroTime: '2026-01-01T00:00:00.000001Z',
  Duration: '1h2m3s',
  Any: { any: ['thing', 1] },
};

/** A value with every field set; a message inside itself is left out. */
function full(type: FieldType, within: readonly string[]): Json | undefined {
  if (type.shape === 'scalar') return samples[type.name];
  if (type.shape === 'message')
    return within.includes(type.message) ? undefined : object(type.message, within);
  const inner = full(type.of, within);
  if (inner === undefined) return undefined;
  return type.shape === 'list' ? [inner, inner] : { 'key.one': inner, __proto: inner };
}

function object(message: string, within: readonly string[]): JsonObject {
  const value: JsonObject = {};
  for (const [name, { type, union }] of schema.message(message).fields) {
    const field = union ? unionSample(union, type) : full(type, [...within, message]);
    if (field !== undefined && name !== 'apiVersion' && name !== 'kind') value[name] = field;
  }
  return value;
}

/** One of the shapes that such a field has in JSON. */
function unionSample(union: string, type: FieldType): Json {
  const text = { type: 'string' };
  const shapes: Record<string, Json> = {
    JSONSchemaPropsOrArray: [text, text],
    JSONSchemaPropsOrBool: true,
    JSONSchemaPropsOrStringArray: ['one', 'two'],
  };
  const sample = shapes[union] ?? null;
  return type.shape === 'map' ? { one: sample, two: text } : sample;
}

const kinds = Object.entries(table.kinds).map(([key, message]): { ref: KindRef; message: string } => {
  const [group = '', version = '', kind = ''] = key.split('/');
  return { ref: { group, version, kind }, message };
});

for (const { ref, message } of kinds) {
  const apiVersion = ref.group ? `${ref.group}/${ref.version}` : ref.version;
  t.test(`${apiVersion} ${ref.kind} with every field set decodes to its JSON`, async (t) => {
    const sent = { apiVersion, kind: ref.kind, ...object(message, []) };
    const decoded = decodeProtobuf(schema, ref, protobufBody(sent));
    t.same(decoded, sent);
    const { unknownFields, typeErrors } = schema.check(ref, decoded);
    t.same([unknownFields, typeErrors], [[], []]);
  });
}

const deployment = { group: 'apps', version: 'v1', kind: 'Deployment' };
const pod = { group: '', version: 'v1', kind: 'Pod' };

t.test('what Go writes for fields that were never set is dropped, what means something stays', async (t) => {
  const sent = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: '', generation: 0, labels: { empty: '' } },
    spec: {
      replicas: 0,
      minReadySeconds: 0,
      paused: false,
      template: {
        spec: {
          hostNetwork: false,
          enableServiceLinks: false,
          volumes: [{ name: 'scratch', emptyDir: {} }],
          containers: [{ name: 'web', image: '' }],
        },
      },
    },
  };
  t.same(decodeProtobuf(schema, deployment, protobufBody(sent)), {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', labels: { empty: '' } },
    spec: {
      replicas: 0,
      template: {
        spec: {
          enableServiceLinks: false,
          volumes: [{ name: 'scratch', emptyDir: {} }],
          containers: [{ name: 'web' }],
        },
      },
    },
  });
});

t.test('a schema inside a custom definition keeps the shape that it has in JSON', async (t) => {
  const ref = { group: 'apiextensions.k8s.io', version: 'v1', kind: 'CustomResourceDefinition' };
  const text = { type: 'string' };
  const openAPIV3Schema = {
    type: 'object',
    properties: {
      list: { type: 'array', items: text, additionalItems: false },
      map: { type: 'object', additionalProperties: text },
      both: { items: [text, text], dependencies: { a: ['b'], c: text } },
    },
  };
  const spec = { versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema } }] };
  const sent = { apiVersion: 'apiextensions.k8s.io/v1', kind: ref.kind, spec };
  t.same(decodeProtobuf(schema, ref, protobufBody(sent)), sent);
});

t.test('a zero time is no time', async (t) => {
  for (const time of [Buffer.alloc(0), Buffer.from([8, 0, 16, 0])]) {
    const metadata = Buffer.concat([bytesField(1, 'web'), bytesField(8, time)]);
    const unknown = bytesField(2, bytesField(1, metadata));
    const decoded = decodeProtobuf(schema, pod, Buffer.concat([Buffer.from('k8s\0'), unknown]));
    t.same(decoded.metadata, { name: 'web' });
  }
});

t.test('a label named __proto__ stays a label', async (t) => {
  const labels = bytesField(11, Buffer.concat([bytesField(1, '__proto__'), bytesField(2, 'x')]));
  const unknown = bytesField(2, bytesField(1, labels));
  const decoded = decodeProtobuf(schema, pod, Buffer.concat([Buffer.from('k8s\0'), unknown]));
  t.same(Object.keys((decoded.metadata as JsonObject).labels as JsonObject), ['__proto__']);
  t.equal(schema.check(pod, decoded).typeErrors.length, 1);
});

/** Nothing but a StatusError 400 may come of it. */
function refusedOrRead(ref: KindRef, body: Buffer): boolean {
  try {
    schema.check(ref, decodeProtobuf(schema, ref, body));
    return true;
  } catch (error) {
    return error instanceof StatusError && error.code === 400;
  }
}

t.test('truncated, changed and random bytes never give anything but a 400', async (t) => {
  const body = protobufBody({ apiVersion: 'v1', kind: 'Pod', ...object('core/v1.Pod', []) });
  const step = Math.max(1, Math.floor(body.length / 300));
  for (let end = 0; end < body.length; end += step) {
    if (!refusedOrRead(pod, body.subarray(0, end))) t.fail(`cut at ${end}`);
  }
  const changes = fc.array(fc.tuple(fc.nat(body.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(changes, (list) => {
      const changed = Buffer.from(body);
      for (const [at, byte] of list) changed[at] = byte;
      return refusedOrRead(pod, changed);
    }),
    { numRuns: 200 },
  );
  const raw = fc.uint8Array({ maxLength: 200 });
  fc.assert(
    fc.property(raw, (bytes) => {
      const inside = bytesField(2, Buffer.from(bytes));
      return (
        refusedOrRead(pod, Buffer.from(bytes)) &&
        refusedOrRead(pod, Buffer.concat([Buffer.from('k8s\0'), inside]))
      );
    }),
    { numRuns: 500 },
  );
});

t.test('nesting without end is refused before the stack is', async (t) => {
  const ref = { group: '', version: 'v1', kind: 'Status' };
  let inner: Buffer = encode('meta/v1.ListMeta', {});
  for (let i = 0; i < 20_000; i++) inner = bytesField(1, inner.subarray(0, 100_000));
  t.ok(refusedOrRead(ref, Buffer.concat([Buffer.from('k8s\0'), bytesField(2, inner)])));
});
