// Walks every field of every served kind, as deep as the kinds go: nothing is known that the table does not say,
// and all that it says is known.
import t from 'tap';
import type { Json, JsonObject } from '../../../../src/api/schema/json.ts';
import { loadSchema } from '../../../../src/api/schema/load-schema.ts';
import type { KindRef, MessageSpec, Schema } from '../../../../src/api/schema/schema.ts';
import type { FieldType, ScalarName } from '../../../../src/api/schema/table.ts';
import { allKinds } from '../../../../src/api/scheme-table.ts';

const schema = await loadSchema();

const others: KindRef[] = [
  { group: '', version: 'v1', kind: 'Binding' },
  { group: '', version: 'v1', kind: 'DeleteOptions' },
  { group: 'autoscaling', version: 'v1', kind: 'Scale' },
];

/** One place where an object of a known message stands: how to wrap an object so that it stands there. */
interface Place {
  path: string;
  message: MessageSpec;
  wrap(inner: JsonObject): JsonObject;
}

const join = (path: string, name: string) => (path ? `${path}.${name}` : name);

/** Every place of a kind where an object stands; a message inside itself is entered once. */
function* places(schema: Schema, place: Place, entered: readonly string[]): Generator<Place> {
  yield place;
  for (const [name, field] of place.message.fields) {
    const found = messageIn(field.type);
    if (!found || entered.includes(found.message)) continue;
    const inner = {
      path: join(place.path, name) + found.suffix,
      message: schema.message(found.message),
      wrap: (value: JsonObject) => place.wrap({ [name]: found.wrap(value) }),
    };
    yield* places(schema, inner, [...entered, found.message]);
  }
}

function messageIn(
  type: FieldType,
): { message: string; suffix: string; wrap(value: Json): Json } | undefined {
  if (type.shape === 'message') return { message: type.message, suffix: '', wrap: (value) => value };
  if (type.shape === 'scalar') return undefined;
  const inner = messageIn(type.of);
  if (!inner) return undefined;
  if (type.shape === 'list') return { ...inner, suffix: `[0]${inner.suffix}`, wrap: (v) => [inner.wrap(v)] };
  return { ...inner, suffix: `.key${inner.suffix}`, wrap: (v) => ({ key: inner.wrap(v) }) };
}

const rootOf = (kind: KindRef): Place => ({ path: '', message: schema.messageOf(kind), wrap: (v) => v });

const scalarSamples: Record<ScalarName, Json> = {
  string: 'text',
  bool: true,
  int32: 7,
  int64: 7,
  double: 0.5,
  bytes: 'AAAA',
  Quantity: '100m',
  IntOrString: 'http',
  Time: '2026-01-01T00:00:00Z',
  MicroTime: '2026-01-01T00:00:00.000001Z',
  Duration: '1h0m0s',
  Any: { any: ['thing'] },
};

function sample(type: FieldType): Json {
  if (type.shape === 'scalar') return scalarSamples[type.name];
  if (type.shape === 'message') return {};
  return type.shape === 'list' ? [sample(type.of)] : { key: sample(type.of) };
}

/** What the type cannot be; RawExtension and FieldsV1 can be anything. */
function misfit(type: FieldType): Json | undefined {
  if (type.shape !== 'scalar') return 'text';
  if (type.name === 'Any') return undefined;
  return type.name === 'bool' ? 'true' : true;
}

for (const kind of [...allKinds, ...others]) {
  t.test(`in ${kind.kind} an unknown field is found wherever an object stands`, async (t) => {
    let count = 0;
    for (const place of places(schema, rootOf(kind), [])) {
      const { unknownFields, value } = schema.check(kind, place.wrap({ noSuchField: 1 }));
      count += 1;
      const expected = [`unknown field "${join(place.path, 'noSuchField')}"`];
      if (unknownFields.join() !== expected.join()) t.same(unknownFields, expected, place.path);
      if (JSON.stringify(value).includes('noSuchField')) t.fail(`not pruned at ${place.path}`);
    }
    t.ok(count > 0, `${count} places`);
  });

  t.test(`in ${kind.kind} every field takes its own type and refuses another`, async (t) => {
    let count = 0;
    for (const place of places(schema, rootOf(kind), [])) {
      for (const [name, { type }] of place.message.fields) {
        count += 1;
        const given = place.wrap({ [name]: sample(type) });
        const { unknownFields, typeErrors, value } = schema.check(kind, given);
        if (unknownFields.length + typeErrors.length > 0) t.same([unknownFields, typeErrors], [[], []], name);
        if (JSON.stringify(value) !== JSON.stringify(given)) t.same(value, given, join(place.path, name));
        const wrong = misfit(type);
        if (wrong === undefined) continue;
        const refused = schema.check(kind, place.wrap({ [name]: wrong })).typeErrors;
        if (refused.length !== 1) t.same(refused, ['one error'], join(place.path, name));
      }
    }
    t.ok(count > 3, `${count} fields`);
  });
}

t.test('the walk reaches what is deepest in a pod', async (t) => {
  const pod = { group: '', version: 'v1', kind: 'Pod' };
  const paths = [...places(schema, rootOf(pod), [])].map((place) => place.path);
  for (const path of [
    'metadata.managedFields[0]',
    'spec.containers[0].lifecycle.preStop.httpGet.httpHeaders[0]',
    'spec.ephemeralContainers[0].readinessProbe.exec',
    'spec.volumes[0].projected.sources[0].configMap.items[0]',
    'spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchFields[0]',
    'status.containerStatuses[0].lastState.terminated',
  ]) {
    t.ok(paths.includes(path), path);
  }
});
