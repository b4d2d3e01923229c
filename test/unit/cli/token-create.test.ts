import t from 'tap';
import type { ApiConnection } from '../../../src/cli/api-connection.ts';
import { createToken } from '../../../src/cli/token-create.ts';
import { FakeApi, fakeContext, fakeTerminal } from './fake-api.ts';

const caPem = `-----BEGIN CERTIFICATE-----
MIIBcDCCARWgAwIBAgIUO/UbsO2AyCLwgFWJJ7FyFlTHZ90wCgYIKoZIzj0EAwIw
DDEKMAgGA1UEAwwBdDAgFw0yNjExMjEwMDIzMjhaGA8yMTI2MTAyODAwMjMyOFow
DDEKMAgGA1UEAwwBdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABE17tad2DlPu
TV6Fz4n62FXR34h9JFHeU5kvq1SMAw4DGYsCzGmtfbY/bDngX1NfjDA2+eIT1Jsf
ucyi7g8aCnyjUzBRMB0GA1UdDgQWBBSBsYh559HMtFYUIViM01AVfl4yWzAfBgNV
HSMEGDAWgBSBsYh559HMtFYUIViM01AVfl4yWzAPBgNVHRMBAf8EBTADAQH/MAoG
CCqGSM49BAMCA0kAMEYCIQDVk6cgREV4fNIyUxeX9XpmTE3H2nF1B4uHBP/QFwn+
QAIhALLObD2CXidgYwZOEq/16AbKS9W81YrpnO+5uATVVIxJ
-----END CERTIFICATE-----
`;
/** Of the certificate's DER form, by sha256sum. */
const fingerprint = '1ca3e69caabac0956c1c83edb4e50e70e37f14c3e0206b82a84e43b6336a618b';
const path = 'POST /api/v1/namespaces/kube-system/secrets';

function contextOf(api: ApiConnection, access: object) {
  const terminal = fakeTerminal();
  const context = fakeContext(api, terminal.io);
  return { terminal, context: { ...context, access: { ...context.access, ...access } } };
}

t.test('a token carries the CA, and its secret is stored as a bootstrap token', async (t) => {
  const api = new FakeApi({ [path]: {} });
  const { terminal, context } = contextOf(api, { caPem });
  t.equal(await createToken(context, { ttl: '24h' }), 0);
  const match = /^EDGE1\.([0-9a-f]{64})\.([a-z0-9]{6})\.([a-z0-9]{16})\n$/.exec(terminal.out());
  t.equal(match?.[1], fingerprint);
  t.match(api.requests.at(-1)?.body, {
    kind: 'Secret',
    type: 'bootstrap.kubernetes.io/token',
    metadata: { name: `bootstrap-token-${match?.[2]}`, namespace: 'kube-system' },
    stringData: { 'token-id': match?.[2], 'token-secret': match?.[3], expiration: '2026-01-02T00:05:00Z' },
  });
});

t.test('a token for ever has no expiration, and no two are alike', async (t) => {
  const api = new FakeApi({ [path]: {} });
  const { terminal, context } = contextOf(api, { caPem });
  await createToken(context, { ttl: '0' });
  await createToken(context, { ttl: '0' });
  t.notMatch(JSON.stringify(api.requests.at(-1)?.body), 'expiration');
  const [first, second] = terminal.out().split('\n');
  t.not(first, second);
});

t.test('without a CA there is no token', async (t) => {
  const api = new FakeApi({ [path]: {} });
  await t.rejects(createToken(contextOf(api, {}).context, { ttl: '1h' }), /no certificate-authority/);
  await t.rejects(createToken(contextOf(api, { caPem: 'x' }).context, { ttl: '1h' }), /not a certificate/);
  await t.rejects(createToken(contextOf(api, { caPem }).context, { ttl: 'soon' }), /--ttl takes a duration/);
  t.same(api.asked, []);
});
