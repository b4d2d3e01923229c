// Test files wait in queues, and runners take from them side by side. Plain JavaScript: `npm test` starts on Node 18.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Until nothing waits: each runner takes the next file of the first of its queues that has any left. Files of a queue
 * that one runner alone takes from run one at a time. A queue is `{ waiting: string[] }`; where `run(queue, file)`
 * rejects so does this, and the other runners go on.
 */
export async function workOff(runners, run) {
  const work = async (queues) => {
    for (let queue = firstWith(queues); queue; queue = firstWith(queues)) {
      await run(queue, queue.waiting.shift());
    }
  };
  await Promise.all(runners.map(work));
}

const firstWith = (queues) => queues.find(({ waiting }) => waiting.length > 0);

/** Test files, by name, that are or lie below `path`; throws where there is none. */
export function testFiles(root, path) {
  const isFolder = statSync(join(root, path), { throwIfNoEntry: false })?.isDirectory();
  if (isFolder === undefined) throw new Error(`there is no ${path}`);
  if (!isFolder) return [path];
  const names = readdirSync(join(root, path), { recursive: true, encoding: 'utf8' });
  const files = names.filter((name) => name.endsWith('.test.ts')).map((name) => join(path, name));
  if (files.length === 0) throw new Error(`there are no tests in ${path}`);
  return files.sort();
}
