// Which path of which Ingress a request belongs to, and what is done with it.
import t from 'tap';
import { type Decision, decide } from '../../../src/ingress/decision.ts';
import { readTarget } from '../../../src/ingress/request-target.ts';
import { buildRouteTable, tlsSecretOf, virtualHostOf } from '../../../src/ingress/route-table.ts';
import { type IngressSpecs, ingress } from '../../support/ingress-lab.ts';

function ask(specs: IngressSpecs[], url: string, host = 'example.com', client = {}): Decision {
  const target = readTarget({ url, headers: { host }, rawHeaders: ['Host', host], httpVersionMajor: 1 });
  if (!target) return { action: 'answer', status: 400 };
  const facts = { method: 'GET', isTls: false, remoteAddress: '192.168.1.9', contentLength: undefined };
  return decide(buildRouteTable(specs.map(ingress)), target, { ...facts, ...client });
}

/** `service path`, or the status of what is answered here. */
function outcome(specs: IngressSpecs[], url: string, host?: string): string {
  const decision = ask(specs, url, host);
  if (decision.action === 'forward') {
    return `${decision.location.backend?.serviceKey.replace('default/', '')} ${decision.path}`;
  }
  return decision.action === 'redirect' ? `${decision.status} ${decision.url}` : String(decision.status);
}

const a = 'a';
const paths = (...list: [string, string, ('Exact' | 'Prefix' | 'ImplementationSpecific')?][]) =>
  list.map(([path, service, type = 'Prefix']) => ({ path, service, type }));

/** The table of the Kubernetes page on Ingress. */
t.test('path types match as the table of Kubernetes says', async (t) => {
  const cases: [string, string, string, boolean][] = [
    ['Prefix', '/', '/any/path', true],
    ['Exact', '/foo', '/foo', true],
    ['Exact', '/foo', '/bar', false],
    ['Exact', '/foo', '/foo/', false],
    ['Exact', '/foo/', '/foo', false],
    ['Prefix', '/foo', '/foo', true],
    ['Prefix', '/foo', '/foo/', true],
    ['Prefix', '/foo/', '/foo', true],
    ['Prefix', '/foo/', '/foo/', true],
    ['Prefix', '/aaa/bb', '/aaa/bbb', false],
    ['Prefix', '/aaa/bbb', '/aaa/bbb', true],
    ['Prefix', '/aaa/bbb/', '/aaa/bbb', true],
    ['Prefix', '/aaa/bbb', '/aaa/bbb/ccc', true],
    ['Prefix', '/aaa/bbb', '/aaa/bbbxyz', false],
    ['ImplementationSpecific', '/aaa/bbb', '/aaa/bbbxyz', true],
  ];
  for (const [type, path, url, matches] of cases) {
    const spec = { paths: [{ path, service: a, type: type as 'Exact' }] };
    t.equal(outcome([spec], url), matches ? `a ${url}` : '404', `${type} ${path} ${url}`);
  }
});

t.test('exact paths go first, then the longest', async (t) => {
  const spec = { paths: paths(['/', 'root'], ['/x', 'exact', 'Exact'], ['/x', 'short'], ['/x/y', 'long']) };
  t.equal(outcome([spec], '/x'), 'exact /x');
  t.equal(outcome([spec], '/x/'), 'short /x/');
  t.equal(outcome([spec], '/x/y/z'), 'long /x/y/z');
  t.equal(outcome([spec], '/z'), 'root /z');
});

t.test('an exact host goes before a wildcard, which stands for one label', async (t) => {
  const specs = [
    { name: 'w', host: '*.foo.com', paths: paths(['/', 'wild']) },
    { name: 'e', host: 'bar.foo.com', paths: paths(['/x', 'exact']) },
    { name: 'n', paths: paths(['/', 'any']) },
  ];
  t.equal(outcome(specs, '/x', 'bar.foo.com'), 'exact /x');
  t.equal(outcome(specs, '/x', 'BAR.foo.com:8080'), 'exact /x');
  t.equal(outcome(specs, '/y', 'bar.foo.com'), '404', 'a host that is known does not fall through');
  t.equal(outcome(specs, '/', 'baz.foo.com'), 'wild /');
  t.equal(outcome(specs, '/', 'a.baz.foo.com'), 'any /');
  t.equal(outcome(specs, '/', 'foo.com'), 'any /');
  t.equal(outcome(specs, '/', '[::1]:80'), 'any /');
});

t.test('what no path matches goes to the default backend: the own, else that for all', async (t) => {
  const specs = [
    { name: 'own', host: 'a.com', paths: paths(['/x', a]), defaultService: 'own-default' },
    { name: 'all', defaultService: 'all-default' },
    { name: 'b', host: 'b.com', paths: paths(['/x', a]) },
  ];
  t.equal(outcome(specs, '/y', 'a.com'), 'own-default /y');
  t.equal(outcome(specs, '/y', 'b.com'), 'all-default /y');
  t.equal(outcome(specs, '/y', 'c.com'), 'all-default /y');
});

t.test('of two Ingresses that claim a path the older one has it', async (t) => {
  const young = { name: 'aa', paths: paths(['/', 'young']), createdAt: '2026-02-01T00:00:00Z' };
  const old = { name: 'zz', paths: paths(['/', 'old']), createdAt: '2026-01-01T00:00:00Z' };
  t.equal(outcome([young, old], '/'), 'old /');
});

t.test('rewrite-target takes the place of the path, with the groups of the expression', async (t) => {
  const annotations = { 'rewrite-target': '/$2' };
  const spec = { paths: paths(['/api(/|$)(.*)', a, 'ImplementationSpecific']), annotations };
  t.equal(outcome([spec], '/api/users/7?q=1'), 'a /users/7?q=1');
  t.equal(outcome([spec], '/api'), 'a /');
  t.equal(outcome([spec], '/API/x'), 'a /x', 'as ingress-nginx, in either case');
  t.equal(outcome([spec], '/apis'), '404');
  t.equal(outcome([spec], '/api/a%20b'), 'a /a%20b', 'what was decoded for the match is encoded again');
  t.equal(outcome([spec], '/api//evil.com'), 'a /evil.com');
  const whole = { paths: paths(['/api', a]), annotations: { 'rewrite-target': '/' } };
  t.equal(outcome([whole], '/api/x?y'), 'a /?y');
  const broken = { paths: paths(['/(', a], ['/ok', a]), annotations: { 'use-regex': 'true' } };
  t.equal(outcome([broken], '/ok'), 'a /ok', 'an expression that is none harms no other');
});

t.test('paths are compared after what hides them is taken away, and sent as they came', async (t) => {
  const spec = { paths: paths(['/public', 'public'], ['/admin', 'admin']) };
  for (const url of ['/public/../admin/x', '/public/%2e%2e/admin/x', '//admin/x', '/public/..%2fadmin/x']) {
    t.equal(outcome([spec], url), `admin ${url}`);
  }
  t.equal(outcome([spec], '/%zz'), '400');
  t.equal(outcome([spec], '/a%00b'), '400');
  t.equal(outcome([spec], '/../x'), '400');
  t.equal(outcome([spec], 'http://other.com/admin?x'), 'admin /admin?x');
});

t.test(
  'a host of TLS alone is served by the rules for all hosts, or by the wildcard that has some',
  async (t) => {
    const all = { paths: paths(['/', 'all']), tls: [{ hosts: ['a.example.com'], secretName: 'cert' }] };
    t.match(ask([all], '/x', 'a.example.com', { isTls: true }), {
      location: { backend: { serviceKey: 'default/all' } },
    });
    t.equal(outcome([all], '/x', 'a.example.com'), '308 https://a.example.com/x');
    t.equal(outcome([all], '/x', 'b.example.com'), 'all /x');
  },
);

t.test('a certificate for a wildcard is that of the hosts which it stands for', async (t) => {
  const tls = [{ hosts: ['*.example.com'], secretName: 'wild' }];
  const table = buildRouteTable(
    [
      { name: 'one', host: 'a.example.com', paths: paths(['/', 'one']), tls },
      { name: 'two', host: 'b.example.com', paths: paths(['/', 'two']) },
      { name: 'own', host: 'c.example.com', tls: [{ hosts: ['c.example.com'], secretName: 'own' }] },
    ].map(ingress),
  );
  const shown = (name: string) => tlsSecretOf(table, name);
  t.equal(shown('a.example.com'), 'default/wild');
  t.equal(shown('b.example.com'), 'default/wild', 'also of another Ingress');
  t.equal(shown('c.example.com'), 'default/own');
  t.equal(shown('a.b.example.com'), undefined, 'one label only');
  t.equal(shown('example.org'), undefined);
  const redirects = (name: string) => virtualHostOf(table, name).hasTls;
  t.ok(redirects('a.example.com'));
  t.notOk(redirects('b.example.com'), 'its Ingress asked for no TLS');
});

t.test('redirects: root, elsewhere, HTTPS', async (t) => {
  const root = { paths: paths(['/', a]), annotations: { 'app-root': '/app' } };
  t.equal(outcome([root], '/'), '302 http://example.com/app');
  t.equal(outcome([root], '/x'), 'a /x');
  const moved = { paths: paths(['/', a]), annotations: { 'permanent-redirect': 'https://new.com' } };
  t.equal(outcome([moved], '/x'), '301 https://new.com');
  const forced = { paths: paths(['/', a]), annotations: { 'force-ssl-redirect': 'true' } };
  t.equal(outcome([forced], '/x?y'), '308 https://example.com/x?y');
  t.match(ask([forced], '/x', 'example.com', { isTls: true }), { action: 'forward' });
});

t.test('who may not, what is too large and what cannot be served is answered here', async (t) => {
  const ranged = { paths: paths(['/', a]), annotations: { 'whitelist-source-range': '10.0.0.0/8' } };
  t.equal(outcome([ranged], '/'), '403');
  t.match(ask([ranged], '/', 'x', { remoteAddress: '10.1.2.3' }), { action: 'forward' });
  t.match(ask([{ paths: paths(['/', a]) }], '/', 'x', { contentLength: 2 ** 20 + 1 }), { status: 413 });
  t.match(ask([{ paths: paths(['/', a]) }], '/', 'x', { method: 'TRACE' }), { status: 405 });
  const guarded = { paths: paths(['/', a]), annotations: { 'auth-url': 'https://x/auth' } };
  t.equal(outcome([guarded], '/'), '503', 'never more open than was asked for');
});
