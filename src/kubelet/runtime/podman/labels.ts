// The labels and names of what the agent makes in podman: all it knows about a container after its own restart.
import type { ContainerConfig, SandboxConfig } from '../runtime.ts';

export const label = {
  /** Whose container it is; an agent sees and touches only its own. */
  owner: 'edge-cluster/owner',
  podUid: 'edge-cluster/pod-uid',
  /** `namespace/name` */
  podKey: 'edge-cluster/pod',
  /** Absent on pause containers. */
  container: 'edge-cluster/container',
  attempt: 'edge-cluster/attempt',
  specHash: 'edge-cluster/spec-hash',
  /** As the pod's spec names it; podman shows the name it resolved. */
  image: 'edge-cluster/image',
  ip: 'edge-cluster/ip',
  ipv6: 'edge-cluster/ipv6',
  logPath: 'edge-cluster/log-path',
  /** Granted device files, with commas; absent without any. */
  devices: 'edge-cluster/devices',
} as const;

/**
 * `<pod>_<namespace>_<container>_<first 8 of the uid>_<attempt>`; the pause container is called `POD`, as no
 * container of a pod can be: those have DNS labels as names, `pause` among them.
 */
export function containerName(config: SandboxConfig | ContainerConfig): string {
  const container = 'containerName' in config ? config.containerName : 'POD';
  return [config.podName, config.namespace, container, config.podUid.slice(0, 8), config.attempt].join('_');
}

export function sandboxLabels(owner: string, config: SandboxConfig): Record<string, string> {
  const { ip, ipv6 } = config;
  return {
    ...commonLabels(owner, config),
    ...(ip ? { [label.ip]: ip } : {}),
    ...(ipv6 ? { [label.ipv6]: ipv6 } : {}),
  };
}

export function containerLabels(
  owner: string,
  config: ContainerConfig,
  logPath: string,
): Record<string, string> {
  return {
    ...commonLabels(owner, config),
    [label.container]: config.containerName,
    [label.image]: config.image,
    [label.logPath]: logPath,
    ...(config.devices.length > 0 ? { [label.devices]: config.devices.join(',') } : {}),
  };
}

/** `filters` of a list that shows this owner's containers only, all of them or those of one pod. */
export function ownerFilter(owner: string, podUid?: string): string {
  const labels = [`${label.owner}=${owner}`];
  if (podUid) labels.push(`${label.podUid}=${podUid}`);
  return encodeURIComponent(JSON.stringify({ label: labels }));
}

function commonLabels(owner: string, config: SandboxConfig | ContainerConfig): Record<string, string> {
  return {
    [label.owner]: owner,
    [label.podUid]: config.podUid,
    [label.podKey]: config.podKey,
    [label.attempt]: `${config.attempt}`,
    [label.specHash]: config.specHash,
  };
}
