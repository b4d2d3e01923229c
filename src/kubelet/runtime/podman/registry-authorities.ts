// The authorities that podman trusts for one registry: `certs.d/HOST:PORT/ca.crt` under its own HOME, which it reads
// at every pull (containers-certs.d(5)). The board's own /etc/containers stays as it is.
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomically } from '../../../base/atomic-file.ts';
import { readFileIfPresent } from '../../../base/if-present.ts';

export class RegistryAuthorities {
  readonly #directory: string;

  constructor(homeDir: string) {
    this.#directory = join(homeDir, '.config/containers/certs.d');
  }

  /** `ca` in PEM; `undefined` takes back what was trusted before. Writes only what differs. */
  async trust(registry: string, ca: string | undefined): Promise<void> {
    const directory = join(this.#directory, registry);
    const path = join(directory, 'ca.crt');
    if ((await readFileIfPresent(path)) === ca) return;
    if (ca === undefined) {
      await rm(directory, { recursive: true, force: true });
      return;
    }
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await writeFileAtomically(path, ca, 0o644);
  }
}
