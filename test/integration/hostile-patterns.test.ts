// Patterns that backtrack for ever, wherever people may write one: the programs that stay are started so that such a
// search is finished in linear time, by the launcher as by the units.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';

const root = join(import.meta.dirname, '../..');
const FLAG = '--enable-experimental-regexp-engine-on-excessive-backtracks';
const SEARCH = "process.exit(/^(a+)+$/.test('a'.repeat(60) + 'b') ? 1 : 0)";

t.test('a search that would take years ends at once in a program that stays', async (t) => {
  for (const file of ['src/bin/launch.js', 'systemd/edge-master.service', 'systemd/edge-agent.service']) {
    t.ok(readFileSync(join(root, file), 'utf8').includes(FLAG), file);
  }
  const options = { timeout: 20_000 };
  await t.resolves(promisify(execFile)(process.execPath, [FLAG, '-e', SEARCH], options));
});
