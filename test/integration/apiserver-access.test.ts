// Who may do what over HTTPS, and how a board joins.
import { X509Certificate } from 'node:crypto';
import t from 'tap';
import { systemClock } from '../../src/base/clock.ts';
import { openAuthority } from '../../src/pki/certificate-authority.ts';
import { createNodeRequest } from '../../src/pki/node-certificate.ts';
import { startApiServer } from '../support/api-server.ts';

const api = await startApiServer();
t.teardown(() => api.stop());
const node = await api.authority.issue({
  commonName: 'system:node:a',
  organization: 'system:nodes',
  usage: 'client',
});

t.test('without a certificate only version, health, CA and join answer', async (t) => {
  for (const path of [
    '/version',
    '/version/',
    '/healthz',
    '/livez',
    '/readyz',
    '/livez/ping',
    '/edge/v1/ca',
  ]) {
    t.equal((await api.ask('GET', path, { as: null })).code, 200, path);
  }
  for (const path of ['/api', '/api/v1/pods', '/apis', '/openapi/v3', '/metrics', '/edge/v1/sessions/x']) {
    const { code, json } = await api.ask('GET', path, { as: null });
    t.same({ code, reason: json.reason }, { code: 401, reason: 'Unauthorized' }, path);
  }
  const checks = await api.ask('GET', '/readyz?verbose', { as: null });
  t.equal(checks.text, '[+]ping ok\nreadyz check passed\n');
  const { json } = await api.ask('GET', '/version', { as: null });
  const gitCommit = /^[0-9a-f]+$/;
  t.match(json, { major: /^\d+$/, minor: /^\d+$/, gitVersion: /^v1\./, gitCommit });
});

t.test('a token is no way in', async (t) => {
  const headers = { authorization: 'Bearer abc' };
  t.equal((await api.ask('GET', '/api/v1/pods', { as: null, headers })).code, 401);
});

t.test('a board with its certificate may ask for itself, not for others or what others hold', async (t) => {
  t.equal(
    (await api.ask('GET', '/api/v1/nodes/a', { as: node })).code,
    404,
    'itself, which is not there yet',
  );
  for (const path of ['/api/v1/secrets', '/api/v1/nodes/b', '/metrics']) {
    const { code, json } = await api.ask('GET', path, { as: node });
    t.same({ code, reason: json.reason }, { code: 403, reason: 'Forbidden' }, path);
  }
});

t.test('a certificate of another authority with the right names counts as none', async (t) => {
  const foreign = await openAuthority(t.testdir(), systemClock);
  const admin = await foreign.issue({ commonName: 'admin', organization: 'system:masters', usage: 'client' });
  const answer = await api.ask('GET', '/api/v1/pods', { as: admin });
  t.equal(answer.code, 401);
});

const token = (id: string, secret: string, rest: Record<string, string> = {}) => ({
  metadata: { name: `bootstrap-token-${id}`, namespace: 'kube-system' },
  type: 'bootstrap.kubernetes.io/token',
  stringData: { 'token-id': id, 'token-secret': secret, ...rest },
});
const SECRETS = '/api/v1/namespaces/kube-system/secrets';
const join = async (tokenId: string, tokenSecret: string, rest: object = {}) => {
  const { requestPem } = await createNodeRequest('b');
  const body = { tokenId, tokenSecret, nodeName: 'b', csrPem: requestPem, ...rest };
  return api.ask('POST', '/edge/v1/join', { as: null, body });
};

t.test('a valid token buys a certificate for that board, signed by this cluster', async (t) => {
  const expiration = new Date(Date.now() + 60_000).toISOString();
  const made = await api.ask('POST', SECRETS, { body: token('abcdef', '0123456789abcdef', { expiration }) });
  t.equal(made.code, 201);
  const { code, json } = await join('abcdef', '0123456789abcdef');
  t.equal(code, 200);
  t.equal(json.mqttPort, 8883);
  t.equal(json.caPem, api.authority.certificatePem);
  const certificate = new X509Certificate(json.certificatePem);
  t.match(certificate.subject, /CN=system:node:b/);
  t.match(certificate.subject, /O=system:nodes/);
  t.ok(certificate.verify(new X509Certificate(json.caPem).publicKey));
});

t.test('a request that is no certificate request, and a bad name, are 400', async (t) => {
  t.equal((await join('abcdef', '0123456789abcdef', { csrPem: 'nonsense' })).code, 400);
  t.equal((await join('abcdef', '0123456789abcdef', { nodeName: 'a/b' })).code, 400);
  t.equal((await join('abcdef', '0123456789abcdef', { nodeName: undefined })).code, 400);
  t.equal((await api.ask('GET', '/edge/v1/join', { as: null })).code, 405);
});

t.test('unknown, wrong, expired and deleted tokens are 401, then tries are slowed down', async (t) => {
  const expiration = new Date(Date.now() - 1000).toISOString();
  await api.ask('POST', SECRETS, { body: token('expire', '0123456789abcdef', { expiration }) });
  await api.ask('POST', SECRETS, { body: { ...token('opaque', '0123456789abcdef'), type: 'Opaque' } });
  const tries = [
    ['nobody', '0123456789abcdef'],
    ['abcdef', '0123456789abcdeX'],
    ['expire', '0123456789abcdef'],
    ['opaque', '0123456789abcdef'],
  ] as const;
  for (const [id, secret] of tries) {
    const { code, json } = await join(id, secret);
    t.equal(code, 401, id);
    t.match(json.message, /edgectl token create/);
  }
  for (let i = tries.length; i < 10; i++) await join('nobody', 'x');
  const slowed = await join('abcdef', '0123456789abcdef');
  t.equal(slowed.code, 429);
  t.ok(Number(slowed.headers['retry-after']) > 0);
});

t.test('a resumed TLS session keeps its user, one without certificate stays nobody', async (t) => {
  for (const [as, expected] of [
    [api.admin, 200],
    [null, 401],
    [node, 403],
  ] as const) {
    for (let i = 0; i < 3; i++) {
      const { code } = await api.ask('GET', '/api/v1/nodes', { as, headers: { connection: 'close' } });
      t.equal(code, expected);
    }
  }
});
