// The board's bridge of the pod network: podman makes it and takes it away, unless it was killed in between.
import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import { promisify } from 'node:util';

/** Removes the bridge of that name; resolves with whether there was one. Other kinds of links are left alone. */
export async function removeBridge(name: string): Promise<boolean> {
  const isBridge = await access(`/sys/class/net/${name}/bridge`).then(
    () => true,
    () => false,
  );
  if (isBridge) await promisify(execFile)('ip', ['link', 'delete', 'dev', name]);
  return isBridge;
}
