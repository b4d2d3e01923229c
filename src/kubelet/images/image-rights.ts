// Which images came only because a pod showed credentials, and which credentials those were: another board's pod that
// shows the same gets such an image from here, others do not. Written to disk when that changes, hashes only.
import { createHash } from 'node:crypto';
import { writeFileAtomically } from '../../base/atomic-file.ts';
import { readFileIfPresent } from '../../base/if-present.ts';
import { fullReference } from './image-reference.ts';
import type { RegistryAuth } from './registry-auth.ts';

export class ImageRights {
  readonly #path: string;
  #hashesById: Promise<Map<string, string[]>> | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** `hash` opened the way to it; `undefined`: anybody may have it. */
  async note(id: string, hash: string | undefined): Promise<void> {
    const known = await this.#load();
    const before = known.get(id);
    if (hash === undefined ? !before : before?.includes(hash)) return;
    if (hash === undefined) known.delete(id);
    else known.set(id, [...(before ?? []), hash]);
    await writeFileAtomically(this.#path, JSON.stringify(Object.fromEntries(known)), 0o600);
  }

  async isPrivate(id: string): Promise<boolean> {
    return (await this.#load()).has(id);
  }

  async mayHave(id: string, shown: readonly string[]): Promise<boolean> {
    const needed = (await this.#load()).get(id);
    return !needed || shown.some((hash) => needed.includes(hash));
  }

  #load(): Promise<Map<string, string[]>> {
    this.#hashesById ??= this.#read();
    return this.#hashesById;
  }

  async #read(): Promise<Map<string, string[]>> {
    const text = await readFileIfPresent(this.#path);
    return new Map(Object.entries(text ? (JSON.parse(text) as Record<string, string[]>) : {}));
  }
}

/** Of credentials for one image: of no use for another, or at the registry. */
export function credentialHash(image: string, { username, password, identityToken }: RegistryAuth): string {
  const shown = JSON.stringify([fullReference(image), username, password, identityToken]);
  return createHash('sha256').update(shown).digest('hex');
}
