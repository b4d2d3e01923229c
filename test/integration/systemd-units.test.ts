// The units as they ship: what must hold so that a restart of the agent leaves containers alone, and systemd's own
// opinion.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';

const folder = join(import.meta.dirname, '../../systemd');
const names = ['edge-agent.service', 'edge-master.service'];

/** `Section.Key` → its last value. */
async function settings(name: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  let section = '';
  for (const line of (await readFile(join(folder, name), 'utf8')).split('\n')) {
    section = /^\[(\w+)\]$/.exec(line)?.[1] ?? section;
    const [, key, value] = /^(\w+)=(.*)$/.exec(line) ?? [];
    if (key) found.set(`${section}.${key}`, value ?? '');
  }
  return found;
}

t.test("ending the agent's unit ends the agent alone, whatever happens to it", async (t) => {
  const agent = await settings('edge-agent.service');
  t.equal(agent.get('Service.KillMode'), 'process', 'not conmon and not containers');
  t.equal(agent.get('Service.TimeoutStopSec'), '30', 'a reboot does not wait long');
  t.equal(agent.get('Service.Delegate'), 'yes', 'systemd leaves the groups below alone');
  for (const key of ['PrivateTmp', 'PrivateDevices', 'ProtectSystem', 'PrivateMounts', 'PrivateNetwork'])
    t.equal(agent.get(`Service.${key}`), undefined, `${key} would give containers a board of their own`);
  for (const key of ['BindsTo', 'PartOf', 'Requires']) t.equal(agent.get(`Unit.${key}`), undefined, key);
});

t.test('both are started again for as long as it takes, at boot too', async (t) => {
  for (const name of names) {
    const unit = await settings(name);
    t.equal(unit.get('Service.Restart'), 'always', name);
    t.equal(unit.get('Unit.StartLimitIntervalSec'), '0', name);
    t.equal(unit.get('Install.WantedBy'), 'multi-user.target', name);
    t.notMatch(unit.get('Unit.Wants') ?? '', 'edge-', 'neither waits for the other');
  }
});

t.test('flags that nobody set are none, not a variable that systemd warns of', async (t) => {
  for (const [name, flags] of [
    ['edge-agent.service', 'AGENT_ARGS'],
    ['edge-master.service', 'MASTER_ARGS'],
  ] as const) {
    const text = await readFile(join(folder, name), 'utf8');
    t.match(text, new RegExp(`^ExecStart=.* \\$${flags}$`, 'm'));
    t.match(text, new RegExp(`^Environment=${flags}=$`, 'm'));
  }
});

t.test('systemd finds nothing wrong with them', async (t) => {
  const run = promisify(execFile);
  const paths = names.map((name) => join(folder, name));
  const { stderr, missing } = await run('systemd-analyze', ['verify', ...paths]).then(
    ({ stderr }) => ({ stderr, missing: false }),
    (error: NodeJS.ErrnoException & { stderr?: string }) => ({
      stderr: error.stderr ?? '',
      missing: error.code === 'ENOENT',
    }),
  );
  if (missing) return t.pass('systemd-analyze is not on this machine');
  // The programs are where the package puts them; pages of documentation too.
  const isAboutPlace = (line: string) => /is not executable: No such file|Command .* not found/.test(line);
  const isOurs = (line: string) => names.some((name) => line.includes(name));
  t.same(
    stderr.split('\n').filter((line) => isOurs(line) && !isAboutPlace(line)),
    [],
  );
});
