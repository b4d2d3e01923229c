// Images in podman's store: is it there, fetch it, put one in from an archive. Pull failures say what to do.
import type { Readable } from 'node:stream';
import { isLocalImage } from '../../config/image-policy.ts';
import { RuntimeError } from '../runtime.ts';
import { fullReference } from './image-reference.ts';
import type { LibpodClient } from './libpod-client.ts';
import { asRuntimeError, isNotFound } from './libpod-error.ts';
import { pullProblem } from './pull-problem.ts';

/** A slow card may unpack a layer for minutes without a word on the socket. */
const pullSilenceMs = 15 * 60_000;

export class Images {
  readonly #client: LibpodClient;
  readonly #pulls = new Map<string, Promise<string>>();

  constructor(client: LibpodClient) {
    this.#client = client;
  }

  async exists(image: string): Promise<boolean> {
    try {
      await this.#client.call({ method: 'GET', path: `/images/${encodeURIComponent(image)}/exists` });
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw asRuntimeError(error, 'ImageInspectError');
    }
  }

  /** USER of an image that is there; empty = root. */
  async user(image: string): Promise<string> {
    const path = `/images/${encodeURIComponent(image)}/json`;
    return (await this.#client.getJson<{ User?: string }>(path)).User ?? '';
  }

  /** Fetches the image from its registry; resolves with its id. Pulls of one name at the same time share the work. */
  pull(image: string): Promise<string> {
    const running = this.#pulls.get(image) ?? this.#pull(image).finally(() => this.#pulls.delete(image));
    this.#pulls.set(image, running);
    return running;
  }

  /** Puts in an archive made by `podman save` or `docker save`; resolves with the names it held. */
  async load(archive: Buffer | Readable): Promise<string[]> {
    try {
      const { body } = await this.#client.call({
        method: 'POST',
        path: '/images/load',
        archive,
        silenceMs: pullSilenceMs,
      });
      return (JSON.parse(body) as { Names: string[] }).Names;
    } catch (error) {
      throw asRuntimeError(error, 'ErrImageLoad');
    }
  }

  /**
   * Makes an image of one layer from a root file system. `changes` are Dockerfile lines such as `ENTRYPOINT ["/x"]`.
   * Resolves with its id.
   */
  async importRoot(reference: string, root: Buffer | Readable, changes: readonly string[]): Promise<string> {
    const query = new URLSearchParams({ reference });
    for (const change of changes) query.append('changes', change);
    try {
      const call = { method: 'POST', path: `/images/import?${query}`, archive: root } as const;
      return (JSON.parse((await this.#client.call(call)).body) as { Id: string }).Id;
    } catch (error) {
      throw asRuntimeError(error, 'ErrImageLoad');
    }
  }

  /** Removes the name and, when it was the last one, the image; what is not there counts as removed. */
  async remove(image: string): Promise<void> {
    try {
      await this.#client.call({ method: 'DELETE', path: `/images/${encodeURIComponent(image)}` });
    } catch (error) {
      if (!isNotFound(error)) throw asRuntimeError(error, 'ErrImageRemove');
    }
  }

  async #pull(image: string): Promise<string> {
    if (isLocalImage(image)) {
      throw new RuntimeError(
        'ErrImagePull',
        `${image} is not on this board, and localhost/ images have no registry`,
      );
    }
    const reference = fullReference(image);
    try {
      const path = `/images/pull?${new URLSearchParams({ reference, policy: 'always', quiet: 'true' })}`;
      const { body } = await this.#client.call({ method: 'POST', path, silenceMs: pullSilenceMs });
      return pulledId(body);
    } catch (error) {
      if (error instanceof RuntimeError) throw error;
      throw pullProblem(reference, error);
    }
  }
}

/** The answer is JSON lines: progress, then `{images, id}`, or `{error}` under status 200. */
function pulledId(body: string): string {
  let id: string | undefined;
  for (const line of body.split('\n')) {
    if (line.trim() === '') continue;
    const report = JSON.parse(line) as { error?: string; id?: string };
    if (report.error) throw new Error(report.error);
    id = report.id ?? id;
  }
  if (!id) throw new Error('podman ended the pull without an image');
  return id.startsWith('sha256:') ? id : `sha256:${id}`;
}
