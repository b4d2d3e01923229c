import fc from 'fast-check';
import t from 'tap';
import { isJsonObject, type Json, type JsonObject, jsonEqual } from '../../../src/api/schema/json.ts';
import { loadSchema } from '../../../src/api/schema/load-schema.ts';
import type { FieldType } from '../../../src/api/schema/table.ts';
import { applyStrategicMergePatch } from '../../../src/api/strategic-merge.ts';
import { createThreeWayPatch } from '../../../src/api/strategic-merge-diff.ts';
import { patchField, rootType } from '../../../src/api/strategic-merge-meta.ts';

const schema = await loadSchema();
const pod = { group: '', version: 'v1', kind: 'Pod' };
const service = { group: '', version: 'v1', kind: 'Service' };

const specPatch = (original: JsonObject | undefined, modified: JsonObject, current: JsonObject, kind = pod) =>
  createThreeWayPatch(schema, kind, original && { spec: original }, { spec: modified }, { spec: current });

const named = (...names: string[]) => names.map((name) => ({ name }));

t.test('what was applied and is gone is deleted; what others added stays', async (t) => {
  const patch = specPatch(
    { hostname: 'h', nodeSelector: { mine: '1', old: '2' } },
    { nodeSelector: { mine: '3' } },
    { hostname: 'h', nodeSelector: { mine: '1', old: '2', theirs: '4' }, nodeName: 'n' },
  );
  t.same(patch, { spec: { hostname: null, nodeSelector: { mine: '3', old: null } } });
});

t.test('what is already gone on the server needs no deletion', async (t) => {
  t.same(specPatch({ hostname: 'h', subdomain: 's' }, {}, {}), {});
  t.same(specPatch({ hostname: 'h' }, { hostname: null }, {}), {});
});

t.test('an explicit null deletes what the server has', async (t) => {
  t.same(specPatch(undefined, { hostname: null }, { hostname: 'h' }), { spec: { hostname: null } });
});

t.test('a list by key patches, adds and deletes single items, and says their order', async (t) => {
  const patch = specPatch(
    { containers: named('a', 'gone') },
    { containers: [{ name: 'new' }, { name: 'a', image: 'x' }] },
    { containers: [{ name: 'a', tty: true }, { name: 'gone' }, { name: 'sidecar' }] },
  );
  t.same(patch, {
    spec: {
      '$setElementOrder/containers': named('new', 'a'),
      containers: [{ name: 'new' }, { name: 'a', image: 'x' }, { name: 'gone', $patch: 'delete' }],
    },
  });
});

t.test('only another order is only an order, and a foreign item is no other order', async (t) => {
  const current = { containers: named('sidecar', 'a', 'b') };
  t.same(specPatch(undefined, { containers: named('a', 'b') }, current), {});
  t.same(specPatch(undefined, { containers: named('b', 'a') }, current), {
    spec: { '$setElementOrder/containers': named('b', 'a') },
  });
});

t.test('a list without a merge key is sent whole when it differs', async (t) => {
  const current = { tolerations: [{ key: 'a' }, { key: 'b' }] };
  t.same(specPatch(current, { tolerations: [{ key: 'b' }] }, current), {
    spec: { tolerations: [{ key: 'b' }] },
  });
  t.same(specPatch(current, current, current), {});
});

t.test('another volume source clears the old one through $retainKeys', async (t) => {
  const patch = specPatch(
    { volumes: [{ name: 'v', emptyDir: {} }] },
    { volumes: [{ name: 'v', hostPath: { path: '/x' } }] },
    { volumes: [{ name: 'v', emptyDir: {} }] },
  );
  t.same(patch, {
    spec: {
      '$setElementOrder/volumes': [{ name: 'v' }],
      volumes: [{ name: 'v', $retainKeys: ['hostPath', 'name'], hostPath: { path: '/x' }, emptyDir: null }],
    },
  });
});

t.test('finalizers are added and taken out one by one', async (t) => {
  const patch = createThreeWayPatch(
    schema,
    pod,
    { metadata: { finalizers: ['old'] } },
    { metadata: { finalizers: ['new'] } },
    { metadata: { finalizers: ['server', 'old'] } },
  );
  t.same(patch, {
    metadata: {
      '$setElementOrder/finalizers': ['new'],
      '$deleteFromPrimitiveList/finalizers': ['old'],
      finalizers: ['new'],
    },
  });
});

t.test('a port over two protocols is added, changed and deleted by itself', async (t) => {
  const tcp = { port: 53, protocol: 'TCP', targetPort: 53 };
  const udp = { port: 53, protocol: 'UDP', targetPort: 53 };
  const after = (original: JsonObject[], modified: JsonObject[], current: JsonObject[]) => {
    const patch = specPatch({ ports: original }, { ports: modified }, { ports: current }, service);
    const applied = applyStrategicMergePatch(schema, service, { spec: { ports: current } }, patch);
    return (applied.spec as JsonObject).ports;
  };
  t.same(after([tcp], [tcp, udp], [tcp]), [tcp, udp]);
  t.same(after([tcp, udp], [tcp], [tcp, udp]), [tcp]);
  t.same(after([tcp, udp], [udp], [tcp, udp]), [udp]);
  const moved = { ...udp, targetPort: 5353 };
  t.same(after([tcp, udp], [tcp, moved], [tcp, udp]), [tcp, moved]);
  t.same(specPatch({ ports: [tcp, udp] }, { ports: [tcp, udp] }, { ports: [tcp, udp] }, service), {});
});

t.test('ports come out as wanted, however many protocols share a number', async () => {
  const port = fc.record({
    port: fc.constantFrom(53, 80),
    protocol: fc.constantFrom('TCP', 'UDP', 'SCTP'),
    targetPort: fc.constantFrom(1, 2),
  });
  const ports = fc.uniqueArray(port, { selector: ({ port, protocol }) => `${port}/${protocol}` });
  const sorted = (list: Json | undefined) =>
    [...((list ?? []) as Json[])].map((p) => JSON.stringify(p)).sort();
  fc.assert(
    fc.property(ports, ports, (before, after) => {
      const current = { spec: { ports: before } };
      const patch = createThreeWayPatch(schema, service, current, { spec: { ports: after } }, current);
      const result = applyStrategicMergePatch(schema, service, current, patch).spec as JsonObject;
      return jsonEqual(sorted(result.ports), sorted(after));
    }),
    { numRuns: 2000 },
  );
});

t.test('a variable that is set twice stays set twice', async (t) => {
  const env = (...values: string[]) => ({
    containers: [{ name: 'a', env: values.map((value) => ({ name: 'X', value })) }],
  });
  t.same(specPatch(env('1', '2'), env('1', '2'), env('1', '2')), {});
  const after = (from: string[], to: string[]) => {
    const patch = specPatch(env(...from), env(...to), env(...from));
    return applyStrategicMergePatch(schema, pod, { spec: env(...from) }, patch).spec;
  };
  t.same(after(['1', '2'], ['1', '3']), env('1', '3'));
  t.same(after(['1', '2'], ['1']), env('1'));
  t.same(after(['1'], ['1', '2']), env('1', '2'));
  t.same(after(['1', '2', '3'], ['1', '3']), env('1', '3'));
});

t.test('an item without its merge key is a clear 400', async (t) => {
  const modified = { containers: [{ image: 'x' }] };
  t.throws(() => specPatch(undefined, modified, { containers: named('a') }), {
    code: 400,
    message: /"containers".*"name"/,
  });
});

const small = fc.constantFrom('a', 'b', 'c');
const optional = <T>(arb: fc.Arbitrary<T>) => fc.option(arb, { nil: undefined });
const byName = <T extends object>(arb: fc.Arbitrary<T>) =>
  fc.uniqueArray(
    fc.tuple(small, arb).map(([name, rest]) => ({ name, ...rest })),
    { selector: (i) => i.name },
  );

const volumeSource = fc.oneof(
  fc.record({ emptyDir: fc.record({ medium: optional(small) }) }),
  fc.record({ hostPath: fc.record({ path: small }) }),
);

/** Pods of few words, so that the three of a case agree in some and differ in others. */
const somePod = fc
  .record({
    metadata: fc.record({
      labels: optional(fc.dictionary(small, small)),
      finalizers: optional(fc.uniqueArray(small)),
    }),
    spec: fc.record({
      hostname: optional(small),
      containers: byName(
        fc.record({
          image: optional(small),
          command: optional(fc.array(small, { maxLength: 3 })),
          env: optional(byName(fc.record({ value: optional(small) }))),
        }),
      ),
      volumes: optional(byName(volumeSource)),
      tolerations: optional(fc.array(fc.record({ key: small }), { maxLength: 2 })),
      securityContext: optional(fc.record({ runAsUser: optional(fc.nat({ max: 2 })) })),
    }),
  })
  .map((value) => JSON.parse(JSON.stringify(value)) as JsonObject);

/** Whether `actual` has all that `wanted` says, with merging lists compared item by item in their order. */
function contains(type: FieldType | undefined, actual: Json | undefined, wanted: Json): boolean {
  if (!isJsonObject(wanted) || !isJsonObject(actual)) return jsonEqual(actual, wanted);
  return Object.keys(wanted).every((key) => {
    const field = patchField(schema, type, key);
    const [is, shall] = [actual[key], wanted[key]!];
    if (!field.mergesLists || !Array.isArray(is) || !Array.isArray(shall)) {
      return contains(field.type, is, shall);
    }
    const identity = (item: Json) => (isJsonObject(item) ? item[field.mergeKey!]! : item);
    const mine = is.filter((item) => shall.some((other) => identity(other) === identity(item)));
    return mine.length === shall.length && shall.every((item, i) => contains(field.type, mine[i], item));
  });
}

t.test('applied, the patch yields all that is wanted, whatever was before', async () => {
  fc.assert(
    fc.property(optional(somePod), somePod, somePod, (original, modified, current) => {
      const patch = createThreeWayPatch(schema, pod, original, modified, current);
      const result = applyStrategicMergePatch(schema, pod, current, JSON.parse(JSON.stringify(patch)));
      return contains(rootType(schema, pod), result, modified);
    }),
    { numRuns: 2000 },
  );
});

t.test('applied twice, the second patch is empty', async () => {
  fc.assert(
    fc.property(optional(somePod), somePod, somePod, (original, modified, current) => {
      const patch = createThreeWayPatch(schema, pod, original, modified, current);
      const result = applyStrategicMergePatch(schema, pod, current, patch);
      return jsonEqual(createThreeWayPatch(schema, pod, modified, modified, result), {});
    }),
    { numRuns: 2000 },
  );
});

t.test(
  'from what was applied last to the same again is nothing; to anything else is exactly that',
  async () => {
    fc.assert(
      fc.property(somePod, somePod, (before, after) => {
        const type = rootType(schema, pod);
        const patch = createThreeWayPatch(schema, pod, before, after, before);
        const result = applyStrategicMergePatch(schema, pod, before, patch);
        const same = createThreeWayPatch(schema, pod, before, before, before);
        return jsonEqual(same, {}) && contains(type, result, after) && contains(type, after, result);
      }),
      { numRuns: 2000 },
    );
  },
);
