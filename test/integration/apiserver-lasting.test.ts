// What lasts longer than its request: watches end with the right to them, and streams are in the audit log.
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { WebSocket } from 'ws';
import { bind } from '../support/access.ts';
import { startApiServer } from '../support/api-server.ts';
import { eventually } from '../support/eventually.ts';

const home = await mkdtemp(join(tmpdir(), 'edge-lasting-'));
const auditLogPath = join(home, 'audit.log');
const api = await startApiServer({ auditLogPath });
t.teardown(async () => {
  await api.stop();
  await rm(home, { recursive: true, force: true });
});

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
const rules = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list', 'watch'] }];
await api.ask('POST', `${RBAC}/clusterroles`, { body: { metadata: { name: 'reader' }, rules } });
await bind(api, 'reader', { kind: 'User', name: 'vera' }, 'default');
await bind(api, 'reader', { kind: 'User', name: 'olga' }, 'default');
const vera = await api.authority.issue({ commonName: 'vera', usage: 'client' });
const olga = await api.authority.issue({ commonName: 'olga', usage: 'client' });

const webSocket = (path: string) =>
  new WebSocket(`${api.url.replace('https', 'wss')}${path}`, {
    ca: api.authority.certificatePem,
    cert: vera.certificatePem,
    key: vera.keyPem,
  });

t.test('a watch ends soon after its right was taken, and those of others go on', async (t) => {
  const path = `${CONFIG_MAPS}?watch=1`;
  const incoming = await api.open('GET', path, { as: vera });
  const ended = once(incoming.resume(), 'end');
  const others = await api.open('GET', path, { as: olga });
  t.teardown(() => others.destroy());
  const socket = webSocket(path);
  await once(socket, 'open');
  const closed = once(socket, 'close');
  const begun = performance.now();
  await api.ask('DELETE', `${RBAC}/namespaces/default/rolebindings/reader-vera`);
  await Promise.all([ended, closed]);
  t.ok(performance.now() - begun < 3_000);
  t.notOk(others.readableEnded);
  t.equal((await api.ask('GET', path, { as: vera })).code, 403);
});

t.test('the audit log has a line for what left HTTP, granted or not', async (t) => {
  const refused = webSocket(`${CONFIG_MAPS}?watch=1`);
  await once(refused, 'error');
  const recorded = await eventually(async () => {
    const lines = (await readFile(auditLogPath, 'utf8')).trim().split('\n');
    const watches = lines
      .map((line) => JSON.parse(line))
      .filter(({ verb, user, responseStatus }) => {
        return verb === 'watch' && user.username === 'vera' && responseStatus.code !== 200;
      });
    return watches.some(({ responseStatus }) => responseStatus.code === 403) && watches;
  });
  t.ok(recorded);
  const codes = (recorded || []).map(({ responseStatus }) => responseStatus.code);
  t.ok(codes.includes(101), 'the one that was granted');
  t.match((recorded || [])[0], { objectRef: { resource: 'configmaps' }, sourceIPs: ['127.0.0.1'] });
});
