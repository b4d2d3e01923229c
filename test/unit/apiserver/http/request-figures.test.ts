// Requests are counted by kind, and nobody makes new figures by asking for what is not served.
import t from 'tap';
import { ServedKinds } from '../../../../src/api/served-kinds.ts';
import { attributesOf } from '../../../../src/apiserver/auth/attributes.ts';
import { readUrl } from '../../../../src/apiserver/http/api-request.ts';
import { RequestFigures } from '../../../../src/apiserver/http/request-figures.ts';

function counted(...requests: [method: string, url: string, code: number][]) {
  const figures = new RequestFigures(new ServedKinds());
  for (const [method, url, code] of requests) {
    figures.count(attributesOf({ ...readUrl(url), method }), code, 0.01);
  }
  const [total, seconds] = figures.metrics();
  return { total: total!.samples, seconds: seconds!.samples };
}

t.test('requests are told apart by verb, kind, scope and code', async (t) => {
  const { total, seconds } = counted(
    ['GET', '/api/v1/namespaces/a/pods/x', 200],
    ['GET', '/api/v1/namespaces/b/pods/y', 200],
    ['GET', '/api/v1/namespaces/b/pods/z', 404],
    ['PATCH', '/apis/apps/v1/namespaces/a/deployments/d/scale', 200],
  );
  const get = { verb: 'GET', group: '', version: 'v1', resource: 'pods', subresource: '', scope: 'resource' };
  t.match(total, [
    { labels: { ...get, code: 200 }, value: 2 },
    { labels: { ...get, code: 404 }, value: 1 },
    { labels: { verb: 'PATCH', group: 'apps', resource: 'deployments', subresource: 'scale' }, value: 1 },
  ]);
  t.match(
    seconds.filter(({ suffix }) => suffix === '_count'),
    [{ value: 3 }, { value: 1 }],
  );
});

t.test('what is not served is counted without its name', async (t) => {
  const names = Array.from({ length: 50 }, (_, index) => `thing${index}`);
  const { total } = counted(
    ...names.map((name): [string, string, number] => ['GET', `/api/v1/${name}/x`, 404]),
    ...names.map((name): [string, string, number] => ['GET', `/api/v1/pods/x/${name}`, 404]),
    ...names.map((name): [string, string, number] => [name.toUpperCase(), '/healthz', 405]),
  );
  t.equal(total.length, 3);
});

t.test('how long a watch lasts is nobody’s slowness', async (t) => {
  const { total, seconds } = counted(['GET', '/api/v1/pods?watch=1', 200]);
  t.match(total, [{ labels: { verb: 'WATCH', scope: 'cluster' }, value: 1 }]);
  t.match(
    seconds.find(({ suffix }) => suffix === '_count'),
    { value: 0 },
  );
});
