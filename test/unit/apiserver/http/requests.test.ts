// How requests are read: paths, queries, what a client accepts.
import t from 'tap';
import { formOf } from '../../../../src/apiserver/http/accept.ts';
import { readUrl } from '../../../../src/apiserver/http/api-request.ts';
import {
  booleanParameter,
  dryRun,
  listOptions,
  numberParameter,
} from '../../../../src/apiserver/http/query.ts';
import { parseResourcePath } from '../../../../src/apiserver/http/resource-path.ts';

t.test('paths with objects', async (t) => {
  const cases: [string, object | undefined][] = [
    ['/api/v1/pods', { group: '', version: 'v1', plural: 'pods', namespace: undefined, name: undefined }],
    ['/api/v1/namespaces/a/pods/b/log', { plural: 'pods', namespace: 'a', name: 'b', subresource: 'log' }],
    ['/api/v1/namespaces', { plural: 'namespaces', namespace: undefined, name: undefined }],
    ['/api/v1/namespaces/a', { plural: 'namespaces', namespace: undefined, name: 'a' }],
    ['/api/v1/namespaces/a/finalize', { plural: 'namespaces', name: 'a', subresource: 'finalize' }],
    ['/api/v1/namespaces/a/status', { plural: 'namespaces', name: 'a', subresource: 'status' }],
    ['/api/v1/namespaces/a/status/x', { plural: 'status', namespace: 'a', name: 'x' }],
    [
      '/apis/apps/v1/namespaces/a/deployments',
      { group: 'apps', version: 'v1', plural: 'deployments', namespace: 'a' },
    ],
    ['/api/v1/nodes/a%2Fb', { plural: 'nodes', name: 'a/b' }],
    ['/api/v1/a/b/c/d', undefined],
    ['/api/v1', undefined],
    ['/apis/apps', undefined],
    ['/version', undefined],
  ];
  for (const [path, expected] of cases) {
    const parsed = parseResourcePath(readUrl(path).segments);
    if (expected) t.match(parsed, expected, path);
    else t.equal(parsed, undefined, path);
  }
});

t.test('booleans are true unless absent, 0 or false', async (t) => {
  const of = (text: string) => booleanParameter(new URLSearchParams(text), 'watch');
  for (const text of ['watch', 'watch=', 'watch=1', 'watch=true', 'watch=True'])
    t.equal(of(text), true, text);
  for (const text of ['', 'watch=0', 'watch=false', 'watch=FALSE']) t.equal(of(text), false, text);
});

t.test('numbers, versions and dryRun are checked', async (t) => {
  const query = (text: string) => new URLSearchParams(text);
  t.equal(numberParameter(query('limit=500'), 'limit'), 500);
  t.equal(numberParameter(query('limit='), 'limit'), undefined);
  for (const bad of ['-1', '1.5', 'x', '1e3'])
    t.throws(() => numberParameter(query(`limit=${bad}`), 'limit'), { code: 400 });
  t.throws(() => listOptions(query('resourceVersion=abc'), undefined), { code: 400 });
  t.equal(dryRun(query('dryRun=All')), true);
  t.equal(dryRun(query('dryRun=')), false);
  t.throws(() => dryRun(query('dryRun=Some')), { code: 422 });
});

t.test('the first form that is offered wins', async (t) => {
  const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';
  t.same(formOf(`${table},application/json`), { as: 'Table', version: 'v1' });
  t.same(formOf('application/json;as=Table;v=v9;g=meta.k8s.io,application/json'), { as: 'object' });
  t.same(formOf('application/vnd.kubernetes.protobuf,application/json'), { as: 'object' });
  t.same(formOf('application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io'), {
    as: 'PartialObjectMetadata',
    version: 'v1',
  });
  t.same(formOf('application/json, */*;q=0.8'), { as: 'object' });
  t.same(formOf(`application/json;q=0.1,${table};q=0.9`), { as: 'Table', version: 'v1' });
  t.same(formOf(''), { as: 'object' });
  t.throws(() => formOf('text/html'), { code: 406, reason: 'NotAcceptable' });
});
