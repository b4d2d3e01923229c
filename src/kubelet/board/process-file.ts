// What the kernel tells of one process in its folder of /proc (proc(5)): processes end at any time, and that is an answer.
import { readFileIfPresent } from '../../base/if-present.ts';

/** Said by files of a process that ended while they were open; of a network, also while it waits for its parent. */
const ENDED_CODES: readonly (string | undefined)[] = ['ESRCH', 'EINVAL'];

/** The text of `/proc/<pid>/<file>`; `undefined` when the process is gone. */
export async function processFile(
  pid: number | 'self',
  file: string,
  procFolder = '/proc',
): Promise<string | undefined> {
  try {
    return await readFileIfPresent(`${procFolder}/${pid}/${file}`);
  } catch (error) {
    if (ENDED_CODES.includes((error as NodeJS.ErrnoException).code)) return undefined;
    throw error;
  }
}
