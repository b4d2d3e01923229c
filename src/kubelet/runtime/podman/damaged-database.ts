// podman's database of containers, when a power cut left it unreadable: podman then does not even start. It is put aside,
// never deleted; podman begins a new one, and images and layers stay. Only on a board where nothing runs: what runs would
// be out of podman's reach.
import { readdir, readFile, readlink, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { namesIn } from '../../../base/if-present.ts';
import type { Logger } from '../../../base/logger.ts';

export interface DatabasePlace {
  storageRoot: string;
  /** Unless given, /proc. */
  procFolder?: string;
  logger: Logger;
}

/** Below the store's root: of podman 4, and of 5. */
const FILES = ['libpod/bolt_state.db', 'db.sql'];

/** Resolves with whether podman may be started again. */
export async function putDatabaseAside({
  storageRoot,
  procFolder = '/proc',
  logger,
}: DatabasePlace): Promise<boolean> {
  if (await hasConmon(storageRoot, procFolder)) {
    logger.error(
      { storageRoot },
      "podman's database is damaged and stays, as containers run: reboot the board",
    );
    return false;
  }
  let isAside = false;
  for (const file of FILES) {
    const folder = join(storageRoot, file, '..');
    const name = file.split('/').at(-1) ?? '';
    if (!(await namesIn(folder)).includes(name)) continue;
    await rename(join(folder, name), join(folder, `${name}.damaged`));
    logger.error(
      { file: join(folder, `${name}.damaged`) },
      "podman's database was damaged and is put aside here",
    );
    isAside = true;
  }
  return isAside;
}

/**
 * A container runs as long as its conmon, which names the store's folder in its command line. One that sees other files than
 * we do means another folder by that name.
 */
async function hasConmon(storageRoot: string, procFolder: string): Promise<boolean> {
  const own = await mountsOf('self', procFolder);
  for (const pid of await readdir(procFolder)) {
    if (!/^\d+$/.test(pid)) continue;
    if ((await mountsOf(pid, procFolder)) !== own) continue;
    const words = await readFile(join(procFolder, pid, 'cmdline'), 'utf8').catch(() => ''); // Ended meanwhile.
    const [program = ''] = words.split('\0');
    if (program.endsWith('conmon') && words.includes(join(storageRoot, '/'))) return true;
  }
  return false;
}

/** Its mount namespace; `undefined` for a process that has ended. */
function mountsOf(pid: string, procFolder: string): Promise<string | undefined> {
  return readlink(join(procFolder, pid, 'ns/mnt')).catch(() => undefined);
}
