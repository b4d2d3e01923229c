// What ships: the bundle runs on its own, with nothing of the checkout's node_modules.
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { freePort } from '../support/free-port.ts';
import { command, Program } from '../support/trial.ts';

const run = promisify(execFile);
const script = join(import.meta.dirname, '../../scripts/build.ts');

t.test('the bundle', async (t) => {
  const work = await mkdtemp(join(tmpdir(), 'edge-cluster-build-'));
  t.teardown(() => rm(work, { recursive: true, force: true }));
  const dist = join(work, 'dist');
  await run(process.execPath, [script, dist]);
  const edgectl = (...args: string[]) =>
    command(process.execPath, [join(dist, 'edgectl.js'), ...args], {
      env: { KUBECONFIG: join(work, 'data/admin.kubeconfig') },
    });

  await t.test('runs a master that edgectl of the same bundle can use', async (t) => {
    const ports = [await freePort(), await freePort()].map(String);
    const [api = '', mqtt = ''] = ports;
    const flags = [
      '--data-dir',
      join(work, 'data'),
      '--api-port',
      api,
      '--mqtt-port',
      mqtt,
      '--mqtt-inspect-port',
      '0',
    ];
    const master = new Program(spawn(process.execPath, [join(dist, 'edge-master.js'), ...flags]));
    t.teardown(() => master.end());
    await master.waitFor('The master is ready', 20_000);
    t.match(await edgectl('get', 'namespaces', '-o', 'yaml'), { code: 0, stdout: /name: kube-system/ });
    t.match(await edgectl('token', 'create'), { code: 0, stdout: /^EDGE1\./ });
  });

  await t.test('knows its version and its flags', async (t) => {
    t.match(await edgectl('version', '--client'), { code: 0, stdout: /v\d+\.\d+\.\d+/ });
    const help = await command(process.execPath, [join(dist, 'edge-agent.js'), '--help']);
    t.match(help, { code: 0, stdout: /--master URL/ });
  });
});
