// The real kubectl asking about rights and identities, the port that asks for neither, and the record of requests.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import t from 'tap';
import { renderKubeconfig } from '../../src/pki/kubeconfig.ts';
import { accountToken, bearing, bind, certified, runAccessLoops } from '../support/access.ts';
import { startApiServer } from '../support/api-server.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';

const KUBECTL = '/usr/bin/kubectl';
const options = { skip: existsSync(KUBECTL) ? false : `${KUBECTL} is not on this machine` };

const home = t.testdir({});
const auditLogPath = join(home, 'audit.log');
const insecurePort = await freePort();
const api = await startApiServer({ auditLogPath, insecurePort });
const loops = await runAccessLoops(api);
t.teardown(async () => {
  await loops.stop();
  await api.stop();
});

/** Not of system:masters: the administrators' binding is what counts. */
const admin = await api.authority.issue({
  commonName: 'admin',
  organization: 'edge-cluster:cluster-admins',
  usage: 'client',
});
const config = { server: api.url, authorityPem: api.authority.certificatePem, client: admin };
await writeFile(join(home, 'config'), renderKubeconfig(config));

function kubectl(line: string): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    const args = ['--kubeconfig', join(home, 'config'), ...line.split(' ')];
    const env = { HOME: home, PATH: process.env.PATH };
    execFile(KUBECTL, args, { env, timeout: 20_000 }, (error, out, err) => {
      resolve({ code: error ? Number(error.code ?? 1) : 0, out, err });
    });
  });
}

t.test('auth can-i answers for oneself and for others', options, async (t) => {
  await bind(api, 'view', { kind: 'User', name: 'vera' }, 'default');
  t.match(await kubectl('auth can-i create pods'), { code: 0, out: /^yes/ });
  t.match(await kubectl('auth can-i list pods --as vera'), { code: 0, out: /^yes/ });
  t.match(await kubectl('auth can-i create pods --as vera'), { code: 1, out: /^no/ });
  t.match(await kubectl('auth can-i list pods --as vera -n kube-system'), { code: 1, out: /^no/ });
  t.match(await kubectl('auth can-i get /version --as vera'), { code: 0, out: /^yes/ });
  t.match(await kubectl('auth can-i --list --as vera'), {
    code: 0,
    out: /pods\/log\s+\[\]\s+\[\]\s+\[get list watch\]/,
  });
});

t.test('auth whoami and the refusal that kubectl shows', options, async (t) => {
  t.match(await kubectl('auth whoami'), { code: 0, out: /Username\s+admin/ });
  t.match(await kubectl('auth whoami --as vera --as-group g'), {
    out: /Groups\s+\[g system:authenticated\]/,
  });
  t.match(await kubectl('get secrets --as vera'), {
    code: 1,
    err: /secrets is forbidden: User "vera" cannot list resource "secrets" in API group "" in the namespace "default"/,
  });
});

t.test('create token gives a token that works', options, async (t) => {
  await accountToken(api, 'default', 'robot');
  const { code, out, err } = await kubectl('create token robot --duration=20m');
  t.equal(code, 0, err);
  const robot = bearing(api, out.trim());
  t.equal((await robot('GET', '/api')).code, 200);
  t.equal((await robot('GET', '/api/v1/pods')).code, 403);
});

t.test('roles, bindings, accounts and quotas are made by kubectl create', options, async (t) => {
  for (const line of [
    'create role reader --verb=get,list --resource=configmaps',
    'create clusterrole lookers --verb=get --non-resource-url=/metrics',
    'create rolebinding readers --role=reader --serviceaccount=default:robot',
    'create clusterrolebinding looking --clusterrole=lookers --user=vera',
    'create serviceaccount other',
    'create quota q --hard=pods=2,count/deployments.apps=1',
  ]) {
    const { code, err } = await kubectl(line);
    t.equal(code, 0, `${line}: ${err}`);
  }
  const robot = 'system:serviceaccount:default:robot';
  t.match(await kubectl(`auth can-i list configmaps --as ${robot}`), { out: /^yes/ });
  t.match(await kubectl('api-resources --api-group=authorization.k8s.io'), {
    out: /selfsubjectaccessreviews/,
  });
});

const plainly = (path: string, headers: Record<string, string> = {}) =>
  new Promise<number>((resolve, reject) => {
    const asking = request({ host: '127.0.0.1', port: insecurePort, path, headers }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer.statusCode ?? 0));
    });
    asking.on('error', reject);
    asking.end();
  });

t.test('the insecure port answers programs of this machine with every right, and no web page', async (t) => {
  t.equal(await plainly('/api/v1/secrets'), 200);
  t.equal(await plainly('/api/v1/secrets', { host: `localhost:${insecurePort}` }), 200);
  t.equal(await plainly('/api/v1/secrets', { host: 'evil.example' }), 403);
  t.equal(await plainly('/api/v1/secrets', { origin: 'http://evil.example' }), 403);
  const asVera = { 'impersonate-user': 'vera' };
  t.equal(await plainly('/api/v1/secrets', asVera), 403, 'acting as another leaves only their rights');
});

t.test('the audit log says who did what and how it ended, and nothing of what was sent', async (t) => {
  const vera = await certified(api, 'vera');
  const body = { metadata: { name: 'hidden' }, stringData: { password: 'do-not-write' } };
  t.equal((await vera('POST', '/api/v1/namespaces/default/secrets', { body })).code, 403);
  await api.ask('GET', '/api/v1/nodes', { as: null, headers: { authorization: 'Bearer do-not-write' } });
  await api.ask('GET', '/api/v1/nodes', { headers: { 'impersonate-user': 'vera' } });
  const lines = await eventually(async () => {
    const all = (await readFile(auditLogPath, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    if (all.some(({ impersonatedUser }) => impersonatedUser?.username === 'vera')) return all;
    throw new Error('the last request is not recorded yet');
  });
  const last = (username: string, verb: string) =>
    lines.findLast((line) => line.user.username === username && line.verb === verb);
  t.match(last('vera', 'create'), {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: 'Metadata',
    requestURI: '/api/v1/namespaces/default/secrets',
    objectRef: { resource: 'secrets', namespace: 'default', apiVersion: 'v1' },
    responseStatus: { code: 403 },
    sourceIPs: ['127.0.0.1'],
  });
  t.match(last('system:anonymous', 'list'), { responseStatus: { code: 401 } });
  t.match(
    lines.findLast((line) => line.impersonatedUser),
    {
      user: { username: 'admin' },
      impersonatedUser: { username: 'vera' },
      responseStatus: { code: 403 },
    },
  );
  t.notMatch(await readFile(auditLogPath, 'utf8'), /do-not-write/);
});
