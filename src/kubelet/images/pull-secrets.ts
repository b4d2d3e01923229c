// The credentials that a pod brings for its images: of its imagePullSecrets, to which admission has added those of
// its ServiceAccount. Pure.
import type { Pod, Secret } from '../../api/objects.ts';
import { type Keyring, keyringOf } from './keyring.ts';

export interface PullSecrets {
  keyring: Keyring;
  /** Names of those that are missing or cannot be read. */
  unusable: readonly string[];
}

export function pullSecretsOf(pod: Pod, secrets: ReadonlyMap<string, Secret>): PullSecrets {
  const names = (pod.spec.imagePullSecrets ?? []).flatMap(({ name }) => name || []);
  const found = names.map((name) => {
    const secret = secrets.get(`${pod.metadata.namespace ?? 'default'}/${name}`);
    return { name, keyring: secret && readable(secret) };
  });
  return {
    keyring: found.flatMap(({ keyring }) => keyring ?? []),
    unusable: found.filter(({ keyring }) => !keyring).map(({ name }) => name),
  };
}

function readable(secret: Secret): Keyring | undefined {
  try {
    return keyringOf(secret);
  } catch {
    // Named to the pod by its caller; the pull goes on as without it, as upstream's does.
    return undefined;
  }
}
