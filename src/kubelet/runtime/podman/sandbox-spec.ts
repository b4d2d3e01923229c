// What libpod is asked to make for a pause container: it holds network, IPC and host name for the pod's containers.
import type { SandboxConfig } from '../runtime.ts';
import { containerName, sandboxLabels } from './labels.ts';

export interface SandboxPlace {
  owner: string;
  pauseImage: string;
  /** The machine's own filter unless given. */
  seccompPath?: string | undefined;
  /** Whether this machine lets the kernel be told to spare the pause container (CAP_SYS_RESOURCE). */
  maySpareFromOom: boolean;
}

/** Body of libpod's `POST /containers/create`. Its network is empty at first: the agent plugs it in (network.ts). */
export function sandboxSpec(config: SandboxConfig, place: SandboxPlace): Record<string, unknown> {
  return {
    name: containerName(config),
    labels: sandboxLabels(place.owner, config),
    image: place.pauseImage,
    ...(config.hostNetwork ? hostNetwork() : { hostname: config.hostname, netns: { nsmode: 'none' } }),
    use_image_hosts: true,
    ipcns: { nsmode: config.hostIPC ? 'host' : 'shareable' },
    sysctl: config.sysctls,
    log_configuration: { driver: 'none' },
    resource_limits: { cpu: { shares: 2 } },
    cap_drop: ['ALL'],
    seccomp_profile_path: place.seccompPath,
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

/** The board's own names hold: a pod on the host network has the board's host name and hosts file. */
function hostNetwork(): Record<string, unknown> {
  return { netns: { nsmode: 'host' }, utsns: { nsmode: 'host' } };
}
