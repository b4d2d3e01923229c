// Cases after upstream's description of strategic merge patch:
// https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md
import t from 'tap';
import type { JsonObject } from '../../../src/api/schema/json.ts';
import { loadSchema } from '../../../src/api/schema/load-schema.ts';
import { applyStrategicMergePatch } from '../../../src/api/strategic-merge.ts';

const schema = await loadSchema();
const pod = { group: '', version: 'v1', kind: 'Pod' };
const service = { group: '', version: 'v1', kind: 'Service' };

const applyTo = (kind: typeof pod, current: JsonObject, patch: JsonObject) =>
  applyStrategicMergePatch(schema, kind, current, patch);
const spec = (current: JsonObject, patch: JsonObject) =>
  applyTo(pod, { spec: current }, { spec: patch }).spec;
const metadata = (current: JsonObject, patch: JsonObject) =>
  applyTo(pod, { metadata: current }, { metadata: patch }).metadata;

const named = (...names: string[]) => names.map((name) => ({ name }));

interface Case {
  what: string;
  current: JsonObject;
  patch: JsonObject;
  result: JsonObject;
}

const specCases: Case[] = [
  {
    what: 'an item with a known name merges',
    current: { containers: [{ name: 'nginx', image: 'nginx-1.0' }] },
    patch: { containers: [{ name: 'nginx', args: ['-v'] }] },
    result: { containers: [{ name: 'nginx', image: 'nginx-1.0', args: ['-v'] }] },
  },
  {
    what: 'an item with a new name is added, in front as upstream does without an order',
    current: { containers: [{ name: 'nginx', image: 'nginx-1.0' }] },
    patch: { containers: [{ name: 'log-tailer', image: 'log-tailer-1.0' }] },
    result: {
      containers: [
        { name: 'log-tailer', image: 'log-tailer-1.0' },
        { name: 'nginx', image: 'nginx-1.0' },
      ],
    },
  },
  {
    what: '$patch: replace among the items replaces the list',
    current: { containers: [{ name: 'nginx', image: 'nginx-1.0' }] },
    patch: { containers: [{ name: 'log-tailer', image: 'log-tailer-1.0' }, { $patch: 'replace' }] },
    result: { containers: [{ name: 'log-tailer', image: 'log-tailer-1.0' }] },
  },
  {
    what: '$patch: delete removes the item with that name',
    current: { containers: named('nginx', 'log-tailer') },
    patch: { containers: [{ name: 'nginx', $patch: 'delete' }] },
    result: { containers: named('log-tailer') },
  },
  {
    what: 'deleting an item that is not there changes nothing',
    current: { containers: named('nginx') },
    patch: { containers: [{ name: 'gone', $patch: 'delete' }] },
    result: { containers: named('nginx') },
  },
  {
    what: '$patch: merge says what happens anyway',
    current: { containers: [{ name: 'a', image: 'x' }], securityContext: { runAsUser: 1 } },
    patch: {
      containers: [{ name: 'a', tty: true, $patch: 'merge' }],
      securityContext: { runAsGroup: 2, $patch: 'merge' },
    },
    result: {
      containers: [{ name: 'a', image: 'x', tty: true }],
      securityContext: { runAsUser: 1, runAsGroup: 2 },
    },
  },
  {
    what: '$patch: replace in an object replaces it',
    current: { securityContext: { runAsUser: 1, fsGroup: 2 } },
    patch: { securityContext: { fsGroup: 3, $patch: 'replace' } },
    result: { securityContext: { fsGroup: 3 } },
  },
  {
    what: '$patch: delete in an object empties it',
    current: { securityContext: { runAsUser: 1, fsGroup: 2 } },
    patch: { securityContext: { $patch: 'delete' } },
    result: { securityContext: {} },
  },
  {
    what: 'null deletes a field, a map entry and a list',
    current: { hostname: 'h', nodeSelector: { a: '1', b: '2' }, tolerations: [{ key: 'x' }] },
    patch: { hostname: null, nodeSelector: { a: null, c: '3' }, tolerations: null },
    result: { nodeSelector: { b: '2', c: '3' } },
  },
  {
    what: 'nulls and directives that meet nothing leave no trace',
    current: {},
    patch: {
      hostname: null,
      securityContext: { runAsUser: null, fsGroup: 1 },
      affinity: { $patch: 'delete' },
      containers: [
        { name: 'a', '$setElementOrder/env': [{ name: 'X' }], env: [{ name: 'X', value: null }] },
        { name: 'b', $patch: 'delete' },
      ],
    },
    result: { securityContext: { fsGroup: 1 }, containers: [{ name: 'a', env: [{ name: 'X' }] }] },
  },
  {
    what: 'lists without a merge strategy are replaced',
    current: { tolerations: [{ key: 'a' }, { key: 'b' }], containers: [{ name: 'a', command: ['x', 'y'] }] },
    patch: { tolerations: [{ key: 'c' }], containers: [{ name: 'a', command: ['z'] }] },
    result: { tolerations: [{ key: 'c' }], containers: [{ name: 'a', command: ['z'] }] },
  },
  {
    what: '$retainKeys clears what it does not name',
    current: { volumes: [{ name: 'v', hostPath: { path: '/x' } }] },
    patch: { volumes: [{ name: 'v', $retainKeys: ['name', 'emptyDir'], emptyDir: {} }] },
    result: { volumes: [{ name: 'v', emptyDir: {} }] },
  },
  {
    what: '$retainKeys merges what it names',
    current: { volumes: [{ name: 'v', configMap: { name: 'c', defaultMode: 420 } }] },
    patch: { volumes: [{ name: 'v', $retainKeys: ['name', 'configMap'], configMap: { name: 'd' } }] },
    result: { volumes: [{ name: 'v', configMap: { name: 'd', defaultMode: 420 } }] },
  },
  {
    what: '$setElementOrder alone reorders',
    current: { containers: named('a', 'b', 'c') },
    patch: { '$setElementOrder/containers': named('c', 'a', 'b') },
    result: { containers: named('c', 'a', 'b') },
  },
  {
    what: 'items that only the server has keep their place before their successors',
    current: { containers: named('a', 'sidecar', 'b') },
    patch: {
      '$setElementOrder/containers': named('new', 'a', 'b'),
      containers: [{ name: 'new' }, { name: 'b', tty: true }],
    },
    result: { containers: [{ name: 'new' }, { name: 'a' }, { name: 'sidecar' }, { name: 'b', tty: true }] },
  },
  {
    what: 'deletion and order go together',
    current: { containers: named('a', 'b', 'c') },
    patch: {
      '$setElementOrder/containers': named('c', 'a'),
      containers: [{ name: 'b', $patch: 'delete' }],
    },
    result: { containers: named('c', 'a') },
  },
  {
    what: 'a new item takes the place that a deletion freed, as upstream orders it',
    current: { containers: named('gone', 'sidecar') },
    patch: {
      '$setElementOrder/containers': named('new'),
      containers: [{ name: 'new' }, { name: 'gone', $patch: 'delete' }],
    },
    result: { containers: named('sidecar', 'new') },
  },
  {
    what: 'nested lists merge by their own keys',
    current: {
      containers: [
        { name: 'a', env: [{ name: 'X', value: '1' }], volumeMounts: [{ name: 'v', mountPath: '/v' }] },
      ],
    },
    patch: {
      containers: [
        {
          name: 'a',
          env: [
            { name: 'X', value: '2' },
            { name: 'Y', value: '3' },
          ],
          volumeMounts: [{ mountPath: '/v', readOnly: true }],
        },
      ],
    },
    result: {
      containers: [
        {
          name: 'a',
          env: [
            { name: 'X', value: '2' },
            { name: 'Y', value: '3' },
          ],
          volumeMounts: [{ name: 'v', mountPath: '/v', readOnly: true }],
        },
      ],
    },
  },
  {
    what: 'fields that the schema does not know are plain JSON',
    current: { unheardOf: { a: 1, list: [1] } },
    patch: { unheardOf: { b: 2, list: [2] } },
    result: { unheardOf: { a: 1, b: 2, list: [2] } },
  },
];

for (const { what, current, patch, result } of specCases) {
  t.test(what, async (t) => t.same(spec(current, patch), result));
}

t.test('a merging list of scalars joins, deletes and orders', async (t) => {
  t.same(metadata({ finalizers: ['a', 'b'] }, { finalizers: ['b', 'c'] }), { finalizers: ['a', 'b', 'c'] });
  t.same(metadata({ finalizers: ['a', 'b', 'c'] }, { '$deleteFromPrimitiveList/finalizers': ['b', 'x'] }), {
    finalizers: ['a', 'c'],
  });
  t.same(
    metadata(
      { finalizers: ['server', 'a', 'b'] },
      {
        finalizers: ['new'],
        '$deleteFromPrimitiveList/finalizers': ['a'],
        '$setElementOrder/finalizers': ['b', 'new'],
      },
    ),
    { finalizers: ['server', 'b', 'new'] },
  );
  t.same(metadata({}, { '$deleteFromPrimitiveList/finalizers': ['a'] }), {});
});

t.test('ports that share a number are told apart by protocol, as kubectl patches them', async (t) => {
  const tcp = { port: 53, protocol: 'TCP', targetPort: 53 };
  const udp = { port: 53, protocol: 'UDP', targetPort: 53 };
  const order = { '$setElementOrder/ports': [{ port: 53 }, { port: 53 }] };
  const ports = (current: JsonObject[], patch: JsonObject) =>
    (applyTo(service, { spec: { ports: current } }, { spec: patch }).spec as JsonObject).ports;
  t.same(ports([tcp], { ...order, ports: [udp] }), [tcp, udp], 'UDP is added, TCP stays');
  t.same(ports([tcp, udp], { ports: [{ port: 53, protocol: 'UDP', targetPort: 5353 }] }), [
    tcp,
    { ...udp, targetPort: 5353 },
  ]);
  const both = [
    { port: 53, targetPort: 1 },
    { port: 53, targetPort: 2 },
  ];
  t.same(ports([tcp, udp], { ...order, ports: both }), [
    { ...tcp, targetPort: 1 },
    { ...udp, targetPort: 2 },
  ]);
  t.same(ports([tcp, udp], { ports: [{ $patch: 'delete', port: 53, protocol: 'UDP' }] }), [tcp]);
  t.same(ports([tcp, udp], { ports: [{ $patch: 'delete', port: 53 }] }), [], 'without a protocol: both');
  t.same(ports([tcp], { ports: [{ port: 53, protocol: 'UDP' }] }), [udp], 'one port may change its protocol');
});

t.test('the arguments stay as they are', async (t) => {
  const current = { spec: { containers: [{ name: 'a', env: [{ name: 'X' }] }], nodeSelector: { a: '1' } } };
  const patch: JsonObject = {
    spec: {
      '$setElementOrder/containers': named('b', 'a'),
      containers: [{ name: 'b' }, { name: 'a', env: [{ name: 'X', $patch: 'delete' }] }],
      nodeSelector: { a: null },
    },
  };
  const before = JSON.stringify([current, patch]);
  t.same(applyTo(pod, current, patch), {
    spec: { containers: [{ name: 'b' }, { name: 'a', env: [] }], nodeSelector: {} },
  });
  t.equal(JSON.stringify([current, patch]), before);
});

t.test('malformed patches are a 400, patches that cannot fit a 422', async (t) => {
  const refused = (code: number, current: JsonObject, patch: JsonObject, message: RegExp) =>
    t.throws(() => spec(current, patch), { code, message, name: 'StatusError' });
  const containers = named('a');
  refused(400, {}, { securityContext: { $patch: 'explode' } }, /"explode"/);
  refused(400, { containers }, { containers: [{ image: 'x' }] }, /merge key "name"/);
  refused(400, { containers }, { containers: [{ $patch: 'delete' }] }, /merge key "name"/);
  refused(400, { containers }, { '$setElementOrder/containers': 'a' }, /must be a list/);
  refused(
    400,
    { containers },
    { '$setElementOrder/containers': named('a'), containers: named('b') },
    /does not match \$setElementOrder/,
  );
  refused(
    400,
    { containers: named('a', 'b') },
    { '$setElementOrder/containers': named('a', 'b'), containers: named('b', 'a') },
    /misplaced/,
  );
  refused(
    400,
    { volumes: [{ name: 'v' }] },
    { volumes: [{ name: 'v', $retainKeys: ['name'], emptyDir: {} }] },
    /retainKeys/,
  );
  refused(422, { containers }, { containers: ['a'] }, /mixes objects/);
  refused(422, { containers }, { containers: [[]] }, /lists of lists/);
  const ports = Array.from({ length: 101 }, (_, index) => ({ port: 1, protocol: `P${index}` }));
  t.throws(() => applyTo(service, { spec: { ports: [] } }, { spec: { ports } }), {
    code: 422,
    message: /more than 100/,
  });
  t.throws(() => metadata({}, { finalizers: [{ a: 1 }] }), { code: 422 });
  t.throws(() => applyTo({ ...pod, kind: 'Gadget' }, {}, {}), { code: 400 });
});

t.test('a key named __proto__ reaches the check and no prototype', async (t) => {
  const patch = JSON.parse('{"__proto__":{"polluted":true},"metadata":{"labels":{"__proto__":{"x":1}}}}');
  const result = applyTo(pod, { metadata: { labels: {} } }, patch);
  t.equal(Object.getPrototypeOf(result), Object.prototype);
  t.equal(result.polluted, undefined);
  t.same(schema.check(pod, result).unknownFields, ['unknown field "__proto__"']);
});
