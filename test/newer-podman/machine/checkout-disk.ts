// The disk that brings the checkout into the virtual machine, made for each run: what is to be tested as it lies there,
// node_modules and the images from the cache.
import { existsSync } from 'node:fs';
import { cp, mkdir, realpath, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { makeDisk, shellLine } from './make-disk.ts';

const SIZE_GIB = 3;
/** Beside what is found in folders of its own. */
const leftOut = new Set(['.git', '.cache', '.edge', '.tap', 'dist', 'node_modules']);

/** Resolves with the disk's path. `work` is an empty folder, `command` is run in the checkout. */
export async function checkoutDisk(
  root: string,
  work: string,
  command: readonly string[],
  path: readonly string[],
): Promise<string> {
  const folder = join(work, 'checkout');
  const isWanted = (source: string) => dirname(source) !== root || !leftOut.has(basename(source));
  await cp(root, folder, { recursive: true, filter: isWanted });
  await mkdir(join(folder, '.machine'));
  const lines = [`export PATH=${path.join(':')}`, `exec ${shellLine(command)}`];
  await writeFile(join(folder, '.machine/command.sh'), `${lines.join('\n')}\n`);
  const [modules, images] = [join(folder, 'node_modules'), join(folder, '.cache/images')];
  for (const place of [modules, images]) await mkdir(place, { recursive: true });
  const disk = join(work, 'checkout.disk');
  const source = await realpath(join(root, 'node_modules'));
  const over: [string, string][] = [
    [source, modules],
    [await realpath(join(root, '.cache/images')), images],
  ];
  // Compiled code of every version that ever ran here: tens of thousands of files.
  if (existsSync(join(source, '.cache'))) over.push(['', join(modules, '.cache')]);
  await makeDisk(disk, SIZE_GIB, folder, over);
  return disk;
}
