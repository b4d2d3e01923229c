// edgectl as a process against a real API server, and the files it finds its cluster by.
import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { renderKubeconfig } from '../../src/pki/kubeconfig.ts';
import { startApiServer, type TestApiServer } from '../support/api-server.ts';

interface Ran {
  exitCode: number | null;
  out: string;
  err: string;
}

const program = join(import.meta.dirname, '../../src/bin/edgectl.ts');

function edgectl(cwd: string, args: string[], env: Record<string, string> = {}, input = ''): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], {
      cwd,
      env: { PATH: process.env.PATH, HOME: cwd, ...env },
    });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk) => {
      out += chunk;
    });
    child.stderr.on('data', (chunk) => {
      err += chunk;
    });
    child.once('error', reject);
    child.once('close', (exitCode) => resolve({ exitCode, out, err }));
    child.stdin.end(input);
  });
}

const kubeconfigOf = (api: TestApiServer, server = api.url) =>
  renderKubeconfig({ server, authorityPem: api.authority.certificatePem, client: api.admin });

t.test('edgectl', async (t) => {
  const api = await startApiServer();
  t.teardown(() => api.stop());
  const home = t.testdir({ kubeconfig: kubeconfigOf(api), 'web.yaml': '' });
  const env = { KUBECONFIG: 'kubeconfig' };
  const rc = (replicas: number) => `apiVersion: v1
kind: ReplicationController
metadata: {name: web}
spec:
  replicas: ${replicas}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "web:1"}]}
`;

  await t.test('applies, shows, scales and deletes', async (t) => {
    const file = join(home, 'web.yaml');
    await writeFile(file, rc(2));
    const apply = () => edgectl(home, ['apply', '-f', file], env);
    t.same(await apply(), { exitCode: 0, out: 'replicationcontroller/web created\n', err: '' });
    t.equal((await apply()).out, 'replicationcontroller/web unchanged\n');
    await writeFile(file, rc(3));
    t.equal((await apply()).out, 'replicationcontroller/web configured\n');
    t.match(
      (await edgectl(home, ['get', 'rc', '-o', 'wide'], env)).out,
      /^NAME +DESIRED .*SELECTOR\nweb +3 +0 +0 +\d+s +web +web:1 +app=web\n$/,
    );
    t.equal((await edgectl(home, ['scale', 'rc', 'web', '--replicas=5'], env)).exitCode, 0);
    t.match((await edgectl(home, ['describe', 'rc', 'web'], env)).out, /Replicas: +0 current \/ 5 desired/);
    t.same(await edgectl(home, ['delete', 'rc', 'web', '--cascade=background'], env), {
      exitCode: 0,
      out: 'replicationcontroller "web" deleted\n',
      err: '',
    });
  });

  await t.test('tells what the server refuses, or warns of, in one line', async (t) => {
    const input = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndatas: {a: b}\n';
    const strict = await edgectl(home, ['apply', '-f', '-'], env, input);
    t.equal(strict.exitCode, 1);
    t.match(strict.err, /^error: standard input: [^\n]*unknown field "datas"\n$/);
    const warned = await edgectl(home, ['apply', '-f', '-', '--validate=warn'], env, input);
    t.same([warned.exitCode, warned.err], [0, 'Warning: unknown field "datas"\n']);
  });

  await t.test('prints a join token whose secret is stored', async (t) => {
    const { out } = await edgectl(home, ['token', 'create'], env);
    const id = /^EDGE1\.[0-9a-f]{64}\.([a-z0-9]{6})\.[a-z0-9]{16}\n$/.exec(out)?.[1];
    const secret = await edgectl(
      home,
      ['get', 'secret', `bootstrap-token-${id}`, '-n', 'kube-system', '--no-headers'],
      env,
    );
    t.match(secret.out, /bootstrap\.kubernetes\.io\/token/);
  });

  await t.test('finds the kubeconfig: KUBECONFIG, then ~/.kube/config, then .edge', async (t) => {
    const place = t.testdir({
      '.edge': { 'admin.kubeconfig': kubeconfigOf(api) },
      broken: 'a: [',
      lists: 'clusters: 3\nusers: [1, null]\ncontexts: {a: b}\n',
      key: kubeconfigOf(api).replace(/client-key-data: "?.{40}/, (found) =>
        found.replace(/.{20}$/, 'A'.repeat(20)),
      ),
      empty: '',
    });
    const get = (more: Record<string, string> = {}, ...flags: string[]) =>
      edgectl(place, ['get', 'svc', ...flags], more);
    t.match((await get()).out, 'kubernetes');
    await mkdir(join(place, '.kube'));
    await writeFile(join(place, '.kube/config'), kubeconfigOf(api, 'https://127.0.0.1:1'));
    t.match((await get()).err, /^error: cannot reach the API server at https:\/\/127\.0\.0\.1:1 \([^\n]+\n$/);
    t.match((await get({ KUBECONFIG: '.edge/admin.kubeconfig' })).out, 'kubernetes');
    t.match((await get({}, '--kubeconfig', '.edge/admin.kubeconfig')).out, 'kubernetes');
    t.match(
      (await get({ KUBECONFIG: 'empty:.edge/admin.kubeconfig' })).out,
      'kubernetes',
      'files are merged',
    );
    t.match((await get({ KUBECONFIG: 'broken' })).err, /kubeconfig .*broken is not valid YAML/);
    t.match(
      (await get({ KUBECONFIG: 'absent' })).err,
      /no kubeconfig with a context found \(looked at [^\n]*absent\)/,
    );
    t.match((await get({ KUBECONFIG: 'lists' })).err, /^error: no kubeconfig with a context found[^\n]+\n$/);
    t.match(
      (await get({ KUBECONFIG: 'key' })).err,
      /^error: the client certificate or key of user "[^"]+" in the kubeconfig is damaged[^\n]+\n$/,
    );
    t.match((await get({}, '--context', 'x')).err, /the kubeconfig has no context "x": it has edge-cluster/);
  });

  await t.test('a server that is not the cluster of the kubeconfig is not trusted', async (t) => {
    const other = await startApiServer();
    t.teardown(() => other.stop());
    const place = t.testdir({ kubeconfig: kubeconfigOf(api, other.url) });
    const { err, exitCode } = await edgectl(place, ['get', 'svc'], env);
    t.equal(exitCode, 1);
    t.match(err, /certificate/);
  });

  await t.test('a reader that leaves early is no error', async (t) => {
    const child = spawn('sh', ['-c', `"${process.execPath}" "${program}" get svc -A -o json | head -n 1`], {
      env: { PATH: process.env.PATH, KUBECONFIG: join(home, 'kubeconfig') },
    });
    let err = '';
    child.stderr.on('data', (chunk) => {
      err += chunk;
    });
    await new Promise((resolve) => child.once('close', resolve));
    t.equal(err, '');
  });
});
