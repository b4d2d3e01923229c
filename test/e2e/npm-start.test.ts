// What a new user sees of `npm start`: the page answers, Ctrl-C leaves nothing, a new start has everything.
import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import t from 'tap';
import { eventually } from '../support/eventually.ts';
import { httpGet, podman, readyPods } from '../support/pods.ts';
import { Trial } from '../support/trial.ts';

const exec = promisify(execFile);
const output = async (file: string, ...args: string[]) => (await exec(file, args)).stdout;

/** What a cluster could leave on the machine, one line each. */
async function traces(): Promise<string[]> {
  const containers = await podman('ps', '--all', '--external', '--format', '{{.Names}}');
  const networks = await podman('network', 'ls', '--format', '{{.Name}}');
  const routes = await output('ip', 'route', 'show', 'table', 'all');
  const rules = await output('ip', 'rule', 'show');
  const addresses = await output('ip', '-brief', 'address');
  const tables = await output('nft', 'list', 'tables');
  const text = [containers, networks, routes, rules, withoutVolatile(addresses), tables].join('\n');
  return text.split('\n').filter(Boolean).sort();
}

const withoutVolatile = (addresses: string) => addresses.replace(/fe80::\S+/g, '');

t.test('npm start', async (t) => {
  const trial = await Trial.create();
  t.teardown(() => trial.destroy());
  const before = await traces();

  await t.test('the demo page answers through its NodePort and both pods take turns', async (t) => {
    await trial.start({ demo: true });
    const url = /http:\/\/\S+:30080\S*/.exec(trial.program?.output ?? '')?.[0] ?? '';
    t.ok(url, 'the URL is printed');
    const pods = (await readyPods(trial, 'app=web', 2)).map((pod) => pod.metadata.name).sort();
    const seen = new Set<string>();
    await eventually(async () => {
      seen.add(/pod (\S+)/.exec(await httpGet(url))?.[1] ?? '');
      return seen.size === 2;
    });
    t.same([...seen].sort(), pods);
  });

  await t.test('it prints the kubeconfig, which only its owner may read, and lines to try', async (t) => {
    const printed = trial.program?.output ?? '';
    t.ok(printed.includes(trial.kubeconfig));
    t.match(printed, /edgectl get pods/);
    t.match(printed, /mosquitto_sub .*-t 'edge\/v1\/#'/);
    t.equal((await stat(trial.kubeconfig)).mode & 0o777, 0o600);
  });

  let kept = '';
  await t.test('Ctrl-C leaves no container, network, route, table or address behind', async (t) => {
    await trial.must('scale', 'rc', 'web', '--replicas=3');
    await readyPods(trial, 'app=web', 3);
    kept = await trial.must('get', 'rc,services', '-A', '-o', 'name');
    await trial.program?.end('SIGINT', 60_000);
    t.equal(trial.program?.process.exitCode, 0);
    const left = (await traces()).filter((line) => !before.includes(line));
    t.same(left, []);
  });

  await t.test('started again it has everything it stored', async (t) => {
    await trial.start();
    t.equal(await trial.must('get', 'rc,services', '-A', '-o', 'name'), kept);
    t.equal((await readyPods(trial, 'app=web', 3)).length, 3);
  });
});
