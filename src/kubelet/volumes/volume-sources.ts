// Which files a ConfigMap or Secret volume holds. Pure; throws ConfigError when something is missing.
import type { core } from '../../api/objects.ts';
import { ConfigError } from '../config/config-error.ts';
import type { FileLookup } from '../config/config-lookup.ts';
import type { ProjectedFile } from './projected-files.ts';

const DEFAULT_MODE = 0o644;

/** `undefined` for a volume that is neither a ConfigMap nor a Secret. */
export function projectedFilesOf(volume: core.Volume, lookup: FileLookup): ProjectedFile[] | undefined {
  const { configMap, secret } = volume;
  if (configMap) {
    const name = configMap.name ?? '';
    return pick('configmap', name, lookup.configMapFiles(name), configMap);
  }
  if (secret) {
    const name = secret.secretName ?? '';
    return pick('secret', name, lookup.secretFiles(name), secret);
  }
  return undefined;
}

interface Selection {
  items?: core.KeyToPath[];
  defaultMode?: number;
  optional?: boolean;
}

function pick(
  sort: string,
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
    else if (!optional) throw new ConfigError(`${sort} "${name}" has no key ${key}`, 'FailedMount');
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
