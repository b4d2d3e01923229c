// The images of the fake engine: an archive is the names in it as text, one to a line.
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { type ImageStore, RuntimeError, type RuntimeImage } from '../../src/kubelet/runtime/runtime.ts';

export const FAKE_IMAGE_BYTES = 1_000_000;
const HEADER = 'fake archive ';
/** As save() gives it: it has a name again once it is tagged. */
const NAMELESS = 'without a name: ';

export class FakeImageStore implements ImageStore {
  readonly #images: Set<string>;
  readonly #used: () => readonly string[];

  constructor(images: Set<string>, used: () => readonly string[]) {
    this.#images = images;
    this.#used = used;
  }

  async list(): Promise<RuntimeImage[]> {
    const used = this.#used();
    return [...this.#images].map((name) => ({
      id: imageIdOf(name),
      names: [name],
      digests: [],
      sizeBytes: FAKE_IMAGE_BYTES,
      containers: used.filter((image) => image === name).length,
    }));
  }

  async save(id: string): Promise<Readable> {
    const name = this.#nameOf(id);
    if (!name) throw new RuntimeError('ErrImageSave', `no image ${id}`);
    return Readable.from([`${HEADER}${NAMELESS}${name}`]);
  }

  /** As podman: what has no name is known by its id. */
  async load(archive: Readable): Promise<string[]> {
    const content = await text(archive);
    if (!content.startsWith(HEADER)) throw new RuntimeError('ErrImageLoad', 'this is not an image archive');
    const names = content.slice(HEADER.length).split('\n');
    if (names[0]?.startsWith(NAMELESS)) return [imageIdOf(names[0].slice(NAMELESS.length))];
    for (const name of names) this.#images.add(name);
    return names;
  }

  async tag(_id: string, name: string): Promise<void> {
    this.#images.add(name);
  }

  async remove(image: string): Promise<void> {
    const name = this.#nameOf(image) ?? image;
    if (this.#used().includes(name)) throw new RuntimeError('ErrImageRemove', `${name} is in use`);
    this.#images.delete(name);
  }

  #nameOf(id: string): string | undefined {
    return [...this.#images].find((name) => imageIdOf(name) === id);
  }
}

export function imageIdOf(image: string): string {
  return `sha256:${Buffer.from(image).toString('hex').padEnd(64, '0').slice(0, 64)}`;
}
