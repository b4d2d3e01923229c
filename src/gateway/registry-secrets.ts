// The Secrets that the cluster's ConfigMap of registries names. Pure. Found by their field alone: what else is in the
// ConfigMap is for the boards to judge, and a mistake in it must not keep the rest from them.
import type { ConfigMap } from '../api/objects.ts';
import { REGISTRIES_KEY, REGISTRIES_NAMESPACE } from '../api/registries-config.ts';

/** Keys `kube-system/name`. */
export function registrySecrets(config: ConfigMap | undefined): Set<string> {
  const text = config?.data?.[REGISTRIES_KEY] ?? '';
  const names = [...text.matchAll(/\bsecretName["']?\s*:\s*["']?([a-z0-9.-]+)/g)];
  return new Set(names.map(([, name]) => `${REGISTRIES_NAMESPACE}/${name}`));
}
