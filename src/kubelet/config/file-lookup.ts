// What the volumes of one pod may be filled from: ConfigMaps and Secrets of its namespace, its own ServiceAccount
// tokens, and what the downward API says of it. https://kubernetes.io/docs/concepts/storage/projected-volumes/
import type { core, PersistentVolume, Pod } from '../../api/objects.ts';
import { type PodTokenSource, podTokenKey, podTokensName } from '../../api/pod-tokens.ts';
import type { DesiredState } from '../ports.ts';
import { claimedVolume } from './claimed-volume.ts';
import { type ConfigFiles, lookupIn } from './config-lookup.ts';
import { fieldValue, type PodPlace, resourceValue } from './field-ref.ts';

export interface FileLookup extends ConfigFiles {
  /** `undefined` while the master has not sent it. */
  token(source: PodTokenSource): Uint8Array | undefined;
  /** @throws ConfigError for a path that is not known. */
  field(path: string): string;
  /** @throws ConfigError for a container or resource that is not known. */
  resource(ref: core.ResourceFieldSelector): string;
  /**
   * The volume that the claim of this name has.
   * @throws ConfigError while it has none, or when another pod of this board has it for itself alone.
   */
  volumeOfClaim(name: string): PersistentVolume;
  /** No master has been in sight since the agent started: what is known is the checkpoint, without tokens. */
  isProvisional: boolean;
}

export function filesFor(pod: Pod, state: DesiredState, place: PodPlace, isProvisional: boolean): FileLookup {
  const namespace = pod.metadata.namespace ?? 'default';
  const tokens = state.secrets.get(`${namespace}/${podTokensName(pod)}`);
  // One with another uid was made for a namesake.
  const own = tokens?.metadata.uid === pod.metadata.uid ? tokens : undefined;
  return {
    ...lookupIn(state, namespace),
    token(source) {
      const text = own?.data?.[podTokenKey(source)];
      return text === undefined ? undefined : Buffer.from(text, 'base64');
    },
    volumeOfClaim: (name) => claimedVolume(name, pod, state),
    field: (path) => volumeField(path, pod, place),
    resource: (ref) => resourceValue(ref, pod.spec.containers[0] as core.Container, pod, place),
    isProvisional,
  };
}

/** In files, unlike in variables, all labels or annotations can be had at once. */
function volumeField(path: string, pod: Pod, place: PodPlace): string {
  if (path === 'metadata.labels') return lines(pod.metadata.labels);
  if (path === 'metadata.annotations') return lines(pod.metadata.annotations);
  return fieldValue(path, pod, place);
}

/** `key="value"`, sorted by key, quoted; without a line's end behind the last, as upstream. */
const lines = (map: Readonly<Record<string, string>> = {}): string =>
  Object.keys(map)
    .sort()
    .map((key) => `${key}=${JSON.stringify(map[key])}`)
    .join('\n');
