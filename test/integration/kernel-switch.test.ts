// Switches of the kernel, with files in place of its own.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { KernelSwitch } from '../../src/network/kernel-switch.ts';

t.test('a switch that was off is off again, also when another agent has to see to it', async (t) => {
  const folder = t.testdir({ switch: '0\n' });
  const forwarding = () => new KernelSwitch(join(folder, 'run', 'was'), join(folder, 'switch'));
  const state = () => readFile(join(folder, 'switch'), 'utf8');
  t.equal(await forwarding().enable(), true);
  t.equal((await state()).trim(), '1');
  t.equal(await forwarding().enable(), false, 'after a restart');
  t.equal(await forwarding().restore(), true);
  t.equal((await state()).trim(), '0');
  t.equal(await forwarding().restore(), false);
});

t.test('a switch that was on stays on', async (t) => {
  const folder = t.testdir({ switch: '1\n' });
  const forwarding = new KernelSwitch(join(folder, 'was'), join(folder, 'switch'));
  t.equal(await forwarding.enable(), false);
  await writeFile(join(folder, 'switch'), '1\n');
  t.equal(await forwarding.restore(), false);
  t.equal((await readFile(join(folder, 'switch'), 'utf8')).trim(), '1');
});

t.test('what was neither on nor off is as it was', async (t) => {
  const folder = t.testdir({ reuse: '2\n' });
  const reuse = new KernelSwitch(join(folder, 'was'), join(folder, 'reuse'));
  t.equal(await reuse.enable(), true);
  t.equal((await readFile(join(folder, 'reuse'), 'utf8')).trim(), '1');
  t.equal(await reuse.restore(), true);
  t.equal((await readFile(join(folder, 'reuse'), 'utf8')).trim(), '2');
});
