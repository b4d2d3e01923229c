// A long-running program runs until it is told to end, whether or not anything of it is open meanwhile.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { Program } from '../support/trial.ts';

const source = join(import.meta.dirname, '../../src');

/** As an agent whose master is away: all that it has is a timer of the clock. */
const waiting = `
import { systemClock } from '${source}/base/clock.ts';
import { runProgram } from '${source}/bin/program.ts';
await runProgram({
  usage: 'waiting',
  about: '',
  flags: {},
  create: () => ({
    start: async () => void systemClock.after(200, () => console.log('still here')),
    stop: async () => console.log('stopped'),
  }),
});
`;

t.test('a program with nothing but a timer waits for it, and ends in order at a signal', async (t) => {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', waiting]);
  const program = new Program(child);
  t.teardown(() => program.end('SIGKILL'));
  await program.waitFor('still here', 10_000);
  await program.end('SIGTERM', 10_000);
  t.equal(child.exitCode, 0);
  t.match(program.output, 'stopped');
});

t.test('who reads may leave, as in `npm start | tee log` at Ctrl-C: the end stays in order', async (t) => {
  const file = join(t.testdir({}), 'stopped');
  const program = `${waiting.replace(
    "console.log('stopped')",
    `{
    process.stdout.write('stopped');
    process.stderr.write('stopped');
    await new Promise((resolve) => setTimeout(resolve, 100));
    await (await import('node:fs/promises')).writeFile('${file}', '');
  }`,
  )}`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program]);
  t.teardown(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  child.stdout.destroy();
  child.stderr.destroy();
  child.kill('SIGTERM');
  t.same(await once(child, 'exit'), [0, null]);
  t.equal(await readFile(file, 'utf8'), '', 'all was stopped');
});

t.test('a failure of the file system is one line that says what to do', async (t) => {
  const program = join(source, 'bin/edge-master.ts');
  const file = t.testdir({ file: '' });
  const child = spawn(process.execPath, [program, '--data-dir', join(file, 'file')]);
  const ended = new Program(child);
  t.teardown(() => ended.end('SIGKILL'));
  await ended.waitFor('choose another --data-dir', 20_000);
  t.match(ended.output, /^error: [^\n]*file[^\n]*\n$/);
});
