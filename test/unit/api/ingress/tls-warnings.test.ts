// What is said of the certificates that an Ingress names.
import { generateKeyPairSync } from 'node:crypto';
import t from 'tap';
import { tlsFindings } from '../../../../src/api/ingress/tls-warnings.ts';
import type { Ingress, networking, Secret } from '../../../../src/api/objects.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { base64, tlsSecret } from '../../../support/tls-secret.ts';

const NOW_MS = Date.parse('2026-01-01T00:00:00Z');

function find(
  secret: Secret | undefined,
  spec: networking.IngressSpec = {},
  nowMs = NOW_MS,
  annotations: Record<string, string> = {},
) {
  const ingress: Ingress = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: {
      name: 'web',
      namespace: 'default',
      annotations: Object.fromEntries(
        Object.entries(annotations).map(([name, value]) => [`nginx.ingress.kubernetes.io/${name}`, value]),
      ),
      uid: 'w',
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
    },
    spec: { tls: [{ hosts: ['a.test'], secretName: 'cert' }], ...spec },
  };
  return tlsFindings(ingress, (key) => (key === 'default/cert' ? secret : undefined), nowMs);
}

const withData = (secret: Secret, data: Record<string, string>): Secret => ({
  ...secret,
  data: { ...secret.data, ...data },
});

t.test('nothing is said of a certificate that clients take, until it is over', async (t) => {
  const secret = await tlsSecret(['a.test', '*.b.test'], { clock: new FakeClock(NOW_MS) });
  const hosts = ['a.test', 'A.TEST', 'x.b.test', '*.b.test'];
  const { warnings, changesAtMs = 0 } = find(secret, { tls: [{ hosts, secretName: 'cert' }] });
  t.same(warnings, []);
  t.match(find(secret, {}, changesAtMs - 1000).warnings, []);
  t.match(find(secret, {}, changesAtMs).warnings, [{ reason: 'CertificateExpired' }]);
  t.equal(find(secret, {}, changesAtMs).changesAtMs, undefined, 'time alone changes nothing any more');
});

t.test('a Secret that is not there is named', async (t) => {
  t.same(find(undefined).warnings, [
    {
      reason: 'TLSSecretNotFound',
      message: 'Secret default/cert is not there: the default certificate is shown',
    },
  ]);
  t.same(find(undefined, { tls: [{ hosts: ['a.test'] }] }).warnings, [], 'none was asked for');
});

t.test('a Secret that cannot be shown is named with what is wrong', async (t) => {
  const [secret, other] = [await tlsSecret(['a.test']), await tlsSecret(['a.test'])];
  const { privateKey: weak } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const cipher = 'aes-256-cbc';
  const encrypted = weak.export({ type: 'pkcs8', format: 'pem', cipher, passphrase: 'x' }).toString();
  const [crt, key] = [secret.data?.['tls.crt'] ?? '', secret.data?.['tls.key'] ?? ''];
  const chainBroken = `${Buffer.from(crt, 'base64')}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`;
  const cases: [string, Secret, RegExp][] = [
    ['no keys', { ...secret, data: {} }, /of type kubernetes.io\/tls has no tls.crt and no tls.key:/],
    [
      'another type',
      { ...secret, type: 'Opaque', data: { 'tls.crt': crt } },
      /of type Opaque has no tls.key:/,
    ],
    ['an empty one', withData(secret, { 'tls.key': '' }), /has no tls.key:/],
    [
      'no certificate',
      withData(secret, { 'tls.crt': base64('hello') }),
      /has no certificate in PEM as tls.crt/,
    ],
    ['swapped', withData(secret, { 'tls.crt': key, 'tls.key': crt }), /has no certificate in PEM as tls.crt/],
    ['no key', withData(secret, { 'tls.key': base64('hello') }), /has no private key in PEM as tls.key/],
    [
      'an encrypted key',
      withData(secret, { 'tls.key': base64(encrypted) }),
      /has a tls.key that a passphrase is needed for/,
    ],
    [
      "another's key",
      withData(secret, { 'tls.key': other.data?.['tls.key'] ?? '' }),
      /not that of its tls.crt/,
    ],
    ['a broken chain', withData(secret, { 'tls.crt': base64(chainBroken) }), /cannot be used for TLS/],
  ];
  for (const [name, broken, message] of cases) {
    const { warnings } = find(broken);
    t.match(warnings, [{ reason: 'InvalidTLSSecret', message }], name);
    t.match(warnings[0]?.message, /^Secret default\/cert .+: the default certificate is shown$/, name);
    t.notMatch(warnings[0]?.message, /PRIVATE|MII/, `${name}: nothing of the key`);
  }
});

t.test('a Secret of another type with both keys is as good', async (t) => {
  t.same(find({ ...(await tlsSecret(['a.test'])), type: 'Opaque' }).warnings, []);
});

t.test('a certificate that is over, or not valid yet, is told with its time', async (t) => {
  const over = await tlsSecret(['a.test'], { clock: new FakeClock(Date.parse('2012-01-01T00:00:00Z')) });
  t.match(find(over).warnings, [
    {
      reason: 'CertificateExpired',
      message: /^certificate of Secret default\/cert is over since Dec .+ 2021 GMT/,
    },
  ]);
  const early = find(await tlsSecret(['a.test']), {}, Date.parse('2019-06-01T00:00:00Z'));
  t.match(early.warnings, [
    { reason: 'CertificateNotYetValid', message: /is valid from Jan .+ 2020 GMT on/ },
  ]);
  t.equal(early.changesAtMs, Date.parse('2020-01-01T00:00:00Z'), 'then there is something new');
});

t.test('a host that a certificate does not name is told, each once', async (t) => {
  const secret = await tlsSecret(['*.b.test']);
  const hosts = ['x.b.test', 'b.test', 'x.y.b.test', 'b.test'];
  const { warnings } = find(secret, {
    tls: [
      { hosts, secretName: 'cert' },
      { hosts, secretName: 'cert' },
    ],
  });
  t.same(
    warnings.map(({ reason, message }) => [reason, message]),
    ['b.test', 'x.y.b.test'].map((host) => [
      'CertificateNameMismatch',
      `certificate of Secret default/cert is not for host ${host}: it names DNS:*.b.test; clients refuse it`,
    ]),
  );
});

t.test('an entry without hosts is looked at for those of the rules', async (t) => {
  const secret = await tlsSecret(['a.test']);
  const { warnings } = find(secret, {
    tls: [{ secretName: 'cert' }],
    rules: [{ host: 'a.test' }, { host: 'c.test' }, {}],
  });
  t.match(warnings, [{ reason: 'CertificateNameMismatch', message: /host c\.test/ }]);
  t.equal(warnings.length, 1);
});

t.test('a Secret that pods cannot be judged by is told, where that is asked for', async (t) => {
  const secret = await tlsSecret(['a.test']);
  const asked = { 'backend-protocol': 'GRPCS', 'proxy-ssl-verify': 'on', 'proxy-ssl-secret': 'default/cert' };
  const warned = (found: Secret | undefined, annotations: Record<string, string> = asked) =>
    find(found, { tls: [] }, NOW_MS, annotations).warnings;
  t.match(warned(undefined), [
    { reason: 'TLSSecretNotFound', message: 'Secret default/cert is not there: no request is sent to pods' },
  ]);
  t.match(warned(secret), [{ reason: 'InvalidTLSSecret', message: /has no ca.crt to verify pods with/ }]);
  t.match(warned(withData(secret, { 'ca.crt': base64('hello') })), [
    { message: /no certificate in PEM as ca.crt/ },
  ]);
  const whole = withData(secret, { 'ca.crt': secret.data?.['tls.crt'] ?? '' });
  t.same(warned(whole), []);
  t.match(warned(withData(whole, { 'tls.key': base64('x') })), [
    { message: /no private key in PEM as tls.key/ },
  ]);
  t.same(warned(secret, { ...asked, 'proxy-ssl-verify': 'off' }), []);
  t.same(warned(undefined, { ...asked, 'backend-protocol': 'GRPC' }), [], 'there is no TLS to pods');
});
