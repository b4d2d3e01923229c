// Layers whose `link` file is empty after a power cut: podman then mounts a root without that layer, and programs are "not
// found". Without the file it makes it anew, so an empty one is removed before podman is asked anything.
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { namesIn } from '../../../base/if-present.ts';
import type { Logger } from '../../../base/logger.ts';

/** One look at each layer, when the agent starts. */
export async function removeEmptyLinks(storageRoot: string, logger: Logger): Promise<void> {
  const layers = join(storageRoot, 'overlay');
  for (const layer of await namesIn(layers)) {
    const path = join(layers, layer, 'link');
    const found = await stat(path).catch(() => undefined); // Missing: podman makes it.
    if (!found?.isFile() || found.size > 0) continue;
    await rm(path);
    logger.warn({ layer }, 'removed the empty link of a layer that a power cut left');
  }
}
