// The HOME of the agent's podman: the user's own settings by links, and a folder for authorities that is its own.
import { mkdir, readlink, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { namesIn } from '../../../base/if-present.ts';

const SETTINGS = '.config/containers';
const OWN = 'certs.d';

/** `userHome` is what podman would have read; what is missing there is missing here. */
export async function prepareHome(directory: string, userHome: string): Promise<void> {
  await mkdir(join(directory, SETTINGS, OWN), { recursive: true, mode: 0o700 });
  const settings = await namesIn(join(userHome, SETTINGS));
  const linked = settings.filter((name) => name !== OWN).map((name) => join(SETTINGS, name));
  for (const name of [...linked, '.docker']) await link(join(userHome, name), join(directory, name));
}

async function link(target: string, path: string): Promise<void> {
  const known = await readlink(path).catch(() => undefined);
  if (known === target) return;
  await rm(path, { force: true });
  await symlink(target, path);
}
