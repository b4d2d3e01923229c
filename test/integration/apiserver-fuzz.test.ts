// Requests made at random from the words of the API: whatever comes, the answer is a Status that is not the
// server's fault, and the server lives on.
import fc from 'fast-check';
import t from 'tap';
import { loadSchema } from '../../src/api/schema/load-schema.ts';
import type { FieldType, ScalarName } from '../../src/api/schema/table.ts';
import { apiVersionOf } from '../../src/api/scheme.ts';
import { allKinds } from '../../src/api/scheme-table.ts';
import { startApiServer } from '../support/api-server.ts';

const errors: unknown[] = [];
const noLog = () => {};
const logger = {
  debug: noLog,
  info: noLog,
  warn: noLog,
  error: (fields: object) => errors.push(fields),
  child: () => logger,
};
const api = await startApiServer({ logger });
t.teardown(() => api.stop());
const pod = { metadata: { name: 'one' }, spec: { containers: [{ name: 'a', image: 'a:1' }] } };
await api.ask('POST', '/api/v1/namespaces/default/pods', { body: pod });

const segment = fc.constantFrom(
  'api',
  'apis',
  'v1',
  'namespaces',
  'default',
  'pods',
  'services',
  'nodes',
  'configmaps',
  'secrets',
  'events',
  'replicationcontrollers',
  'one',
  'status',
  'scale',
  'binding',
  'log',
  'finalize',
  'kubernetes',
  'openapi',
  'v3',
  'v2',
  'edge',
  'join',
  'sessions',
  '%00',
  '%2F',
  '..',
  '__proto__',
  'constructor',
  'ä',
  '%E0%A4%A',
);
const path = fc.oneof(
  fc.array(segment, { maxLength: 7 }).map((parts) => `/${parts.join('/')}`),
  fc.array(segment, { maxLength: 3 }).map((parts) => `/api/v1/namespaces/default/${parts.join('/')}`),
);
const query = fc.array(
  fc.constantFrom(
    'limit=1',
    'limit=x',
    'continue=abc',
    'labelSelector=a%3Db',
    'labelSelector=((',
    'fieldSelector=spec.x%3D1',
    'dryRun=All',
    'fieldValidation=Strict',
    'resourceVersion=1',
    'resourceVersion=99999999999',
    'resourceVersionMatch=Exact',
    'watch=1&timeoutSeconds=1&resourceVersion=99999999',
    'propagationPolicy=Orphan',
    'gracePeriodSeconds=0',
    'container=a',
    'tailLines=1',
  ),
  { maxLength: 3 },
);
const key = fc.constantFrom(
  'metadata',
  'spec',
  'status',
  'name',
  'namespace',
  'labels',
  'annotations',
  'finalizers',
  'ownerReferences',
  'containers',
  'template',
  'replicas',
  'ports',
  'selector',
  'data',
  'type',
  'target',
  'kind',
  'apiVersion',
  '__proto__',
  '$patch',
  'op',
  'path',
);
const leaf = fc.oneof(
  fc.constantFrom<unknown>(
    'one',
    'Pod',
    'v1',
    '',
    null,
    1,
    -1,
    1.5,
    1e30,
    true,
    'delete',
    '/metadata/name',
    'ä\u0000',
  ),
  fc.string({ maxLength: 5 }),
);
const { value: tree } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    leaf,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.array(fc.tuple(key, tie('value')), { maxLength: 4 }).map((pairs) => Object.fromEntries(pairs)),
  ),
}));
const body = fc.oneof(
  tree.map((value) => JSON.stringify(value)),
  tree.map((value) => JSON.stringify({ ...pod, ...(typeof value === 'object' ? value : {}) })),
  fc.string({ maxLength: 30 }),
);
const contentType = fc.constantFrom(
  '',
  'application/json',
  'application/yaml',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/json-patch+json',
  'application/vnd.kubernetes.protobuf',
  'x',
);
const accept = fc.constantFrom(
  '*/*',
  'application/json;as=Table;v=v1;g=meta.k8s.io,application/json',
  'x/y',
  ';;=,',
);
const method = fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS');

t.test('no request at random is an internal error or stops the server', async (t) => {
  let tried = 0;
  const request = fc.record({ method, path, query, body, contentType, accept });
  await fc.assert(
    fc.asyncProperty(request, async (r) => {
      // A collection of namespaces or pods that is really watched would not end by itself.
      if (/watch=1/.test(r.query.join('&')) && !r.query.join('&').includes('99999999')) return;
      const headers = { accept: r.accept, ...(r.contentType ? { 'content-type': r.contentType } : {}) };
      const options = { headers, ...(r.method === 'GET' ? {} : { body: r.body }) };
      const url = encodeURI(`${r.path}?${r.query.join('&')}`).replaceAll('%25', '%');
      const answer = await api.ask(r.method, url, options);
      tried += 1;
      if (answer.code === 500) throw new Error(`${r.method} ${url} gave ${answer.text}`);
    }),
    { numRuns: 1500 },
  );
  t.same(errors, []);
  t.ok(tried > 1000);
  t.equal((await api.ask('GET', '/readyz')).text, 'ok');
});

const schema = await loadSchema();
const words = fc.constantFrom(
  'a',
  'b',
  '',
  'Always',
  'TCP',
  'NodePort',
  'None',
  '10.48.0.1',
  'A_b',
  'x'.repeat(300),
  '-',
  'a/b/c',
);
const numbers = fc.constantFrom(0, 1, -1, 80, 65536, 30080, 2147483647);
const scalars: Record<ScalarName, fc.Arbitrary<unknown>> = {
  string: words,
  bool: fc.boolean(),
  int32: numbers,
  int64: numbers,
  double: fc.constantFrom(0, 1.5, -1),
  bytes: fc.constantFrom('', 'YQ=='),
  Quantity: fc.constantFrom('1', '100m', '-1', '1Gi', '1e3', 'x', 5),
  IntOrString: fc.constantFrom<unknown>(80, 'http', '', '50%', -1),
  Time: fc.constantFrom('2026-01-01T00:00:00Z', 'x'),
  MicroTime: fc.constantFrom('2026-01-01T00:00:00.000000Z', 'x'),
  Duration: fc.constantFrom('1s', 'x'),
  Any: fc.constantFrom<unknown>({}, { a: 1 }),
};

/** Objects whose fields all have the right types, with values that make little sense. */
function fitting(type: FieldType, depth: number): fc.Arbitrary<unknown> {
  if (type.shape === 'scalar') return scalars[type.name];
  if (type.shape === 'list') return fc.array(fitting(type.of, depth), { maxLength: 2 });
  if (type.shape === 'map') return fc.dictionary(words, fitting(type.of, depth), { maxKeys: 2 });
  if (depth === 0) return fc.constant({});
  const fields = [...schema.message(type.message).fields].filter(
    ([name]) => !['apiVersion', 'kind'].includes(name),
  );
  return fc
    .subarray(fields, { minLength: 0, maxLength: Math.min(5, fields.length) })
    .chain((chosen) =>
      fc.tuple(...chosen.map(([name, spec]) => fitting(spec.type, depth - 1).map((value) => [name, value]))),
    )
    .map((pairs) => Object.fromEntries(pairs));
}

const template = { metadata: { labels: { a: 'b' } }, spec: pod.spec };
const kindAt = (index: number) => allKinds[index]!;

t.test(
  'objects of the right types and no sense are created or refused, never an internal error',
  async (t) => {
    const codes = new Set<number>();
    const sense = fc.nat(allKinds.length - 1).chain((index) =>
      fc.record({
        index: fc.constant(index),
        object: fitting(
          { shape: 'message', message: schema.messageOf(kindAt(index)).name },
          6,
        ) as fc.Arbitrary<{
          spec?: object;
        }>,
        base: fc.constantFrom(
          {},
          pod.spec,
          { template },
          { template, selector: { matchLabels: { a: 'b' } } },
        ),
        patch: fc.constantFrom('merge-patch', 'strategic-merge-patch'),
      }),
    );
    await fc.assert(
      fc.asyncProperty(sense, async ({ index, object, base, patch }) => {
        const kind = kindAt(index);
        const prefix = kind.group ? `/apis/${apiVersionOf(kind)}` : '/api/v1';
        const root = `${prefix}/${kind.namespaced ? 'namespaces/default/' : ''}${kind.plural}`;
        const name = `x${codes.size}${Math.floor(performance.now() * 1000)}`;
        const spec = object.spec || Object.keys(base).length > 0 ? { spec: { ...base, ...object.spec } } : {};
        const made = await api.ask('POST', root, { body: { ...object, ...spec, metadata: { name } } });
        codes.add(made.code);
        const headers = { 'content-type': `application/${patch}+json` };
        const target = made.code === 201 ? name : 'one';
        const patched = await api.ask('PATCH', `${root}/${target}`, { body: object, headers });
        const status = await api.ask('PATCH', `${root}/${target}/status`, { body: object, headers });
        const table = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
        const shown = await api.ask('GET', `${root}/${target}`, { headers: table });
        for (const { code, text } of [made, patched, status, shown]) {
          if (code === 500)
            throw new Error(`${kind.kind} ${JSON.stringify(object)} gave ${text}: ${JSON.stringify(errors)}`);
        }
      }),
      { numRuns: 600 },
    );
    t.same(errors, []);
    t.ok(codes.has(201) && codes.has(422), 'both sorts were tried');
  },
);
