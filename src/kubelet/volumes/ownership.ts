// Gives a volume to the pod's fsGroup: group, group's rights and setgid on directories, so that what is made in it
// later belongs to the group too. Goes on in small steps: a large volume must not hold up the board's other pods.
// https://kubernetes.io/docs/tasks/configure-pod-container/security-context/#configure-volume-permission-and-ownership-change-policy-for-pods
import type { Stats } from 'node:fs';
import { chmod, lchown, lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import type { core, Pod } from '../../api/objects.ts';

const READ_WRITE = 0o660;
const READ = 0o440;
const ENTER = 0o110;
const SETGID = 0o2000;
const RIGHTS = 0o7777;

export interface Ownership {
  gid: number;
  readOnly: boolean;
  /** `OnRootMismatch` leaves a volume alone whose root has the group and its rights already. */
  policy: string | undefined;
}

export function ownershipFor({ spec }: Pod, readOnly: boolean): Ownership | undefined {
  const { fsGroup, fsGroupChangePolicy: policy } = spec.securityContext ?? ({} as core.PodSecurityContext);
  return fsGroup === undefined ? undefined : { gid: fsGroup, readOnly, policy };
}

/** What a file or directory of these rights has once the group may use it. */
export function groupMode(mode: number, isDirectory: boolean, readOnly: boolean): number {
  const rights = (mode & RIGHTS) | (readOnly ? READ : READ_WRITE);
  return isDirectory ? rights | ENTER | SETGID : rights;
}

export async function takeOwnership(root: string, ownership: Ownership): Promise<void> {
  const stats = await lstat(root);
  if (ownership.policy === 'OnRootMismatch' && isOwned(stats, ownership)) return;
  await takeTree(root, stats, ownership);
}

function isOwned({ gid, mode }: Stats, wanted: Ownership): boolean {
  return gid === wanted.gid && (mode & RIGHTS) === groupMode(mode, true, wanted.readOnly);
}

/** The root last: an attempt that breaks off does not look done. */
async function takeTree(path: string, stats: Stats, ownership: Ownership): Promise<void> {
  if (stats.isDirectory()) {
    for await (const entry of await opendir(path)) {
      const child = join(path, entry.name);
      await takeTree(child, await lstat(child), ownership);
    }
  }
  await takeOne(path, stats, ownership);
}

/** Links are given away, never followed. */
async function takeOne(path: string, stats: Stats, { gid, readOnly }: Ownership): Promise<void> {
  if (stats.gid !== gid) await lchown(path, stats.uid, gid);
  if (stats.isSymbolicLink()) return;
  const mode = groupMode(stats.mode, stats.isDirectory(), readOnly);
  if (mode !== (stats.mode & RIGHTS) || stats.gid !== gid) await chmod(path, mode);
}
