// What the engine is told to run, from the pod's spec and where the pod is. Pure.
import type { BoardPod } from '../../api/board-pod.ts';
import type { core, Pod } from '../../api/objects.ts';
import { keyOf } from '../../api/objects.ts';
import type { DeviceGrant } from '../devices/board-devices.ts';
import type { ContainerConfig, Mount, SandboxConfig } from '../runtime/runtime.ts';
import { cgroupResources } from './cgroup-resources.ts';
import { ConfigError } from './config-error.ts';
import { expand } from './env-expansion.ts';
import { type EnvironmentInput, environmentOf } from './environment.ts';
import { oomScoreAdj } from './oom-score.ts';
import { type DnsInput, podDns } from './pod-dns.ts';
import { type SecurityInput, securityOf } from './security.ts';
import { containerSpecHash, sandboxSpecHash } from './spec-hash.ts';
import { sysctlsOf } from './sysctls.ts';

/** What the kernel takes as a host name. */
const MAX_HOSTNAME = 64;

/** Newer than the types at hand. */
interface StopSignal {
  stopSignal?: string;
}

export interface ContainerConfigInput extends Omit<EnvironmentInput, 'pod' | 'container'>, SecurityInput {
  attempt: number;
  mounts: Mount[];
  /** What the board has granted it. */
  devices: DeviceGrant;
  /** Id of the container whose processes an ephemeral one is to see. */
  targetId?: string | undefined;
  boardMemoryBytes: number;
  /** What the container finds as its host name: other runtimes tell processes of exec as well. */
  hostname: string;
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
  const security = securityOf(pod, container, input);
  return {
    ...identity(pod),
    ...security,
    groups: [...new Set([...security.groups, ...input.devices.groups])],
    devices: input.devices.paths,
    containerName: container.name,
    attempt: input.attempt,
    specHash: containerSpecHash(container),
    image: container.image,
    command: container.command?.map((word) => expand(word, env)),
    args: container.args?.map((word) => expand(word, env)),
    env: { HOSTNAME: input.hostname, ...Object.fromEntries(env) },
    workingDir: container.workingDir,
    mounts: input.mounts,
    resources: cgroupResources(container.resources),
    tty: container.tty ?? false,
    stdin: container.stdin ?? false,
    processes: input.targetId ? { ofContainer: input.targetId } : processesOf(pod.spec),
    hostIPC: pod.spec.hostIPC ?? false,
    stopSignal: (container.lifecycle as StopSignal | undefined)?.stopSignal,
    oomScoreAdj: oomScoreAdj(pod, container, input.boardMemoryBytes),
    terminationMessage: {
      path: container.terminationMessagePath || '/dev/termination-log',
      fallsBackToLog: container.terminationMessagePolicy === 'FallbackToLogsOnError',
    },
  };
}

/** Absent with hostNetwork. */
export type SandboxAddresses = Partial<Pick<SandboxConfig, 'ip' | 'ipv6'>>;

export function sandboxConfig(
  pod: BoardPod,
  attempt: number,
  { ip, ipv6 }: SandboxAddresses,
  dns: DnsInput,
): SandboxConfig {
  return {
    ...identity(pod),
    hostname: kernelHostname(pod, dns.clusterDomain),
    shortName: hostnameOf(pod),
    fqdn: fqdnOf(pod, dns.clusterDomain),
    attempt,
    specHash: sandboxSpecHash(pod.spec),
    ip,
    ...(ipv6 ? { ipv6 } : {}),
    hostNetwork: pod.spec.hostNetwork ?? false,
    hostIPC: pod.spec.hostIPC ?? false,
    runtimeHandler: runtimeHandlerOf(pod),
    hostAliases: (pod.spec.hostAliases ?? []).map(({ ip = '', hostnames = [] }) => ({ ip, hostnames })),
    sysctls: sysctlsOf(pod.spec),
    dns: podDns(pod, dns),
  };
}

/** Of a pod with a network of its own. Throws ConfigError where the name in the cluster does not fit. */
export function kernelHostname(pod: Pod, clusterDomain: string): string {
  const fqdn = fqdnOf(pod, clusterDomain);
  return fqdn && pod.spec.setHostnameAsFQDN ? wholeName(fqdn) : hostnameOf(pod);
}

/** Upstream's words: the class may have gone since the pod was admitted. */
function runtimeHandlerOf({
  spec: { runtimeClassName: name },
  runtimeHandler,
}: BoardPod): string | undefined {
  if (name && !runtimeHandler) throw new ConfigError(`runtimeclass.node.k8s.io "${name}" not found`);
  return runtimeHandler;
}

/** Linux allows 63 characters; upstream cuts there as well and drops a trailing dash or dot. */
function hostnameOf(pod: Pod): string {
  const name = pod.spec.hostname ?? pod.metadata.name;
  return name.slice(0, 63).replace(/[-.]+$/, '');
}

/** A pod with a subdomain has a name in the cluster's DNS. */
function fqdnOf(pod: Pod, clusterDomain: string): string | undefined {
  const { subdomain } = pod.spec;
  const { namespace = 'default' } = pod.metadata;
  return subdomain ? `${hostnameOf(pod)}.${subdomain}.${namespace}.svc.${clusterDomain}` : undefined;
}

function wholeName(fqdn: string): string {
  if (fqdn.length <= MAX_HOSTNAME) return fqdn;
  const limit = `${MAX_HOSTNAME} characters is the max, ${fqdn.length} characters requested`;
  const what = 'failed to construct FQDN from pod hostname and cluster domain';
  throw new ConfigError(`${what}, FQDN ${fqdn} is too long (${limit})`);
}

function processesOf(spec: core.PodSpec): ContainerConfig['processes'] {
  if (spec.hostPID) return 'board';
  return spec.shareProcessNamespace ? 'pod' : 'own';
}

function identity(pod: Pod) {
  return {
    podUid: pod.metadata.uid,
    podKey: keyOf(pod),
    namespace: pod.metadata.namespace ?? 'default',
    podName: pod.metadata.name,
  };
}
