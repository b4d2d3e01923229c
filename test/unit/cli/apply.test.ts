import t from 'tap';
import { conflict, invalid } from '../../../src/api/status-error.ts';
import type { ApiRequest } from '../../../src/cli/api-connection.ts';
import { run } from './run.ts';

const ANNOTATION = 'kubectl.kubernetes.io/last-applied-configuration';
const path = '/api/v1/namespaces/default/services/web';
const patch = `PATCH ${path}?fieldValidation=Strict`;
const create = 'POST /api/v1/namespaces/default/services?fieldValidation=Strict';
const manifest = 'apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec:\n  ports: [{port: 80}]\n';
const apply = (answers: Record<string, unknown>, input = manifest, more: string[] = []) =>
  run(['apply', '-f', '-', ...more], answers, input);
const applied =
  '{"apiVersion":"v1","kind":"Service","metadata":{"annotations":{},"name":"web","namespace":"default"},"spec":{"ports":[{"port":80}]}}\n';
const stored = (spec: object, lastApplied = applied) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: {
    name: 'web',
    namespace: 'default',
    resourceVersion: '5',
    annotations: { [ANNOTATION]: lastApplied },
  },
  spec,
});

t.test('what is not there is created, with the annotation that kubectl would write', async (t) => {
  const { out, exitCode, api } = await apply({ [create]: {} });
  t.equal(out, 'service/web created\n');
  t.equal(exitCode, 0);
  t.match(api.requests.at(-1)?.body, { metadata: { annotations: { [ANNOTATION]: applied } } });
});

t.test('what is as the file says stays unchanged, whatever others added', async (t) => {
  const current = stored({ clusterIP: '10.48.0.7', ports: [{ port: 80, protocol: 'TCP' }] });
  const { out, api } = await apply({ [`GET ${path}`]: current });
  t.equal(out, 'service/web unchanged\n');
  t.same(api.asked, [`GET ${path}`]);
});

t.test('a difference is sent as a strategic patch', async (t) => {
  const before = applied.replace(
    '{"ports":[{"port":80}]}',
    '{"ports":[{"port":80}],"sessionAffinity":"ClientIP"}',
  );
  const current = stored({ ports: [{ port: 80, protocol: 'TCP' }], sessionAffinity: 'ClientIP' }, before);
  const { out, api } = await apply({
    [`GET ${path}`]: current,
    [patch]: { metadata: { resourceVersion: '6' } },
  });
  t.equal(out, 'service/web configured\n');
  const sent = api.requests.at(-1) as ApiRequest;
  t.equal(sent.contentType, 'application/strategic-merge-patch+json');
  t.match(sent.body, { spec: { sessionAffinity: null } }, 'what was applied before and is gone is deleted');
});

t.test('a patch that the server finds nothing new in is unchanged too', async (t) => {
  const current = stored({ ports: [{ port: 81, protocol: 'TCP' }] });
  const { out } = await apply({ [`GET ${path}`]: current, [patch]: { metadata: { resourceVersion: '5' } } });
  t.equal(out, 'service/web unchanged\n');
});

t.test('a conflict is tried again with what is there now', async (t) => {
  const current = stored({ ports: [{ port: 81 }] });
  const refused = conflict({ group: '', kind: 'services', name: 'web' }, 'it was modified');
  const { out, exitCode } = await apply({
    [`GET ${path}`]: current,
    [patch]: [refused, { metadata: { resourceVersion: '7' } }],
  });
  t.equal(out, 'service/web configured\n');
  t.equal(exitCode, 0);
  const never = await apply({ [`GET ${path}`]: current, [patch]: refused });
  t.equal(never.exitCode, 1);
  t.match(never.err, /^error: Operation cannot be fulfilled .*run the command again\n$/);
});

t.test('one bad object does not keep the others back, and the exit code tells', async (t) => {
  const bad = 'apiVersion: v1\nkind: Foo\nmetadata: {name: x}\n';
  const { out, err, exitCode } = await apply({ [create]: {} }, `${bad}---\n${manifest}`);
  t.equal(out, 'service/web created\n');
  t.match(err, /^error: standard input, document 1: no matches for kind "Foo" in version "v1"[^\n]+\n$/);
  t.equal(exitCode, 1);
});

t.test('what the server finds wrong is told with the file, in one line', async (t) => {
  const wrong = invalid({ group: '', kind: 'Service', name: 'web' }, [
    { reason: 'FieldValueRequired', field: 'spec.ports', message: 'Required value' },
  ]);
  const { err } = await apply({ [create]: wrong });
  t.equal(err, 'error: standard input: Service "web" is invalid: spec.ports: Required value\n');
});

t.test('input that holds no objects says why', async (t) => {
  const cases: [string, RegExp][] = [
    ['a: [b', /standard input is not valid YAML: .*line \d/],
    ['- 1', /is no Kubernetes object/],
    ['kind: Pod\nmetadata: {name: a}', /apiVersion not set/],
    ['apiVersion: v1\nkind: Pod', /metadata not set/],
    ['apiVersion: v1\nkind: Pod\nmetadata: {generateName: a-}', /metadata.name not set/],
    ['', /no objects in -/],
    [
      'apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: other}',
      /namespace is "other" and -n says "mine"/,
    ],
  ];
  for (const [input, expected] of cases) {
    const { err, exitCode } = await apply({}, input, ['-n', 'mine']);
    t.match(err, expected, input);
    t.match(err, /^error: [^\n]+\n$/);
    t.equal(exitCode, 1);
  }
});

t.test('a List stands for its items, and JSON is YAML', async (t) => {
  const item = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' }, spec: {} };
  const { out } = await apply(
    { [create]: {} },
    JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [item] }),
  );
  t.equal(out, 'service/web created\n');
});

t.test('a kind that edgectl was not built with gets a JSON merge patch', async (t) => {
  const widget = {
    apiVersion: 'x.io/v1',
    kind: 'Widget',
    metadata: { name: 'w', namespace: 'default' },
    spec: { a: 1, list: [1] },
  };
  const at = '/apis/x.io/v1/namespaces/default/widgets/w';
  const { out, api } = await apply(
    {
      [`GET ${at}`]: { ...widget, spec: { a: 2, kept: true, list: [1] } },
      [`PATCH ${at}?fieldValidation=Strict`]: { metadata: { resourceVersion: '2' } },
    },
    JSON.stringify(widget),
  );
  t.equal(out, 'widget.x.io/w configured\n');
  const sent = api.requests.at(-1);
  t.equal(sent?.contentType, 'application/merge-patch+json');
  t.match(JSON.stringify(sent?.body), '"spec":{"a":1}', 'and only what differs');
});

t.test('a dry run and the choice of validation reach the server', async (t) => {
  const dry = 'POST /api/v1/namespaces/default/services?fieldValidation=Warn&dryRun=All';
  const { out } = await apply({ [dry]: {} }, manifest, ['--dry-run=server', '--validate=warn']);
  t.equal(out, 'service/web created (server dry run)\n');
});
