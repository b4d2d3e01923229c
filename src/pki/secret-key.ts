// The key that encrypts Secrets at rest: 32 random bytes in a file of its own, outside backups of the data
// directory, because cards get stolen and backups get copied.
import { randomBytes } from 'node:crypto';
import { createFileAtomically } from '../base/atomic-file.ts';
import { readFileIfPresent } from '../base/if-present.ts';
import { PkiError } from './pki-error.ts';

const KEY_BYTES = 32;

/**
 * Reads the key (64 hex digits), or makes it with mode 0600: who asks at the same time gets the same one. Rejects with a
 * PkiError when it is not one.
 */
export async function loadSecretKey(path: string): Promise<Buffer> {
  return (await storedSecretKey(path)) ?? makeKey(path);
}

/** `undefined` when there is none. Rejects with a PkiError when it is not one. */
export async function storedSecretKey(path: string): Promise<Buffer | undefined> {
  const text = await readFileIfPresent(path);
  if (text === undefined) return undefined;
  if (!/^[0-9a-f]{64}\n?$/.test(text))
    throw new PkiError(
      `${path} does not hold a key (64 hex digits): without the right one the stored Secrets cannot be read. Restore it from where it was kept`,
    );
  return Buffer.from(text.trim(), 'hex');
}

async function makeKey(path: string): Promise<Buffer> {
  const key = randomBytes(KEY_BYTES);
  const isMade = await createFileAtomically(path, `${key.toString('hex')}\n`, 0o600);
  return isMade ? key : loadSecretKey(path);
}
