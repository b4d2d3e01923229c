// What podman keeps about containers, layers and images, when a power cut left it unreadable: podman then does not even
// start, or makes nothing. It is put aside, never deleted; podman begins anew, and what else is in the store stays. Only on
// a board where nothing runs: what runs would be out of podman's reach.
import { readlink, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { isThere } from '../../../base/if-present.ts';
import type { Logger } from '../../../base/logger.ts';
import { isConmon, type Process, processes } from './process-table.ts';
import { damagedList } from './store-damage.ts';

export interface StorePlace {
  storageRoot: string;
  /** Unless given, /proc. */
  procFolder?: string;
  logger: Logger;
}

/** Below the store's root: of podman 4, and of 5 with what SQLite would roll back into the new one. */
const DATABASE = ['libpod/bolt_state.db', 'db.sql', 'db.sql-journal', 'db.sql-wal', 'db.sql-shm'];

/** `said`: podman's words about the damage. Resolves with whether podman may be started again. */
export async function putDamagedAside(
  said: string,
  { storageRoot, procFolder = '/proc', logger }: StorePlace,
): Promise<boolean> {
  if (await hasConmon(storageRoot, procFolder)) {
    logger.error(
      { storageRoot, said },
      "podman's store is damaged and stays, as containers run: reboot the board",
    );
    return false;
  }
  const list = damagedList(said);
  if (list && !list.startsWith(join(storageRoot, '/'))) return false;
  let isAside = false;
  for (const path of list ? [list] : DATABASE.map((name) => join(storageRoot, name))) {
    if (!(await isThere(path))) continue;
    await rename(path, `${path}.damaged`);
    logger.error({ file: `${path}.damaged`, said }, 'what podman kept was damaged and is put aside here');
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
  const isOfStore = ({ words }: Process) => words.some((word) => word.startsWith(join(storageRoot, '/')));
  const conmons = (await processes(procFolder)).filter((process) => isConmon(process) && isOfStore(process));
  const mounts = await Promise.all(conmons.map(({ pid }) => mountsOf(pid, procFolder)));
  return mounts.includes(own);
}

/** Its mount namespace; `undefined` for a process that has ended. */
function mountsOf(pid: number | 'self', procFolder: string): Promise<string | undefined> {
  return readlink(join(procFolder, `${pid}`, 'ns/mnt')).catch(() => undefined);
}
