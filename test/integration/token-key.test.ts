// The key of ServiceAccount tokens on disk: made once, kept to itself, and never replaced in silence.
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { loadTokenKey } from '../../src/pki/token-key.ts';

t.test('the key is made once, readable by its owner only, and the same after a restart', async (t) => {
  const path = join(t.testdir({}), 'pki', 'service-account.key');
  const token = (await loadTokenKey(path)).sign({ a: 1 });
  t.equal((await stat(path)).mode & 0o777, 0o600);
  t.same((await loadTokenKey(path)).verify(token), { a: 1 });
});

t.test('a file that holds no such key is told and left alone', async (t) => {
  const path = join(t.testdir({}), 'service-account.key');
  await writeFile(path, 'nonsense');
  await t.rejects(loadTokenKey(path), { name: 'PkiError', message: /does not hold a private key in PEM/ });
  t.equal(await readFile(path, 'utf8'), 'nonsense');
});
