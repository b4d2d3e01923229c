// The key of ServiceAccount tokens on disk: made once, kept to itself, and never replaced in silence.
import { createPublicKey, generateKeyPairSync, type JsonWebKey, verify } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { loadTokenKey, makeTokenKey } from '../../src/pki/token-key.ts';

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

t.test('others verify its tokens by its public half, with RSA and on a curve', async (t) => {
  const made = await loadTokenKey(join(t.testdir({}), 'service-account.key'));
  for (const [key, algorithm] of [
    [made, 'RS256'],
    [makeTokenKey(), 'ES256'],
  ] as const) {
    const token = key.sign({ sub: 'x' });
    t.same(key.verify(token), { sub: 'x' });
    const jwk = key.jwk as JsonWebKey & { alg: string };
    t.equal(jwk.alg, algorithm);
    t.notOk('d' in jwk, 'its secret half is not shown');
    const [head, body, signature = ''] = token.split('.');
    const publicKey = {
      key: createPublicKey({ key: jwk, format: 'jwk' }),
      dsaEncoding: 'ieee-p1363' as const,
    };
    t.ok(verify('sha256', Buffer.from(`${head}.${body}`), publicKey, Buffer.from(signature, 'base64url')));
  }
  t.equal(made.verify(makeTokenKey().sign({})), undefined, 'of another key');
});

t.test('a key that is too short, or on another curve, is refused', async (t) => {
  const path = join(t.testdir({}), 'service-account.key');
  for (const { privateKey } of [
    generateKeyPairSync('rsa', { modulusLength: 1024 }),
    generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  ]) {
    await writeFile(path, privateKey.export({ format: 'pem', type: 'pkcs8' }));
    await t.rejects(loadTokenKey(path), { name: 'PkiError', message: /neither an RSA key of 2048 bits/ });
  }
});
