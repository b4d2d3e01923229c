// The names that proxy paths may carry, and what of a Location leads through the proxy.
import t from 'tap';
import { throughProxy } from '../../../src/apiserver/proxy/proxy-headers.ts';
import { parseProxyName } from '../../../src/apiserver/proxy/proxy-target.ts';

t.test('a name may have a port behind it and a scheme before it', async (t) => {
  t.same(parseProxyName('web'), { scheme: 'http', name: 'web', port: '' });
  t.same(parseProxyName('web:8080'), { scheme: 'http', name: 'web', port: '8080' });
  t.same(parseProxyName('https:web:metrics'), { scheme: 'https', name: 'web', port: 'metrics' });
  t.same(parseProxyName('http:web:'), { scheme: 'http', name: 'web', port: '' });
  t.same(parseProxyName(':web:80'), { scheme: 'http', name: 'web', port: '80' });
  for (const wrong of ['', ':80', 'ftp:web:80', 'http::80', 'a:b:c:d'])
    t.equal(parseProxyName(wrong), undefined, wrong);
});

t.test('links to the root of the pod are put under the proxy, others stay as they are', async (t) => {
  const prefix = '/api/v1/namespaces/n/pods/web/proxy';
  const through = (location: string) => throughProxy(location, 'master:6443', prefix);
  t.equal(through('/login?next=/a'), `${prefix}/login?next=/a`);
  t.equal(through('https://master:6443/login'), `${prefix}/login`);
  for (const kept of [
    'login',
    '../x',
    '?a=b',
    '#top',
    'https://example.com/a',
    '//example.com/a',
    `${prefix}/a`,
    '',
  ]) {
    t.equal(through(kept), kept, kept);
  }
});
