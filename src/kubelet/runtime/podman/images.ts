// Images in podman's store: is it there, fetch it, put one in from an archive. Pull failures say what to do.
import type { Readable } from 'node:stream';
import { isLocalImage } from '../../config/image-policy.ts';
import { fullReference, isByDigest, parseReference } from '../../images/image-reference.ts';
import type { RegistryAuth } from '../../images/registry-auth.ts';
import { type ImageSource, type ImageStore, RuntimeError, type RuntimeImage } from '../runtime.ts';
import type { LibpodClient } from './libpod-client.ts';
import { asRuntimeError, isNotFound } from './libpod-error.ts';
import { pullProblem } from './pull-problem.ts';
import type { RegistryAuthorities } from './registry-authorities.ts';

/** A slow card may unpack a layer for minutes without a word on the socket. */
const pullSilenceMs = 15 * 60_000;
/** Until a registry has shown the image; podman itself would wait for minutes, and tries three times. */
const registryAnswerMs = 30_000;
/** podman says so once it has the manifest. */
const registryAnswered = 'Getting image source signatures';

/** As libpod lists it; `Id` comes without `sha256:`, names are absent for none. */
interface ListedImage {
  Id: string;
  RepoTags?: string[] | null;
  RepoDigests?: string[] | null;
  Size: number;
  Containers: number;
}

export class Images implements ImageStore {
  readonly #client: LibpodClient;
  readonly #authorities: RegistryAuthorities | undefined;
  readonly #pulls = new Map<string, Promise<string>>();

  /** Without `authorities`, registries are trusted that the board trusts. */
  constructor(client: LibpodClient, authorities?: RegistryAuthorities) {
    this.#client = client;
    this.#authorities = authorities;
  }

  async list(): Promise<RuntimeImage[]> {
    try {
      const listed = await this.#client.getJson<ListedImage[]>('/images/json');
      return listed.map(({ Id, RepoTags, RepoDigests, Size, Containers }) => ({
        id: Id.startsWith('sha256:') ? Id : `sha256:${Id}`,
        names: (RepoTags ?? []).filter((name) => !name.includes('@')),
        digests: RepoDigests ?? [],
        sizeBytes: Size,
        containers: Containers,
      }));
    } catch (error) {
      throw asRuntimeError(error, 'ImageInspectError');
    }
  }

  async save(id: string): Promise<Readable> {
    try {
      return await this.#client.stream(`/images/${id.replace('sha256:', '')}/get?format=docker-archive`);
    } catch (error) {
      throw asRuntimeError(error, 'ErrImageSave');
    }
  }

  async tag(id: string, name: string): Promise<void> {
    const colon = name.lastIndexOf(':');
    const query = new URLSearchParams({ repo: name.slice(0, colon), tag: name.slice(colon + 1) });
    try {
      await this.#client.call({ method: 'POST', path: `/images/${id.replace('sha256:', '')}/tag?${query}` });
    } catch (error) {
      throw asRuntimeError(error, 'ErrImageLoad');
    }
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

  /** Fetches the image; resolves with its id. Pulls of one name from one place at the same time share the work. */
  pull(image: string, source: ImageSource = {}): Promise<string> {
    const key = JSON.stringify([image, source]);
    const running = this.#pulls.get(key) ?? this.#pull(image, source).finally(() => this.#pulls.delete(key));
    this.#pulls.set(key, running);
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

  /** An id with all its names, or the name and, when it was the last one, the image. Never one that is in use. */
  async remove(image: string): Promise<void> {
    const id = image.startsWith('sha256:') ? image.slice('sha256:'.length) : undefined;
    try {
      // With `force` podman would remove containers too: an id's names are taken off one by one.
      for (const name of id ? await this.#namesOf(id) : [image])
        await this.#client.call({ method: 'DELETE', path: `/images/${encodeURIComponent(name)}` });
    } catch (error) {
      if (!isNotFound(error)) throw asRuntimeError(error, 'ErrImageRemove');
    }
  }

  async #namesOf(id: string): Promise<string[]> {
    const { RepoTags } = await this.#client.getJson<ListedImage>(`/images/${id}/json`);
    return RepoTags && RepoTags.length > 0 ? RepoTags : [id];
  }

  async #pull(image: string, source: ImageSource): Promise<string> {
    if (isLocalImage(image)) {
      throw new RuntimeError(
        'ErrImagePull',
        `${image} is not on this board, and localhost/ images have no registry`,
      );
    }
    const own = fullReference(image);
    const reference = source.reference ?? own;
    try {
      await this.#authorities?.trust(parseReference(reference).registry, source.ca);
      const id = await this.#fetch(reference, source);
      if (reference !== own && !isByDigest(own)) await this.#rename(id, reference, own);
      return id;
    } catch (error) {
      if (error instanceof RuntimeError) throw error;
      throw pullProblem(reference, error);
    }
  }

  async #fetch(reference: string, { auth, insecure }: ImageSource): Promise<string> {
    const query = new URLSearchParams({ reference, policy: 'always' });
    if (insecure) query.set('tlsVerify', 'false');
    const path = `/images/pull?${query}`;
    const headers: Record<string, string> = auth ? { 'x-registry-auth': authHeader(auth) } : {};
    const patience = {
      silenceMs: registryAnswerMs,
      afterWords: registryAnswered,
      thenSilenceMs: pullSilenceMs,
    };
    return pulledId((await this.#client.call({ method: 'POST', path, headers, ...patience })).body);
  }

  /** It came under its mirror's name, which nobody asks for. */
  async #rename(id: string, from: string, to: string): Promise<void> {
    await this.tag(id, to);
    await this.#client.call({ method: 'DELETE', path: `/images/${encodeURIComponent(from)}` });
  }
}

/** Docker's `X-Registry-Auth`: base64url with its padding, which Node leaves out and podman insists on. */
export function authHeader({ username = '', password = '', identityToken }: RegistryAuth): string {
  const auth = identityToken ? { username, identitytoken: identityToken } : { username, password };
  const encoded = Buffer.from(JSON.stringify(auth)).toString('base64');
  return encoded.replaceAll('+', '-').replaceAll('/', '_');
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
