// Who a client is, over HTTPS: ServiceAccount tokens and what they end with, static tokens, passwords,
// impersonation, reviews of identities, the documents for other verifiers.
import { createPublicKey, type JsonWebKey, verify } from 'node:crypto';
import t from 'tap';
import { parseCredentials } from '../../src/apiserver/auth/static-credentials.ts';
import { accountToken, bearing, bind, certified, runAccessLoops } from '../support/access.ts';
import { startApiServer } from '../support/api-server.ts';
import { eventually } from '../support/eventually.ts';

const api = await startApiServer({
  staticTokens: parseCredentials('s3cret,tom,42,"team-a,team-b"\n# a comment\n', 'tokens.csv'),
  passwords: parseCredentials('pass:word,paula,7\n', 'passwords.csv'),
});
const loops = await runAccessLoops(api);
t.teardown(async () => {
  await loops.stop();
  await api.stop();
});

const AUTHENTICATION = '/apis/authentication.k8s.io/v1';
const whoami = async (caller: ReturnType<typeof bearing>, headers: Record<string, string> = {}) => {
  const { code, json } = await caller('POST', `${AUTHENTICATION}/selfsubjectreviews`, { body: {}, headers });
  return code === 201 ? json.status.userInfo : code;
};
const accounts = '/api/v1/namespaces/default/serviceaccounts';

t.test('a token of an account names it, its groups and its uid', async (t) => {
  const token = await accountToken(api, 'default', 'robot');
  const { json: account } = await api.ask('GET', `${accounts}/robot`);
  t.match(await whoami(bearing(api, token)), {
    username: 'system:serviceaccount:default:robot',
    uid: account.metadata.uid,
    groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
  });
});

t.test('a token that is changed, cut or of nobody is 401', async (t) => {
  const token = await accountToken(api, 'default', 'robot');
  const [head, body, signature] = token.split('.') as [string, string, string];
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString());
  const forged = Buffer.from(JSON.stringify({ ...claims, sub: 'system:admin' })).toString('base64url');
  const none = Buffer.from('{"alg":"none"}').toString('base64url');
  const tokens = [
    `${head}.${forged}.${signature}`,
    `${none}.${body}.`,
    `${head}.${body}`,
    `${head}.${body}.${signature.slice(0, -4)}`,
    `${token}.x`,
    '..',
    'x'.repeat(10_000),
  ];
  for (const bad of tokens) t.equal(await whoami(bearing(api, bad)), 401, bad.slice(0, 40));
});

t.test('a token ends with its account, and a new account of that name does not revive it', async (t) => {
  const token = await accountToken(api, 'default', 'brief');
  t.type(await whoami(bearing(api, token)), 'object');
  await api.ask('DELETE', `${accounts}/brief`);
  t.equal(await whoami(bearing(api, token)), 401);
  await api.ask('POST', accounts, { body: { metadata: { name: 'brief' } } });
  t.equal(await whoami(bearing(api, token)), 401);
});

t.test('a token bound to a pod ends with the pod, and is given for no other account', async (t) => {
  const pod = {
    metadata: { name: 'p' },
    spec: { serviceAccountName: 'robot', containers: [{ name: 'c', image: 'i' }] },
  };
  const { json: made } = await api.ask('POST', '/api/v1/namespaces/default/pods', { body: pod });
  const spec = { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'p', uid: made.metadata.uid } };
  const { json } = await api.ask('POST', `${accounts}/robot/token`, { body: { spec } });
  const caller = bearing(api, json.status.token);
  t.match(await whoami(caller), { extra: { 'authentication.kubernetes.io/pod-name': ['p'] } });
  t.equal((await api.ask('POST', `${accounts}/default/token`, { body: { spec } })).code, 403);
  const stale = { boundObjectRef: { ...spec.boundObjectRef, uid: 'another' } };
  t.equal((await api.ask('POST', `${accounts}/robot/token`, { body: { spec: stale } })).code, 409);
  await api.ask('DELETE', '/api/v1/namespaces/default/pods/p?gracePeriodSeconds=0');
  t.equal(await whoami(caller), 401);
});

t.test(
  'a token for another audience is not for this server, and a review for that audience knows it',
  async (t) => {
    const spec = { audiences: ['vault'], expirationSeconds: 600 };
    const { code, json } = await api.ask('POST', `${accounts}/robot/token`, { body: { spec } });
    t.equal(code, 201);
    const { token } = json.status;
    t.equal(await whoami(bearing(api, token)), 401);
    const review = async (audiences?: string[]) => {
      const body = { spec: { token, ...(audiences ? { audiences } : {}) } };
      return (await api.ask('POST', `${AUTHENTICATION}/tokenreviews`, { body })).json.status;
    };
    t.match(await review(['vault', 'other']), {
      authenticated: true,
      audiences: ['vault'],
      user: { username: 'system:serviceaccount:default:robot' },
    });
    t.match(await review(['other']), { authenticated: false });
    t.match(await review(), { authenticated: false });
  },
);

t.test('a token may not last less than ten minutes, and an unknown account has none', async (t) => {
  const brief = await api.ask('POST', `${accounts}/robot/token`, {
    body: { spec: { expirationSeconds: 599 } },
  });
  t.match(brief, { code: 422, json: { message: /may not specify a duration less than 10 minutes/ } });
  t.equal((await api.ask('POST', `${accounts}/nobody/token`, { body: { spec: {} } })).code, 404);
  t.equal((await api.ask('GET', `${accounts}/robot/token`)).code, 405);
});

t.test('every account is given a Secret with a token that ends with the Secret', async (t) => {
  const reference = await eventually(async () => {
    const { json } = await api.ask('GET', `${accounts}/default`);
    return json.secrets?.[0]?.name ?? false;
  });
  const path = `/api/v1/namespaces/default/secrets/${reference}`;
  const { json: secret } = await api.ask('GET', path);
  t.equal(secret.type, 'kubernetes.io/service-account-token');
  const decode = (key: string) => Buffer.from(secret.data[key], 'base64').toString();
  t.equal(decode('namespace'), 'default');
  t.equal(decode('ca.crt'), api.authority.certificatePem);
  const caller = bearing(api, decode('token'));
  t.match(await whoami(caller), { username: 'system:serviceaccount:default:default' });
  await api.ask('DELETE', path);
  t.equal(await whoami(caller), 401);
});

t.test('every namespace has its account and the CA of the cluster, and gets them again', async (t) => {
  await api.ask('POST', '/api/v1/namespaces', { body: { metadata: { name: 'fresh' } } });
  const there = (path: string) =>
    eventually(async () => (await api.ask('GET', `/api/v1/namespaces/fresh/${path}`)).code === 200);
  for (const path of ['serviceaccounts/default', 'configmaps/kube-root-ca.crt']) {
    t.ok(await there(path), path);
    await api.ask('DELETE', `/api/v1/namespaces/fresh/${path}`);
    t.ok(await there(path), `${path} again`);
  }
});

t.test('static tokens and passwords name their users', async (t) => {
  const tom = bearing(api, 's3cret');
  const groups = ['team-a', 'team-b', 'system:authenticated'];
  t.match(await whoami(tom), { username: 'tom', uid: '42', groups });
  t.equal((await tom('GET', '/api/v1/pods')).code, 403, 'a name is no right');
  const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });
  const ask = (text: string) =>
    api.ask('GET', '/api', { as: null, headers: basic(text) }).then(({ code }) => code);
  t.equal(await ask('paula:pass:word'), 200);
  for (const wrong of ['paula:pass', 'paula:', 'nobody:pass:word', 'paula', '']) {
    t.equal(await ask(wrong), 401, wrong);
  }
});

t.test('acting as another takes the right to, for each part of it', async (t) => {
  const rules = [
    { apiGroups: [''], resources: ['users'], resourceNames: ['vera'], verbs: ['impersonate'] },
    { apiGroups: [''], resources: ['groups'], resourceNames: ['readers'], verbs: ['impersonate'] },
  ];
  const roles = '/apis/rbac.authorization.k8s.io/v1/clusterroles';
  await api.ask('POST', roles, { body: { metadata: { name: 'as-vera' }, rules } });
  await bind(api, 'as-vera', { kind: 'User', name: 'ida' });
  const ida = await certified(api, 'ida');
  t.same((await whoami(ida, { 'impersonate-user': 'vera' })).groups, ['system:authenticated']);
  const both = { 'impersonate-user': 'vera', 'impersonate-group': 'readers' };
  t.match(await whoami(ida, both), { username: 'vera', groups: ['readers', 'system:authenticated'] });
  t.equal(await whoami(ida, { 'impersonate-user': 'root' }), 403);
  t.equal(await whoami(ida, { ...both, 'impersonate-group': 'system:masters' }), 403);
  t.equal(await whoami(ida, { 'impersonate-user': 'vera', 'impersonate-uid': '1' }), 403);
  t.equal(await whoami(ida, { 'impersonate-user': 'vera', 'impersonate-extra-scope': 'x' }), 403);
  t.equal(await whoami(ida, { 'impersonate-group': 'readers' }), 400);
  const message = (await ida('GET', '/api', { headers: { 'impersonate-user': 'root' } })).json.message;
  t.equal(
    message,
    'users "root" is forbidden: User "ida" cannot impersonate resource "users" in API group "" at the cluster scope',
  );
});

t.test("an administrator who acts as another has that one's rights and no more", async (t) => {
  const headers = { 'impersonate-user': 'system:serviceaccount:default:robot' };
  const { code, json } = await api.ask('GET', '/api/v1/secrets', { headers });
  t.equal(code, 403);
  t.match(json.message, /^secrets is forbidden: User "system:serviceaccount:default:robot" cannot list/);
  const { json: review } = await api.ask('POST', `${AUTHENTICATION}/selfsubjectreviews`, {
    body: {},
    headers,
  });
  t.ok(review.status.userInfo.groups.includes('system:serviceaccounts:default'));
});

t.test('reviews of access answer for others, for paths and in one namespace', async (t) => {
  const AUTHORIZATION = '/apis/authorization.k8s.io/v1';
  const ask = async (path: string, spec: object) => {
    const { code, json } = await api.ask('POST', `${AUTHORIZATION}/${path}`, { body: { spec } });
    return code === 201 ? json.status : code;
  };
  const pods = { verb: 'list', resource: 'pods', namespace: 'default' };
  t.same(await ask('subjectaccessreviews', { user: 'nobody', resourceAttributes: pods }), { allowed: false });
  await bind(api, 'view', { kind: 'Group', name: 'lookers' }, 'default');
  t.match(await ask('subjectaccessreviews', { groups: ['lookers'], resourceAttributes: pods }), {
    allowed: true,
    reason: /RBAC: allowed by RoleBinding "view-lookers\/default" of ClusterRole "view"/,
  });
  const path = { path: '/api', verb: 'get' };
  const authenticated = { user: 'x', groups: ['system:authenticated'] };
  t.match(await ask('subjectaccessreviews', { ...authenticated, nonResourceAttributes: path }), {
    allowed: true,
  });
  t.equal(await ask('subjectaccessreviews', { user: 'x' }), 422);
  t.equal(await ask('subjectaccessreviews', { resourceAttributes: pods }), 422);
  const local = 'namespaces/default/localsubjectaccessreviews';
  t.match(await ask(local, { groups: ['lookers'], resourceAttributes: pods }), { allowed: true });
  t.equal(await ask(local, { user: 'x', resourceAttributes: { ...pods, namespace: 'kube-system' } }), 400);
  const rules = await ask('selfsubjectrulesreviews', { namespace: 'default' });
  t.match(rules, { incomplete: false, resourceRules: [{ verbs: ['*'], resources: ['*'] }] });
});

t.test('a review as a Table is not acceptable', async (t) => {
  const headers = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
  const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
  t.equal((await api.ask('POST', path, { body: { spec: {} }, headers })).code, 406);
});

t.test('the published keys verify a token', async (t) => {
  const robot = bearing(api, await accountToken(api, 'default', 'robot'));
  const { json: discovered } = await robot('GET', '/.well-known/openid-configuration');
  t.match(discovered.jwks_uri, /\/openid\/v1\/jwks$/);
  const { headers, text } = await robot('GET', '/openid/v1/jwks');
  t.equal(headers['content-type'], 'application/jwk-set+json');
  const [jwk] = JSON.parse(text).keys as [JsonWebKey];
  const token = await accountToken(api, 'default', 'robot');
  const cut = token.lastIndexOf('.');
  const key = { key: createPublicKey({ key: jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' as const };
  const signature = Buffer.from(token.slice(cut + 1), 'base64url');
  t.ok(verify('sha256', Buffer.from(token.slice(0, cut)), key, signature));
  const nobody = await certified(api, 'nobody');
  t.equal((await nobody('GET', '/openid/v1/jwks')).code, 403);
});
