// What annotations ask for, and what is said of those that are wrong.
import t from 'tap';
import { ingressOptions } from '../../../../src/api/ingress/ingress-options.ts';

const read = (annotations: Record<string, string>) =>
  ingressOptions(
    Object.fromEntries(
      Object.entries(annotations).map(([name, value]) => [`nginx.ingress.kubernetes.io/${name}`, value]),
    ),
  );

t.test("without annotations ingress-nginx's defaults hold", async (t) => {
  const { options, problems } = ingressOptions(undefined);
  t.same(problems, []);
  t.match(options, {
    useRegex: false,
    bodyLimitBytes: 1_048_576,
    sslRedirect: true,
    connectTimeoutMs: 5000,
    readTimeoutMs: 60_000,
    backendProtocol: 'HTTP',
  });
  t.equal(options.stickyCookie, undefined);
});

t.test('values are read as people write them', async (t) => {
  t.equal(read({ 'proxy-body-size': '8m' }).options.bodyLimitBytes, 8 * 1024 ** 2);
  t.equal(read({ 'proxy-body-size': '0' }).options.bodyLimitBytes, 0);
  t.equal(read({ 'proxy-read-timeout': '3600' }).options.readTimeoutMs, 3_600_000);
  for (const protocol of ['HTTP', 'HTTPS', 'GRPC', 'GRPCS']) {
    const value = protocol.toLowerCase();
    t.equal(read({ 'backend-protocol': value }).options.backendProtocol, protocol);
  }
  t.ok(read({ 'rewrite-target': '/$2' }).options.useRegex, 'a rewrite makes paths expressions');
  t.same(read({ 'whitelist-source-range': '10.0.0.0/8, 192.168.1.7' }).options.allowedRanges, [
    '10.0.0.0/8',
    '192.168.1.7/32',
  ]);
});

t.test('a value that is not understood is told with what would be, and the default holds', async (t) => {
  for (const [name, value] of [
    ['proxy-body-size', '8 apples'],
    ['ssl-redirect', 'yes'],
    ['backend-protocol', 'FCGI'],
    ['rewrite-target', 'x y'],
    ['proxy-read-timeout', '0'],
    ['session-cookie-name', 'a;b'],
  ] as const) {
    const { problems } = read({ [name]: value });
    t.equal(problems.length, 1, name);
    t.match(problems[0], { message: new RegExp(`${name} takes .+, not '${value}'`), isClosing: false });
  }
});

t.test('what would keep somebody out and is not understood closes the Ingress', async (t) => {
  for (const [name, value] of [
    ['auth-url', 'https://x/auth'],
    ['auth-type', 'basic'],
    ['auth-tls-secret', 'a/b'],
    ['denylist-source-range', '10.0.0.0/8'],
    ['whitelist-source-range', '10.0.0.0/80'],
    ['whitelist-source-range', ''],
    ['proxy-ssl-verify', 'yes'],
    ['proxy-ssl-verify', 'on'],
    ['proxy-ssl-secret', 'cert'],
  ] as const) {
    t.match(read({ [name]: value }).problems, [{ isClosing: true }], `${name}: ${value}`);
  }
  t.match(read({ 'configuration-snippet': 'x' }).problems, [{ isClosing: false }]);
});

t.test('annotations of others are not looked at', async (t) => {
  t.same(ingressOptions({ 'example.com/anything': 'x', 'cert-manager.io/issuer': 'y' }).problems, []);
});

t.test('pods are verified by a Secret of the own namespace alone', async (t) => {
  const name = 'nginx.ingress.kubernetes.io/proxy-ssl-';
  const annotations = { [`${name}verify`]: 'on', [`${name}secret`]: 'a/cert', [`${name}name`]: 'pod.test' };
  t.match(ingressOptions(annotations, 'a'), {
    problems: [],
    options: { backendTls: { secretKey: 'a/cert', verifies: true, name: 'pod.test', sendsName: false } },
  });
  t.match(ingressOptions(annotations, 'b').problems, [{ isClosing: true, message: /namespace b alone/ }]);
});
