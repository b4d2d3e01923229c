// Which files a volume holds that is filled from what the master says: ConfigMap, Secret, downward API, or several
// of these and tokens in one. Pure; throws ConfigError when something is missing.
// https://kubernetes.io/docs/concepts/storage/projected-volumes/
import type { core } from '../../api/objects.ts';
import { tokenSource } from '../../api/pod-tokens.ts';
import { ConfigError } from '../config/config-error.ts';
import type { FileLookup } from '../config/file-lookup.ts';
import type { ProjectedFile } from './projected-files.ts';

const DEFAULT_MODE = 0o644;

export const holdsProjectedFiles = ({ configMap, secret, downwardAPI, projected }: core.Volume): boolean =>
  (configMap ?? secret ?? downwardAPI ?? projected) !== undefined;

/** `undefined` for a volume of another type. */
export function projectedFilesOf(volume: core.Volume, lookup: FileLookup): ProjectedFile[] | undefined {
  const { configMap, secret, downwardAPI, projected } = volume;
  if (configMap) return configMapFiles(configMap, lookup);
  if (secret) return secretFiles({ ...secret, name: secret.secretName }, lookup);
  if (downwardAPI) return downwardFiles(downwardAPI, lookup);
  if (!projected) return undefined;
  const { defaultMode = DEFAULT_MODE } = projected;
  return (projected.sources ?? []).flatMap((source) => filesOfSource(source, defaultMode, lookup));
}

function filesOfSource(
  { configMap, secret, downwardAPI, serviceAccountToken }: core.VolumeProjection,
  defaultMode: number,
  lookup: FileLookup,
): ProjectedFile[] {
  if (configMap) return configMapFiles({ ...configMap, defaultMode }, lookup);
  if (secret) return secretFiles({ ...secret, defaultMode }, lookup);
  if (downwardAPI) return downwardFiles({ ...downwardAPI, defaultMode }, lookup);
  return serviceAccountToken ? tokenFiles(serviceAccountToken, defaultMode, lookup) : [];
}

/**
 * With no master in sight there is no token, and none would be of use: the pod starts without, and finds its token
 * there once the master is back.
 */
function tokenFiles(
  projection: core.ServiceAccountTokenProjection,
  mode: number,
  lookup: FileLookup,
): ProjectedFile[] {
  const content = lookup.token(tokenSource(projection));
  if (content) return [{ path: safePath(projection.path), content, mode }];
  if (lookup.isProvisional) return [];
  throw new ConfigError('the token of its ServiceAccount has not been received yet', 'FailedMount');
}

function downwardFiles(
  { items = [], defaultMode = DEFAULT_MODE }: core.DownwardAPIVolumeSource,
  lookup: FileLookup,
): ProjectedFile[] {
  return items.map(({ path, mode = defaultMode, fieldRef, resourceFieldRef }) => {
    const text = fieldRef
      ? lookup.field(fieldRef.fieldPath)
      : resourceFieldRef && lookup.resource(resourceFieldRef);
    return { path: safePath(path), content: Buffer.from(text ?? ''), mode };
  });
}

interface Named extends Selection {
  name?: string | undefined;
}

function configMapFiles(source: Named, lookup: FileLookup): ProjectedFile[] {
  const { name = '' } = source;
  return pick('configmap', name, lookup.configMapFiles(name), source);
}

function secretFiles(source: Named, lookup: FileLookup): ProjectedFile[] {
  const { name = '' } = source;
  return pick('secret', name, lookup.secretFiles(name), source);
}

interface Selection {
  items?: core.KeyToPath[];
  defaultMode?: number;
  optional?: boolean;
}

type Sort = 'configmap' | 'secret';

/** In upstream's words. */
const MISSING_KEY: Readonly<Record<Sort, string>> = {
  configmap: 'configmap references non-existent config key',
  secret: 'references non-existent secret key',
};

function pick(
  sort: Sort,
  name: string,
  files: ReadonlyMap<string, Uint8Array> | undefined,
  { items, defaultMode = DEFAULT_MODE, optional }: Selection,
): ProjectedFile[] {
  if (!files && !optional) throw new ConfigError(`${sort} "${name}" not found`, 'FailedMount');
  const all = files ?? new Map<string, Uint8Array>();
  if (!items?.length) return [...all].map(([path, content]) => ({ path, content, mode: defaultMode }));
  const picked: ProjectedFile[] = [];
  for (const { key, path, mode } of items) {
    const content = all.get(key);
    if (content) picked.push({ path: safePath(path), content, mode: mode ?? defaultMode });
    else if (!optional) throw new ConfigError(`${MISSING_KEY[sort]}: ${key}`, 'FailedMount');
  }
  return picked;
}

export function safePath(path: string): string {
  const parts = path.split('/');
  if (path.startsWith('/') || path === '' || parts.includes('..')) {
    throw new ConfigError(`path "${path}" must be relative and may not contain '..'`, 'FailedMount');
  }
  return path;
}
