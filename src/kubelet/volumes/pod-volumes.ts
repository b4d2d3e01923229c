// The volumes of pods on this board, and what each container mounts of them. Directories of the pod's own live as
// long as the pod; Secrets and in-memory volumes are kept in memory-backed files only.
import { createHash } from 'node:crypto';
import { chmod, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { core, PersistentVolume, Pod } from '../../api/objects.ts';
import { claimNameOf } from '../../api/pod-claims.ts';
import { bytes } from '../../api/quantity.ts';
import { isThere, namesIn } from '../../base/if-present.ts';
import { urlHost } from '../../base/ip.ts';
import { ConfigError } from '../config/config-error.ts';
import type { FileLookup } from '../config/file-lookup.ts';
import type { Mount } from '../runtime/runtime.ts';
import { mountOnce, unmountBelow } from './host-mounts.ts';
import { ensureHostPath } from './host-path.ts';
import type { LocalVolumes } from './local-volumes.ts';
import { ownershipFor, takeOwnership } from './ownership.ts';
import { persistentPlace } from './persistent-place.ts';
import { hasProjectedFiles, type ProjectedFile, writeProjectedFiles } from './projected-files.ts';
import { preparingSubPath, processingClaim, settingUp } from './set-up.ts';
import { resolveSubPath, subPathOf } from './sub-path.ts';
import { holdsProjectedFiles, projectedFilesOf } from './volume-sources.ts';

export interface Volumes {
  /**
   * Makes what is missing and gives the container's mounts; `env` is for subPathExpr. Throws ConfigError when
   * something cannot be had.
   */
  mountsFor(
    pod: Pod,
    container: core.Container,
    lookup: FileLookup,
    env: ReadonlyMap<string, string>,
  ): Promise<Mount[]>;
  /** Brings the files of a running pod up to date; what is missing now stays as it was. */
  refresh(pod: Pod, lookup: FileLookup): Promise<void>;
  remove(uid: string): Promise<void>;
}

export interface PodVolumesOptions {
  nodeName: string;
  /** On disk, for emptyDir. */
  directory: string;
  /** Memory-backed, this agent's own; `undefined` when the board has no such place. */
  memoryDirectory(): Promise<string | undefined>;
  localVolumes: Pick<LocalVolumes, 'ensure'>;
}

interface Place {
  path: string;
  readOnly: boolean;
}

const PROPAGATION: Readonly<Record<string, Mount['propagation']>> = {
  HostToContainer: 'rslave',
  Bidirectional: 'rshared',
};
const NFS_HELPERS = ['/sbin/mount.nfs', '/usr/sbin/mount.nfs'];

export class PodVolumes implements Volumes {
  readonly #options: PodVolumesOptions;
  /** What has been written: `uid/volume` → hash of the files. */
  readonly #written = new Map<string, string>();
  /** `uid/volume` of those that have been given to their pod's group: once per pod, not per container. */
  readonly #owned = new Set<string>();

  constructor(options: PodVolumesOptions) {
    this.#options = options;
  }

  async mountsFor(
    pod: Pod,
    container: core.Container,
    lookup: FileLookup,
    env: ReadonlyMap<string, string>,
  ): Promise<Mount[]> {
    const mounts: Mount[] = [];
    for (const mount of container.volumeMounts ?? []) {
      const volume = pod.spec.volumes?.find((v) => v.name === mount.name);
      if (!volume)
        throw new ConfigError(`volumeMount "${mount.name}" names no volume of the pod`, 'FailedMount');
      const place = await this.#placeOf(pod, volume, lookup);
      const subPath = subPathOf(mount, env);
      const part = () => resolveSubPath(place.path, subPath ?? '');
      const source =
        subPath === undefined ? place.path : await preparingSubPath(mount.name, container.name, part);
      const propagation = PROPAGATION[mount.mountPropagation ?? 'None'];
      const readOnly = mount.readOnly === true || place.readOnly;
      mounts.push({
        source,
        destination: mount.mountPath,
        readOnly,
        ...(propagation ? { propagation } : {}),
      });
    }
    return mounts;
  }

  async refresh(pod: Pod, lookup: FileLookup): Promise<void> {
    // A checkpoint knows no token: what was written from better knowledge stands.
    if (lookup.isProvisional) return;
    for (const volume of pod.spec.volumes ?? []) {
      if (!holdsProjectedFiles(volume)) continue;
      if (!(await this.#isWritten(pod.metadata.uid, volume))) continue;
      const files = filesIfThere(volume, lookup);
      if (files) await this.#write(pod, volume, files);
    }
  }

  async remove(uid: string): Promise<void> {
    for (const id of [...this.#written.keys()]) {
      if (id.startsWith(`${uid}/`)) this.#written.delete(id);
    }
    for (const id of [...this.#owned]) if (id.startsWith(`${uid}/`)) this.#owned.delete(id);
    const memoryDirectory = await this.#options.memoryDirectory();
    for (const base of [this.#options.directory, memoryDirectory]) {
      if (base) await removeFolder(join(base, uid));
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

  async #placeOf(pod: Pod, volume: core.Volume, lookup: FileLookup): Promise<Place> {
    const claimName = claimNameOf(pod, volume);
    if (claimName === undefined) return settingUp(volume.name, () => this.#prepare(pod, volume, lookup));
    const claimKey = `${pod.metadata.namespace}/${claimName}`;
    const find = () => lookup.volumeOfClaim(claimName);
    const persistent = processingClaim(volume.name, claimKey, find);
    return settingUp(persistent.metadata.name, () => this.#claimed(pod, volume, persistent));
  }

  async #prepare(pod: Pod, volume: core.Volume, lookup: FileLookup): Promise<Place> {
    const { uid } = pod.metadata;
    if (lookup.isProvisional && holdsProjectedFiles(volume) && (await this.#isWritten(uid, volume))) {
      return { path: await this.#path(uid, volume, true), readOnly: true };
    }
    const files = projectedFilesOf(volume, lookup);
    if (files) return { path: await this.#write(pod, volume, files), readOnly: true };
    if (volume.hostPath) return { path: await ensureHostPath(volume.hostPath), readOnly: false };
    const { nfs } = volume;
    if (nfs) return { path: await this.#mountNfs(uid, volume, nfs, []), readOnly: nfs.readOnly ?? false };
    return { path: await this.#own(pod, volume, await this.#emptyDir(uid, volume)), readOnly: false };
  }

  async #claimed(pod: Pod, volume: core.Volume, persistent: PersistentVolume): Promise<Place> {
    const { uid } = pod.metadata;
    const path = await persistentPlace(persistent, {
      ...this.#options,
      mountNfs: (source, options) => this.#mountNfs(uid, volume, source, options),
    });
    const readOnly = volume.persistentVolumeClaim?.readOnly ?? persistent.spec.nfs?.readOnly ?? false;
    // As upstream: what is shared with other machines or programs of the board keeps its owners.
    const isPrivate = persistent.spec.csi !== undefined || persistent.spec.local !== undefined;
    return { path: isPrivate && !readOnly ? await this.#own(pod, volume, path) : path, readOnly };
  }

  async #emptyDir(uid: string, volume: core.Volume): Promise<string> {
    const { medium, sizeLimit } = volume.emptyDir ?? {};
    const path = await this.#path(uid, volume, medium === 'Memory');
    const isNew = (await mkdir(path, { recursive: true })) !== undefined;
    if (medium === 'Memory' && sizeLimit) {
      const options = [`size=${bytes(sizeLimit)}`, 'mode=0777', 'nosuid', 'nodev'];
      await failsAsMount(mountOnce({ type: 'tmpfs', source: 'tmpfs', target: path, options }));
    } else if (isNew) await chmod(path, 0o777);
    return path;
  }

  async #mountNfs(
    uid: string,
    volume: core.Volume,
    { server, path, readOnly }: core.NFSVolumeSource,
    mountOptions: readonly string[],
  ): Promise<string> {
    await needNfsHelper();
    const target = await this.#path(uid, volume, false);
    await mkdir(target, { recursive: true });
    const options = [...mountOptions, ...(readOnly ? ['ro'] : [])];
    await failsAsMount(mountOnce({ type: 'nfs', source: `${urlHost(server)}:${path}`, target, options }));
    return target;
  }

  async #own(pod: Pod, volume: core.Volume, path: string): Promise<string> {
    const ownership = ownershipFor(pod, false);
    const id = `${pod.metadata.uid}/${volume.name}`;
    if (!ownership || this.#owned.has(id)) return path;
    await takeOwnership(path, ownership);
    this.#owned.add(id);
    return path;
  }

  /** By this process, or by the agent before its restart. */
  async #isWritten(uid: string, volume: core.Volume): Promise<boolean> {
    if (this.#written.has(`${uid}/${volume.name}`)) return true;
    return hasProjectedFiles(await this.#path(uid, volume, true));
  }

  async #write(pod: Pod, volume: core.Volume, files: readonly ProjectedFile[]): Promise<string> {
    const { uid } = pod.metadata;
    const path = await this.#path(uid, volume, true);
    const hash = hashOf(files);
    const id = `${uid}/${volume.name}`;
    if (this.#written.get(id) === hash) return path;
    await writeProjectedFiles(path, files, ownershipFor(pod, true));
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

/** Never into what is mounted there: that would empty a server's disk. */
export async function removeFolder(path: string): Promise<void> {
  await unmountBelow(path);
  await rm(path, { recursive: true, force: true });
}

async function failsAsMount(mounting: Promise<void>): Promise<void> {
  try {
    await mounting;
  } catch (error) {
    const { stderr = '', message } = error as Error & { stderr?: string };
    throw new ConfigError(`mount failed: ${stderr.trim() || message}`, 'FailedMount');
  }
}

async function needNfsHelper(): Promise<void> {
  const found = await Promise.all(NFS_HELPERS.map(isThere));
  if (found.includes(true)) return;
  throw new ConfigError(
    'this board cannot mount nfs: mount.nfs is missing; install nfs-common',
    'FailedMount',
  );
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
