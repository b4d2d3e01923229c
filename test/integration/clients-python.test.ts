// The table's row of Debian's python3-kubernetes: what it does is looked up in the cluster.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import t from 'tap';
import { renderKubeconfig } from '../../src/pki/kubeconfig.ts';
import { startClientCluster } from '../support/client-cluster.ts';
import { withDependencies } from '../support/debian-packages.ts';
import { eventually } from '../support/eventually.ts';
import { deployment, pod } from '../support/kubectl-manifests.ts';

const PYTHON = '/usr/bin/python3';
const script = join(import.meta.dirname, '../support/python-client.py');
const { root, missing } = existsSync(PYTHON)
  ? await withDependencies('python3-kubernetes')
  : { root: undefined, missing: `${PYTHON} is not on this machine` };

t.test(
  'python3-kubernetes lists, makes, changes, watches, reaches into and deletes',
  { skip: missing ?? false },
  async (t) => {
    const cluster = await startClientCluster();
    t.teardown(() => cluster.stop());
    const { api } = cluster;
    const base = '/api/v1/namespaces/default';
    const settings = async () => (await cluster.get(`${base}/configmaps/py`)).data;
    const web = () => cluster.get('/apis/apps/v1/namespaces/default/deployments/web');
    await eventually(() => cluster.get(`${base}/serviceaccounts/default`));
    await api.ask('POST', '/apis/apps/v1/namespaces/default/deployments', {
      body: deployment({ replicas: 1 }),
    });
    await api.ask('POST', `${base}/pods`, { body: pod() });
    await eventually(async () => (await cluster.get(`${base}/pods/one`)).status.phase === 'Running');

    const path = join(t.testdir({}), 'config');
    const authorityPem = api.authority.certificatePem;
    await writeFile(path, renderKubeconfig({ server: api.url, authorityPem, client: api.admin }));
    const env = { ...process.env, PYTHONPATH: join(root ?? '', 'usr/lib/python3/dist-packages') };
    const python = spawn(PYTHON, [script, path], { env, stdio: ['pipe', 'pipe', 'inherit'] });
    t.teardown(() => python.kill());
    const answers = createInterface(python.stdout)[Symbol.asyncIterator]();
    const step = async (name: string) => {
      python.stdin.write(`${name}\n`);
      const { value, done } = await answers.next();
      if (done) throw new Error(`python ended in step ${name}`);
      return JSON.parse(value);
    };

    t.strictSame(await step('create'), { status: 409, reason: 'AlreadyExists' });
    t.strictSame(await settings(), { a: '1' });
    t.strictSame(await step('list'), {
      maps: ['py'],
      everywhere: ['py'],
      nodes: ['board-a', 'board-b'],
      services: ['kubernetes'],
      versions: 'APIGroupList',
      version: '1',
    });
    await step('patch');
    t.strictSame(await settings(), { a: '1', b: '2' });
    const { replicas, template } = (await web()).spec;
    t.equal(replicas, 3);
    t.equal(template.spec.containers.length, 2, 'its patches are strategic');
    t.strictSame(await step('replace'), { status: 409, reason: 'Conflict' });
    t.strictSame(await settings(), { c: '3' });
    t.strictSame(await step('watch'), ['ADDED py', 'MODIFIED py', 'DELETED py']);
    t.strictSame(await step('custom'), { size: 3, fabric: 'wool' });
    t.strictSame(await step('discovered'), { scale: 3, map: { a: '1', b: '2' }, shirts: 0 });
    t.strictSame(await step('manifest'), { secret: { a: 'Yg==' }, suspended: true });
    t.strictSame(await step('rights'), { allowed: true, measured: 1, parts: ['scheduler'] });
    t.equal(await step('evicted'), 'Status');
    t.equal(await step('logs'), 'default/one began\nsecond line\n');
    t.strictSame(await step('exec'), { out: 'out\n', err: 'err\n', code: 7 });
    t.equal(await step('stdin'), 'typed');
    t.equal(await step('delete'), 'one');
    await eventually(async () => (await api.ask('GET', `${base}/pods/one`)).code === 404);
    await eventually(
      async () => (await cluster.get('/apis/apps/v1/namespaces/default/replicasets')).items.length === 0,
    );
  },
);
