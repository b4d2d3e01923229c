// What the engine is told to run, from the pod's spec and where the pod is. Pure.
import type { core, Pod } from '../../api/objects.ts';
import { keyOf } from '../../api/objects.ts';
import type { ContainerConfig, Mount, SandboxConfig } from '../runtime/runtime.ts';
import { cgroupResources } from './cgroup-resources.ts';
import { ConfigError } from './config-error.ts';
import { expand } from './env-expansion.ts';
import { type EnvironmentInput, environmentOf } from './environment.ts';
import { type DnsInput, podDns } from './pod-dns.ts';
import { securityOf } from './security.ts';
import { containerSpecHash, sandboxSpecHash } from './spec-hash.ts';

export interface ContainerConfigInput extends Omit<EnvironmentInput, 'pod' | 'container'> {
  attempt: number;
  mounts: Mount[];
}

/** Throws ConfigError when a part that the container needs is missing. */
export function containerConfig(
  pod: Pod,
  container: core.Container,
  input: ContainerConfigInput,
): ContainerConfig {
  if (!container.image)
    throw new ConfigError(`container "${container.name}" names no image`, 'InvalidImageName');
  const env = environmentOf({ ...input, pod, container });
  return {
    ...identity(pod),
    ...securityOf(pod, container),
    containerName: container.name,
    attempt: input.attempt,
    specHash: containerSpecHash(container),
    image: container.image,
    command: container.command?.map((word) => expand(word, env)),
    args: container.args?.map((word) => expand(word, env)),
    env: Object.fromEntries(env),
    workingDir: container.workingDir,
    mounts: input.mounts,
    resources: cgroupResources(container.resources),
    tty: container.tty ?? false,
    stdin: container.stdin ?? false,
  };
}

export function sandboxConfig(
  pod: Pod,
  attempt: number,
  ip: string | undefined,
  dns: DnsInput,
): SandboxConfig {
  return {
    ...identity(pod),
    hostname: hostnameOf(pod),
    attempt,
    specHash: sandboxSpecHash(pod.spec),
    ip,
    hostNetwork: pod.spec.hostNetwork ?? false,
    dns: podDns(pod, dns),
  };
}

/** Linux allows 63 characters; upstream cuts there as well and drops a trailing dash or dot. */
function hostnameOf(pod: Pod): string {
  const name = pod.spec.hostname ?? pod.metadata.name;
  return name.slice(0, 63).replace(/[-.]+$/, '');
}

function identity(pod: Pod) {
  return {
    podUid: pod.metadata.uid,
    podKey: keyOf(pod),
    namespace: pod.metadata.namespace ?? 'default',
    podName: pod.metadata.name,
  };
}
