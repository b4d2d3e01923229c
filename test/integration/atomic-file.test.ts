import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { writeFileAtomically } from '../../src/base/atomic-file.ts';
import { readFileIfPresent } from '../../src/base/if-present.ts';

t.test('a file is replaced whole, with its mode, over what a cut had left', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'edge-file-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  const path = join(directory, 'new', 'deep', 'file');
  t.equal(await readFileIfPresent(path), undefined);
  await writeFileAtomically(path, 'first');
  await writeFile(`${path}.tmp`, 'half of somethi', { mode: 0o666 });
  await writeFileAtomically(path, 'second');
  t.equal(await readFile(path, 'utf8'), 'second');
  t.equal((await stat(path)).mode & 0o777, 0o600);
  t.same(await readdir(join(directory, 'new', 'deep')), ['file']);
});

t.test('an error other than absence is told', async (t) => {
  await t.rejects(readFileIfPresent(tmpdir()), { code: 'EISDIR' });
});
