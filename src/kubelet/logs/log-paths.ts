// Where the logs of containers are: one folder per pod, one per container, one file per attempt and those that it filled before
// (log-files.ts). The agent keeps the current and the previous attempt; podman deletes none of them.
import { rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { namesIn } from '../../base/if-present.ts';

interface LoggedPod {
  namespace: string;
  podName: string;
  podUid: string;
}

interface ContainerAttempt extends LoggedPod {
  containerName: string;
  attempt: number;
}

/** `<logDir>/<namespace>_<pod>_<uid>`, with a folder for each container. */
export function podLogFolder(logDir: string, { namespace, podName, podUid }: LoggedPod): string {
  return join(logDir, `${namespace}_${podName}_${podUid}`);
}

/** `<logDir>/<namespace>_<pod>_<uid>/<container>/<attempt>.log` */
export function containerLogPath(logDir: string, which: ContainerAttempt): string {
  return join(podLogFolder(logDir, which), which.containerName, `${which.attempt}.log`);
}

/** The log of the attempt before; `undefined` for the first. */
export function previousLogPath(logPath: string): string | undefined {
  const attempt = attemptOf(basename(logPath));
  return attempt ? join(dirname(logPath), `${attempt - 1}.log`) : undefined;
}

/** Leaves the file at `logPath` and the one before it, and removes the older ones of this container. */
export async function forgetOldAttempts(logPath: string): Promise<void> {
  const current = attemptOf(basename(logPath)) ?? 0;
  for (const name of await namesIn(dirname(logPath))) {
    const attempt = attemptOf(name);
    if (attempt !== undefined && attempt < current - 1)
      await rm(join(dirname(logPath), name), { force: true });
  }
}

/** Removes all logs of a pod; none there counts as removed. */
export async function removePodLogs(logDir: string, podUid: string): Promise<void> {
  for (const name of await namesIn(logDir)) {
    if (uidOf(name) === podUid) await rm(join(logDir, name), { recursive: true, force: true });
  }
}

/** Removes the logs of all pods that are not in `liveUids`. */
export async function sweepLogs(logDir: string, liveUids: ReadonlySet<string>): Promise<void> {
  for (const name of await namesIn(logDir)) {
    const uid = uidOf(name);
    if (uid && !liveUids.has(uid)) await rm(join(logDir, name), { recursive: true, force: true });
  }
}

function attemptOf(fileName: string): number | undefined {
  const attempt = /^(\d+)\.log(?:\.\w+)?$/.exec(fileName)?.[1];
  return attempt === undefined ? undefined : Number(attempt);
}

/** Neither namespaces nor pod names hold an underscore. */
function uidOf(folderName: string): string | undefined {
  return folderName.split('_')[2];
}
