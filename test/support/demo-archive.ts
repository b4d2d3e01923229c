// The demo's image as an archive, for boards whose podman has a storage of its own.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { demoImage, ensureDemoImage } from '../../src/bin/demo/demo-image.ts';

/** Made in `folder` on this machine's podman; resolves with the path, ready for `podman load`. */
export async function demoArchive(folder: string): Promise<string> {
  await ensureDemoImage(folder);
  const archive = join(folder, 'demo.tar');
  await promisify(execFile)('podman', ['save', '--format', 'docker-archive', '-o', archive, demoImage]);
  return archive;
}
