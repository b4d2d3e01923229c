// Bad input at every door: each gives one clear error, and nothing that was stored is lost.
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, open, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { Event, Pod } from '../../src/api/objects.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { Program, Trial } from '../support/trial.ts';

const bin = join(import.meta.dirname, '../../src/bin');
const configMap = (name: string, extra: object = {}) =>
  JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { a: 'b' }, ...extra });

t.test('bad input', async (t) => {
  const trial = await Trial.create();
  t.teardown(() => trial.destroy());
  await trial.start();
  const apply = (text: string) => trial.edgectlWithInput(text, 'apply', '-f', '-');
  t.equal((await apply(configMap('kept'))).code, 0);

  const cases: { title: string; text: string; error: RegExp }[] = [
    { title: 'malformed YAML', text: 'kind: [unclosed', error: /line 1|column|flow/i },
    {
      title: 'an unknown kind',
      text: JSON.stringify({ apiVersion: 'v1', kind: 'Sprocket', metadata: { name: 'x' } }),
      error: /Sprocket/,
    },
    { title: 'an unknown field', text: configMap('x', { dada: {} }), error: /unknown field "dada"/ },
    { title: 'an invalid name', text: configMap('Not_Valid'), error: /Not_Valid.*(RFC 1123|lower case)/ },
    { title: 'a wrong type', text: configMap('x', { data: 'text' }), error: /data/ },
    {
      title: 'an object of 4 MB',
      text: configMap('x', { data: { big: 'x'.repeat(4 << 20) } }),
      error: /too large|limit/i,
    },
    {
      title: 'a stale resourceVersion',
      text: configMap('kept')
        .replace('"name":"kept"', '"name":"kept","resourceVersion":"1"')
        .replace('"b"', '"c"'),
      error: /modified|conflict/i,
    },
  ];
  for (const { title, text, error } of cases) {
    await t.test(`${title} gives one line that says what is wrong`, async (t) => {
      const result = await apply(text);
      t.equal(result.code, 1);
      t.match(result.stderr, error);
      t.equal(result.stderr.trim().split('\n').length, 1, result.stderr);
    });
  }

  await t.test('an image that does not exist shows in the pod and in an Event', async (t) => {
    const containers = [{ name: 'main', image: 'localhost/no-such-image:1' }];
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'imageless' }, spec: { containers } };
    t.equal((await apply(JSON.stringify(pod))).code, 0);
    const reason = async () =>
      (await trial.json<Pod>('get', 'pod', 'imageless')).status?.containerStatuses?.[0]?.state?.waiting
        ?.reason;
    await eventually(
      async () => ['ErrImagePull', 'ImagePullBackOff'].includes((await reason()) ?? ''),
      30_000,
      200,
    );
    const events = await trial.json<{ items: Event[] }>('get', 'events');
    const told = events.items
      .filter((event) => event.involvedObject.name === 'imageless' && event.reason === 'Failed')
      .map((event) => event.message);
    t.match(told.join('\n'), /Failed to pull image.*no-such-image/);
    await trial.must('delete', 'pod', 'imageless', '--grace-period=0', '--force');
  });

  await t.test('a port already taken ends the start with one line', async (t) => {
    const result = await start(['--api-port', String(trial.apiPort)]);
    t.not(result.code, 0);
    t.match(result.output, new RegExp(`${trial.apiPort}.*(in use|taken|uses)`));
  });

  await t.test('a locked data directory ends the start with one line', async (t) => {
    const result = await start(['--data-dir', trial.dataDir]);
    t.not(result.code, 0);
    t.match(result.output, /another process uses it/);
  });

  await t.test('nothing stored was lost by any of it', async (t) => {
    t.match(await trial.must('get', 'configmap', 'kept', '-o', 'json'), /"a": "b"/);
  });
});

t.test('a corrupt data directory is refused, named, and left as it is', async (t) => {
  const trial = await Trial.create();
  t.teardown(() => rm(trial.dataDir, { recursive: true, force: true }));
  await trial.start();
  t.equal((await trial.edgectlWithInput(configMap('kept'), 'apply', '-f', '-')).code, 0);
  await trial.program?.end('SIGINT', 60_000);
  const store = join(trial.dataDir, 'store/db');
  const log = (await readdir(store)).filter((file) => /\.(log|ldb)$/.test(file)).sort();
  for (const file of log) {
    const handle = await open(join(store, file), 'r+');
    const { size } = await handle.stat();
    if (size > 64) await handle.write(Buffer.alloc(32, 0xa5), 0, 32, Math.floor(size / 2));
    await handle.close();
  }
  const result = await start(['--data-dir', trial.dataDir]);
  t.not(result.code, 0);
  t.match(result.output, /store/);
  t.match(result.output, /damaged|missing|does not match/);
  t.same((await readdir(store)).filter((file) => log.includes(file)).sort(), log, 'nothing was deleted');
});

t.test('a missing podman is said, by the node too, and does not end the agent', async (t) => {
  const trial = await Trial.create();
  t.teardown(() => trial.destroy());
  const empty = await mkdtemp(join(tmpdir(), 'edge-cluster-path-'));
  t.teardown(() => rm(empty, { recursive: true, force: true }));
  await mkdir(join(empty, 'bin'));
  await trial.start({ env: { PATH: join(empty, 'bin') } });
  const ready = async () => {
    const nodes = await trial.json<{
      items: { status: { conditions: { type: string; status: string; message: string }[] } }[];
    }>('get', 'nodes');
    return nodes.items[0]?.status.conditions.find((c) => c.type === 'Ready');
  };
  const condition = await eventually(async () => {
    const found = await ready();
    return found?.status === 'False' && found;
  }, 20_000);
  t.match(condition ? condition.message : '', /podman/);
});

/** Starts an all-in-one that is expected to end by itself. */
async function start(args: string[]): Promise<{ code: number | null; output: string }> {
  const defaults: Record<string, string> = {
    '--data-dir': await mkdtemp(join(tmpdir(), 'edge-cluster-test-')),
    '--api-port': String(await freePort()),
    '--mqtt-port': String(await freePort()),
    '--mqtt-inspect-port': '0',
  };
  for (let i = 0; i < args.length; i += 2) defaults[args[i] ?? ''] = args[i + 1] ?? '';
  const all = [join(bin, 'start.js'), '--no-demo', ...Object.entries(defaults).flat()];
  const program = new Program(spawn(process.execPath, all, { stdio: ['ignore', 'pipe', 'pipe'] }));
  await eventually(() => program.ended, 30_000);
  return { code: program.process.exitCode, output: program.output };
}
