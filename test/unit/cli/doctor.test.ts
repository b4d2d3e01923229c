import t from 'tap';
import { type Check, doctor } from '../../../src/cli/doctor.ts';
import { fakeTerminal } from './fake-api.ts';
import { run } from './run.ts';

const ok: Check = { name: 'podman', status: 'ok', message: 'podman 5.4.2 with crun' };
const warning: Check = { name: 'time', status: 'warning', message: 'no time', mend: 'ask a server' };
const problem: Check = { name: 'disk', status: 'problem', message: 'full', mend: 'remove files' };

async function told(checks: Check[], flags = {}) {
  const terminal = fakeTerminal({});
  const exitCode = await doctor(terminal.io, async () => checks, flags);
  return { exitCode, out: terminal.out() };
}

t.test('each check is a line, and what to do stands under what is wrong', async (t) => {
  const { exitCode, out } = await told([ok, problem]);
  t.equal(exitCode, 1);
  t.match(out, /^ok +podman +podman 5\.4\.2 with crun\nproblem +disk +full\n +→ remove files\n$/);
});

t.test('a warning alone is no failure', async (t) => {
  t.equal((await told([ok, warning])).exitCode, 0);
});

t.test('as JSON it is for programs', async (t) => {
  const { exitCode, out } = await told([ok, problem], { output: 'json' });
  t.equal(exitCode, 1);
  t.same(JSON.parse(out), { healthy: false, checks: [ok, problem] });
});

t.test("the agent's folder is handed on", async (t) => {
  const asked: (string | undefined)[] = [];
  const examine = async (dataDir?: string) => {
    asked.push(dataDir);
    return [ok];
  };
  await doctor(fakeTerminal({}).io, examine, { dataDir: '/srv/agent' });
  t.same(asked, ['/srv/agent']);
});

t.test('the verb asks no server', async (t) => {
  const ran = await run(['doctor']);
  t.equal(ran.exitCode, 0);
  t.equal((await run(['doctor', '-o', 'wide'])).exitCode, 1);
});
