// The verb, resource and place that a request line stands for.
import t from 'tap';
import { attributesOf } from '../../../../src/apiserver/auth/attributes.ts';
import { readUrl } from '../../../../src/apiserver/http/api-request.ts';

const of = (method: string, url: string) => attributesOf({ method, ...readUrl(url) });

const verbs: [string, string, string][] = [
  ['GET', '/api/v1/namespaces/a/pods', 'list'],
  ['GET', '/api/v1/pods?watch=True', 'watch'],
  ['GET', '/api/v1/pods?watch=0', 'list'],
  ['GET', '/api/v1/namespaces/a/pods/p?watch=1', 'watch'],
  ['GET', '/api/v1/namespaces/a/pods/p', 'get'],
  ['HEAD', '/api/v1/namespaces/a/pods/p', 'get'],
  ['POST', '/api/v1/namespaces/a/pods', 'create'],
  ['PUT', '/api/v1/namespaces/a/pods/p/status', 'update'],
  ['PATCH', '/apis/apps/v1/namespaces/a/deployments/d', 'patch'],
  ['DELETE', '/api/v1/namespaces/a/pods/p', 'delete'],
  ['DELETE', '/api/v1/namespaces/a/pods', 'deletecollection'],
  ['GET', '/api/v1/namespaces/a/pods/p/log?watch=1', 'get'],
  ['GET', '/api/v1/namespaces/a/pods/p/exec', 'create'],
  ['POST', '/api/v1/namespaces/a/pods/p/exec', 'create'],
];

for (const [method, url, verb] of verbs) {
  t.test(`${method} ${url} is ${verb}`, async (t) => {
    t.match(of(method, url), { verb });
  });
}

t.test('the parts of a path become the parts of the question', async (t) => {
  t.same(of('GET', '/apis/apps/v1/namespaces/a/deployments/d/scale'), {
    verb: 'get',
    group: 'apps',
    version: 'v1',
    resource: 'deployments',
    subresource: 'scale',
    namespace: 'a',
    name: 'd',
  });
  t.match(of('GET', '/api/v1/namespaces/a'), { resource: 'namespaces', namespace: 'a', name: 'a' });
  t.match(of('PUT', '/api/v1/namespaces/a/finalize'), { resource: 'namespaces', subresource: 'finalize' });
  t.match(of('GET', '/api/v1/nodes'), { resource: 'nodes', namespace: '', name: '' });
});

t.test('a list of one name asks for that object', async (t) => {
  t.match(of('GET', '/api/v1/secrets?fieldSelector=metadata.name%3Da&watch=1'), { verb: 'watch', name: 'a' });
  t.match(of('GET', '/api/v1/secrets?fieldSelector=metadata.name%3Da,type%3Db'), { name: '' });
  t.match(of('GET', '/api/v1/secrets?fieldSelector=metadata.name!%3Da'), { name: '' });
});

t.test('what names no object is a path', async (t) => {
  for (const path of ['/api', '/api/v1', '/apis/apps/v1', '/metrics', '/edge/v1/ca', '/']) {
    t.same(of('GET', path), { verb: 'get', path });
  }
});
