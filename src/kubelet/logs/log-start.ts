// Where in the files of a log a reader begins: at the oldest byte that is left, or at the first of the last lines.
import { openIfThere } from './log-file.ts';
import { logFiles } from './log-files.ts';
import { tailStart } from './log-tail.ts';

export interface LogStart {
  /** Files before the one that is written, each from an offset on. */
  older: { path: string; offset: number }[];
  /** In the file that is written: the last lines to begin with; all when left out. */
  tailLines: number | undefined;
}

export async function logStart(logPath: string, tailLines: number | undefined): Promise<LogStart> {
  const older = (await logFiles(logPath)).slice(0, -1);
  if (tailLines === undefined) return { older: older.map((path) => ({ path, offset: 0 })), tailLines };
  let missing = await missingIn(logPath, tailLines);
  const start: LogStart['older'] = [];
  for (const path of older.reverse()) {
    if (missing <= 0) break;
    const file = await openIfThere(path);
    if (!file) continue;
    const found = await tailStart(file, missing).finally(() => file.close());
    start.unshift({ path, offset: found.offset });
    missing = found.missing;
  }
  return { older: start, tailLines: start.length > 0 ? undefined : tailLines };
}

async function missingIn(path: string, count: number): Promise<number> {
  const file = await openIfThere(path);
  if (!file) return count;
  const { missing } = await tailStart(file, count).finally(() => file.close());
  return missing;
}
