// The last complete desired set, Secrets included, as it is kept on the board so that it starts its pods with no
// master in sight. Tokens are left out: with no master nobody could check them, and they end by themselves.
import type { ConfigMap, PersistentVolume, Pod, Secret } from '../api/objects.ts';
import { isFinished } from '../api/pod-phase.ts';
import { isPodTokensName } from '../api/pod-tokens.ts';
import type { DesiredState } from './ports.ts';

/** Where it is kept; encrypted by whoever implements this. */
export interface CheckpointFile {
  /** `undefined` when there is none that can be read. */
  load(): Promise<unknown>;
  /** Notes that the content may have changed; written a little later, and only when it has. */
  changed(content: () => Checkpoint | undefined): void;
  /** Writes what is still to be written. */
  flush(): Promise<void>;
}

/** Lists in a fixed order, so that the same set is the same text. */
export interface Checkpoint {
  pods: Pod[];
  configMaps: ConfigMap[];
  secrets: Secret[];
  volumes: PersistentVolume[];
}

/** Reports and revisions are left out: they move without anything being wanted differently. */
export function checkpointOf({ pods, configMaps, secrets, volumes }: DesiredState): Checkpoint {
  return {
    pods: inOrder(pods).map(withoutReport),
    configMaps: inOrder(configMaps).map(withoutRevision),
    secrets: inOrder(secrets)
      .filter(({ metadata }) => !isPodTokensName(metadata.name))
      .map(withoutRevision),
    volumes: inOrder(volumes).map(({ status: _, ...volume }) => withoutRevision(volume)),
  };
}

export function desiredStateOf({ pods, configMaps, secrets, volumes }: Checkpoint): DesiredState {
  return {
    pods: byKey(pods),
    configMaps: byKey(configMaps),
    secrets: byKey(secrets),
    volumes: new Map(volumes.map((volume) => [volume.metadata.name, volume])),
  };
}

function withoutReport({ status, ...pod }: Pod): Pod {
  return withoutRevision({ ...pod, ...(isFinished({ status }) ? { status: { phase: status?.phase } } : {}) });
}

const withoutRevision = <T extends { metadata: object }>(object: T): T => ({
  ...object,
  metadata: { ...object.metadata, resourceVersion: '0' },
});

const inOrder = <T>(objects: ReadonlyMap<string, T>): T[] =>
  [...objects].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);

const byKey = <T extends { metadata: { namespace?: string; name: string } }>(objects: T[]) =>
  new Map(objects.map((object) => [`${object.metadata.namespace}/${object.metadata.name}`, object]));
