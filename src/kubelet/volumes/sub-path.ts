// The part of a volume that a container mounts. A link inside the volume must not lead out of it: the engine would
// follow it as root. https://kubernetes.io/docs/concepts/storage/volumes/#using-subpath
import { chmod, mkdir, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { core } from '../../api/objects.ts';
import { ConfigError } from '../config/config-error.ts';
import { safePath } from './volume-sources.ts';

/** Of a mode: who may what, and that a group is handed on. */
const RIGHTS = 0o7777;

/** `undefined` = the whole volume. `$(NAME)` in an expression is a variable of the container, `$$(NAME)` is not. */
export function subPathOf(
  { subPath, subPathExpr }: core.VolumeMount,
  env: ReadonlyMap<string, string>,
): string | undefined {
  if (!subPathExpr) return subPath || undefined;
  return subPathExpr.replace(/\$(\$|\(([^)]*)\))/g, (whole, escaped: string, name: string | undefined) => {
    if (name === undefined) return escaped === '$' ? '$' : whole;
    const value = env.get(name);
    if (value === undefined) throw new ConfigError(`missing value for "${name}"`);
    return value;
  });
}

/**
 * Makes what is missing, as a directory with the rights of the volume itself: who may write to the one may write to the
 * other, as upstream. What a link stands for is what is mounted.
 */
export async function resolveSubPath(root: string, path: string): Promise<string> {
  const wanted = join(root, pathInVolume(path));
  const base = await realpath(root);
  refuseOutside(base, await deepestExisting(wanted), path);
  const isNew = await makeMissing(wanted);
  const real = await realpath(wanted);
  refuseOutside(base, real, path);
  if (isNew) await chmod(real, (await stat(base)).mode & RIGHTS);
  return real;
}

/** Variables may have made it what validation would have refused. */
function pathInVolume(path: string): string {
  try {
    return safePath(path);
  } catch {
    const why = "must be relative, not empty, and may not contain '..'";
    throw new ConfigError(`"${path}" ${why}`);
  }
}

function refuseOutside(base: string, real: string, path: string): void {
  if (real === base || real.startsWith(`${base}/`)) return;
  throw new ConfigError(`"${path}" leads out of its volume`);
}

/** The real path of the longest part of `path` that is there. */
async function deepestExisting(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return deepestExisting(dirname(path));
  }
}

/** False where it was there. */
async function makeMissing(path: string): Promise<boolean> {
  try {
    return (await mkdir(path, { recursive: true })) !== undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  }
}
