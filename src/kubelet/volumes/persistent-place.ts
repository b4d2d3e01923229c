// Where the volume that a claim has got lies on this board. Throws ConfigError when this board cannot have it.
// https://kubernetes.io/docs/concepts/storage/persistent-volumes/#types-of-persistent-volumes
import { stat } from 'node:fs/promises';
import { boardOfLocalPath, isLocalPath } from '../../api/local-volume.ts';
import type { core, PersistentVolume } from '../../api/objects.ts';
import { ConfigError } from '../config/config-error.ts';
import { ensureHostPath } from './host-path.ts';
import type { LocalVolumes } from './local-volumes.ts';

const SOURCES = ['csi', 'local', 'hostPath', 'nfs'];
const OTHER_FIELDS: ReadonlySet<string> = new Set([
  'accessModes',
  'capacity',
  'claimRef',
  'mountOptions',
  'nodeAffinity',
  'persistentVolumeReclaimPolicy',
  'storageClassName',
  'volumeAttributesClassName',
  'volumeMode',
]);

export interface PlaceOptions {
  nodeName: string;
  localVolumes: Pick<LocalVolumes, 'ensure'>;
  /** Mounts it for this pod and gives the path. */
  mountNfs(source: core.NFSVolumeSource, options: readonly string[]): Promise<string>;
}

export async function persistentPlace(volume: PersistentVolume, options: PlaceOptions): Promise<string> {
  const { spec, metadata } = volume;
  if (spec.volumeMode === 'Block')
    throw failed(`volume "${metadata.name}" is a block device, which boards do not offer`);
  if (isLocalPath(volume)) return localPath(volume, options);
  if (spec.local) return existing(spec.local.path);
  if (spec.hostPath) return ensureHostPath(spec.hostPath);
  if (spec.nfs) return options.mountNfs(spec.nfs, spec.mountOptions ?? []);
  const type = Object.keys(spec).find((key) => !OTHER_FIELDS.has(key)) ?? 'none';
  const offered = SOURCES.join(', ');
  throw failed(
    `no volume plugin matched: volume "${metadata.name}" is of type ${type}; this board knows ${offered}`,
  );
}

function localPath(volume: PersistentVolume, { nodeName, localVolumes }: PlaceOptions): Promise<string> {
  const board = boardOfLocalPath(volume);
  if (board === nodeName) return localVolumes.ensure(volume.spec.csi?.volumeHandle ?? '');
  throw failed(
    `volume "${volume.metadata.name}" is a directory of node "${board}": node(s) had volume node affinity conflict`,
  );
}

async function existing(path: string): Promise<string> {
  try {
    await stat(path);
    return path;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw failed(`path "${path}" does not exist`);
  }
}

const failed = (message: string) => new ConfigError(message, 'FailedMount');
