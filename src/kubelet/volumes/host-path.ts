// Checks and, where its type says so, makes what a hostPath volume names.
// https://kubernetes.io/docs/concepts/storage/volumes/#hostpath-volume-types
import type { Stats } from 'node:fs';
import { mkdir, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { core } from '../../api/objects.ts';
import { ConfigError } from '../config/config-error.ts';

type Check = { is: (stats: Stats) => boolean; what: string; make?: (path: string) => Promise<void> };

const makeDirectory = async (path: string) => {
  await mkdir(path, { recursive: true, mode: 0o755 });
};
const makeFile = async (path: string) => {
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  await (await open(path, 'a', 0o644)).close();
};

const CHECKS: Readonly<Record<string, Check>> = {
  // Without a type anything will do; a missing path becomes a directory, as containerd makes it.
  '': { is: () => true, what: 'path', make: makeDirectory },
  DirectoryOrCreate: { is: (s) => s.isDirectory(), what: 'directory', make: makeDirectory },
  Directory: { is: (s) => s.isDirectory(), what: 'directory' },
  FileOrCreate: { is: (s) => s.isFile(), what: 'file', make: makeFile },
  File: { is: (s) => s.isFile(), what: 'file' },
  Socket: { is: (s) => s.isSocket(), what: 'socket' },
  CharDevice: { is: (s) => s.isCharacterDevice(), what: 'character device' },
  BlockDevice: { is: (s) => s.isBlockDevice(), what: 'block device' },
};

/** Throws ConfigError when the path is not what its type asks for. */
export async function ensureHostPath({ path, type = '' }: core.HostPathVolumeSource): Promise<string> {
  const check = CHECKS[type];
  if (!check) throw new ConfigError(`hostPath type ${type} is not known`, 'FailedMount');
  const stats = (await statOrMissing(path)) ?? (await made(path, check));
  if (!stats || !check.is(stats)) {
    throw new ConfigError(`hostPath type check failed: ${path} is not a ${check.what}`, 'FailedMount');
  }
  return path;
}

async function made(path: string, check: Check): Promise<Stats | undefined> {
  if (!check.make) return undefined;
  await check.make(path);
  return stat(path);
}

async function statOrMissing(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
