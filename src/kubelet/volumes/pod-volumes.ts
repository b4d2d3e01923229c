// The volumes of pods on this board: directories that live as long as the pod. Secrets and in-memory volumes are
// kept in memory-backed files only.
import { createHash } from 'node:crypto';
import { chmod, mkdir, realpath, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { core, Pod } from '../../api/objects.ts';
import { namesIn } from '../../base/if-present.ts';
import { ConfigError } from '../config/config-error.ts';
import type { FileLookup } from '../config/file-lookup.ts';
import type { Mount } from '../runtime/runtime.ts';
import { ensureHostPath } from './host-path.ts';
import { hasProjectedFiles, type ProjectedFile, writeProjectedFiles } from './projected-files.ts';
import { holdsProjectedFiles, projectedFilesOf, safePath } from './volume-sources.ts';

export interface Volumes {
  /** Makes what is missing and gives the container's mounts. Throws ConfigError when something cannot be had. */
  mountsFor(pod: Pod, container: core.Container, lookup: FileLookup): Promise<Mount[]>;
  /** Brings the files of a running pod up to date; what is missing now stays as it was. */
  refresh(pod: Pod, lookup: FileLookup): Promise<void>;
  remove(uid: string): Promise<void>;
}

export interface PodVolumesOptions {
  /** On disk, for emptyDir. */
  directory: string;
  /** Memory-backed, this agent's own; `undefined` when the board has no such place. */
  memoryDirectory(): Promise<string | undefined>;
}

export class PodVolumes implements Volumes {
  readonly #options: PodVolumesOptions;
  /** What has been written: `uid/volume` → hash of the files. */
  readonly #written = new Map<string, string>();

  constructor(options: PodVolumesOptions) {
    this.#options = options;
  }

  async mountsFor(pod: Pod, container: core.Container, lookup: FileLookup): Promise<Mount[]> {
    const mounts: Mount[] = [];
    for (const mount of container.volumeMounts ?? []) {
      const volume = pod.spec.volumes?.find((v) => v.name === mount.name);
      if (!volume)
        throw new ConfigError(`volumeMount "${mount.name}" names no volume of the pod`, 'FailedMount');
      const root = await this.#prepare(pod, volume, lookup);
      const source = mount.subPath ? await subPath(root, mount.subPath) : root;
      const isReadOnly = mount.readOnly === true || holdsProjectedFiles(volume);
      mounts.push({ source, destination: mount.mountPath, readOnly: isReadOnly });
    }
    return mounts;
  }

  async refresh(pod: Pod, lookup: FileLookup): Promise<void> {
    // A checkpoint knows no Secret and no token: what was written from better knowledge stands.
    if (lookup.isProvisional) return;
    for (const volume of pod.spec.volumes ?? []) {
      if (!holdsProjectedFiles(volume)) continue;
      if (!(await this.#isWritten(pod.metadata.uid, volume))) continue;
      const files = filesIfThere(volume, lookup);
      if (files) await this.#write(pod.metadata.uid, volume, files);
    }
  }

  async remove(uid: string): Promise<void> {
    for (const id of [...this.#written.keys()]) {
      if (id.startsWith(`${uid}/`)) this.#written.delete(id);
    }
    const memoryDirectory = await this.#options.memoryDirectory();
    for (const base of [this.#options.directory, memoryDirectory]) {
      if (base) await rm(join(base, uid), { recursive: true, force: true });
    }
  }

  /** Removes the folders of all pods that are not in `keep`: left by a lost record or a power cut. */
  async sweep(keep: ReadonlySet<string>): Promise<void> {
    const memoryDirectory = await this.#options.memoryDirectory();
    for (const base of [this.#options.directory, memoryDirectory]) {
      for (const uid of base ? await namesIn(base) : []) {
        if (!keep.has(uid)) await this.remove(uid);
      }
    }
  }

  async #prepare(pod: Pod, volume: core.Volume, lookup: FileLookup): Promise<string> {
    const uid = pod.metadata.uid;
    if (lookup.isProvisional && holdsProjectedFiles(volume) && (await this.#isWritten(uid, volume))) {
      return this.#path(uid, volume, true);
    }
    const files = projectedFilesOf(volume, lookup);
    if (files) return this.#write(uid, volume, files);
    if (volume.hostPath) return ensureHostPath(volume.hostPath);
    const path = await this.#path(uid, volume, volume.emptyDir?.medium === 'Memory');
    const isNew = (await mkdir(path, { recursive: true })) !== undefined;
    if (isNew) await chmod(path, 0o777);
    return path;
  }

  /** By this process, or by the agent before its restart. */
  async #isWritten(uid: string, volume: core.Volume): Promise<boolean> {
    if (this.#written.has(`${uid}/${volume.name}`)) return true;
    return hasProjectedFiles(await this.#path(uid, volume, true));
  }

  async #write(uid: string, volume: core.Volume, files: readonly ProjectedFile[]): Promise<string> {
    const path = await this.#path(uid, volume, true);
    const hash = hashOf(files);
    const id = `${uid}/${volume.name}`;
    if (this.#written.get(id) === hash) return path;
    await writeProjectedFiles(path, files);
    this.#written.set(id, hash);
    return path;
  }

  async #path(uid: string, volume: core.Volume, inMemory: boolean): Promise<string> {
    const base = inMemory ? await this.#options.memoryDirectory() : this.#options.directory;
    // Tokens and Secrets may be readable for every user of a container, and must not be for those of the board.
    if (base && inMemory) await mkdir(base, { recursive: true, mode: 0o700 });
    if (base) return join(base, uid, volume.name);
    throw new ConfigError(
      `volume "${volume.name}" must live in memory and this board has neither /run nor /dev/shm as tmpfs; mount one`,
      'FailedMount',
    );
  }
}

function filesIfThere(volume: core.Volume, lookup: FileLookup): ProjectedFile[] | undefined {
  try {
    return projectedFilesOf(volume, lookup);
  } catch (error) {
    // Upstream keeps the last files of a running pod when their source is deleted.
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}

function hashOf(files: readonly ProjectedFile[]): string {
  const hash = createHash('sha256');
  for (const { path, content, mode } of files) {
    hash.update(`${path}\0${mode}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

/** A link inside the volume must not lead out of it: the engine would follow it as root. */
async function subPath(root: string, path: string): Promise<string> {
  const wanted = join(root, safePath(path));
  const base = await realpath(root);
  refuseOutside(base, await deepestExisting(wanted), path);
  await makeMissing(wanted);
  const real = await realpath(wanted);
  refuseOutside(base, real, path);
  return real;
}

function refuseOutside(base: string, real: string, path: string): void {
  if (real === base || real.startsWith(`${base}/`)) return;
  throw new ConfigError(`subPath "${path}" leads out of its volume`, 'FailedMount');
}

/** The real path of the longest part of `path` that is there. */
async function deepestExisting(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return deepestExisting(dirname(path));
  }
}

/** What a container mounts by subPath and nobody made is a directory, as upstream makes it. */
async function makeMissing(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
