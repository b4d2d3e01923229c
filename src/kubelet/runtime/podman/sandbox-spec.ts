// What libpod is asked to make for a pause container: it holds network, IPC and host name for the pod's containers.
import type { SandboxConfig } from '../runtime.ts';
import { containerName, sandboxLabels } from './labels.ts';

export interface SandboxPlace {
  owner: string;
  pauseImage: string;
  /** podman network that holds the board's pod range. */
  networkName: string;
  /** Whether this machine lets the kernel be told to spare the pause container (CAP_SYS_RESOURCE). */
  maySpareFromOom: boolean;
}

/**
 * Body of libpod's `POST /containers/create`. The containers that join get its /etc/resolv.conf.
 * The pod's address is always given: podman's own choosing would leave leases behind when it is killed.
 */
export function sandboxSpec(config: SandboxConfig, place: SandboxPlace): Record<string, unknown> {
  return {
    name: containerName(config),
    labels: sandboxLabels(place.owner, config),
    image: place.pauseImage,
    ...(config.hostNetwork ? hostNetwork() : podNetwork(config, place.networkName)),
    ...dns(config),
    use_image_hosts: true,
    ipcns: { nsmode: config.hostIPC ? 'host' : 'shareable' },
    sysctl: config.sysctls,
    log_configuration: { driver: 'none' },
    resource_limits: { cpu: { shares: 2 } },
    cap_drop: ['ALL'],
    read_only_filesystem: true,
    read_write_tmpfs: false,
    healthconfig: { Test: ['NONE'] },
    httpproxy: false,
    restart_policy: 'no',
    stop_timeout: 0,
    systemd: 'false',
    ...(place.maySpareFromOom ? { oom_score_adj: -998 } : {}),
  };
}

function podNetwork(config: SandboxConfig, networkName: string): Record<string, unknown> {
  return {
    hostname: config.hostname,
    netns: { nsmode: 'bridge' },
    Networks: { [networkName]: { static_ips: [config.ip], interface_name: 'eth0' } },
  };
}

/** The board's own names hold: a pod on the host network has the board's host name and hosts file. */
function hostNetwork(): Record<string, unknown> {
  return { netns: { nsmode: 'host' }, utsns: { nsmode: 'host' } };
}

function dns(config: SandboxConfig): Record<string, unknown> {
  if (!config.dns) return {};
  const { servers, searches, options } = config.dns;
  return { dns_server: servers, dns_search: searches, dns_option: options };
}
