// Which ConfigMaps, Secrets and claims a pod needs on its board, wherever its spec can name one.

import type { core, Pod } from './objects.ts';
import { claimNameOf } from './pod-claims.ts';
import { podTokenSources, podTokensName } from './pod-tokens.ts';

/** Names in the pod's own namespace. */
interface PodReferences {
  configMaps: ReadonlySet<string>;
  secrets: ReadonlySet<string>;
  claims: ReadonlySet<string>;
}

export function podReferences(pod: Pod): PodReferences {
  const configMaps = new Set<string>();
  const secrets = new Set<string>();
  const claims = new Set<string>();
  const add = (to: Set<string>, name: string | undefined) => name && to.add(name);
  const { spec } = pod;
  for (const container of [
    ...(spec.initContainers ?? []),
    ...spec.containers,
    ...(spec.ephemeralContainers ?? []),
  ]) {
    for (const { valueFrom } of container.env ?? []) {
      add(configMaps, valueFrom?.configMapKeyRef?.name);
      add(secrets, valueFrom?.secretKeyRef?.name);
    }
    for (const { configMapRef, secretRef } of container.envFrom ?? []) {
      add(configMaps, configMapRef?.name);
      add(secrets, secretRef?.name);
    }
  }
  for (const volume of spec.volumes ?? []) {
    add(claims, claimNameOf(pod, volume));
    for (const source of [volumeSource(volume), ...(volume.projected?.sources ?? [])]) {
      add(configMaps, source.configMap?.name);
      add(secrets, source.secret?.name);
    }
  }
  for (const { name } of spec.imagePullSecrets ?? []) add(secrets, name);
  // Sent beside the Secrets and like one, though the API has no such object.
  if (podTokenSources(pod).length > 0) secrets.add(podTokensName(pod));
  return { configMaps, secrets, claims };
}

/** A volume names its Secret by `secretName`, a projected source by `name`. */
function volumeSource({ configMap, secret }: core.Volume) {
  return { configMap, secret: secret && { name: secret.secretName } };
}
