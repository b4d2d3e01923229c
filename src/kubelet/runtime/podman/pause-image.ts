// The image of pause containers: catatonit alone, imported from the board's own package. No registry is needed,
// and podman 4.3 and 5 need no pause image of theirs.
import { readFile } from 'node:fs/promises';
import type { Images } from './images.ts';
import { tar } from './tar.ts';

/** The number rises with what is in it. */
export const pauseImage = 'localhost/edge-pause:1';

/** `-P`: sleep, reap, and end at once on SIGTERM. */
const changes = ['ENTRYPOINT ["/catatonit","-P"]'];

/** Makes the pause image unless podman has it. */
export async function ensurePauseImage(images: Images, catatonitPath: string): Promise<void> {
  if (await images.exists(pauseImage)) return;
  const content = await readFile(catatonitPath);
  await images.importRoot(pauseImage, tar([{ path: 'catatonit', content, mode: 0o755 }]), changes);
}
