// The runner of `npm test` on real processes.
import { join } from 'node:path';
import t from 'tap';
import { runTestFile } from '../../scripts/bootstrap/test-file.js';

const files = t.testdir({
  'says.js': `console.log('1..0'); console.log(process.env.TAP_TIMEOUT, process.env.WORD); process.exitCode = 3;`,
  'hangs.js': `console.log('begun'); for (;;);`,
});
const run = (name: string, timeoutS: number) =>
  runTestFile(process.execPath, join(files, name), {
    cwd: files,
    env: { ...process.env, WORD: 'word' },
    timeoutS,
  });

t.test('all that a file said is there when it has ended, and how it ended', async (t) => {
  t.match(await run('says.js', 60), { lines: ['1..0', '60 word'], exitCode: 3, signal: null });
});

t.test('a file that hangs too hard to end itself is killed after twice its time', async (t) => {
  const listeners = process.listenerCount('SIGINT');
  const { exitCode, signal, durationMs } = await run('hangs.js', 0.5);
  t.match({ exitCode, signal }, { exitCode: null, signal: 'SIGKILL' });
  t.ok(durationMs > 990, `${durationMs} ms`);
  t.equal(process.listenerCount('SIGINT'), listeners, 'nothing of it stays');
});
