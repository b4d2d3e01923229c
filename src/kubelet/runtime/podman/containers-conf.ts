// The agent's own containers.conf: named by CONTAINERS_CONF, it takes the place of the machine's, which stays
// untouched.
import { defaultLogLimits } from '../../logs/log-limits.ts';
import type { MachineSettings } from './settings.ts';

/** What Kubernetes' runtimes give a container; podman's own list is shorter since 4.4 (no NET_RAW: no ping). */
const capabilities = [
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'NET_RAW',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
];

/**
 * Text of containers.conf(5) for this machine.
 * - `base_hosts_file`: a pod's /etc/hosts starts empty, not as a copy of the board's;
 * - `exit_command_delay`: an exec's conmon goes after 10 s instead of 5 min; its exit code goes with it, and a busy board
 *   was seen to ask for that more than a second late;
 * - `network_backend`: a fresh store with a CNI file lying about would choose CNI;
 * - `network_config_dir`: what earlier versions had podman make is there (former-network.ts), and boards of a test bed that
 *   share /etc/containers do not meet.
 */
export function containersConf(settings: MachineSettings, networkConfigDir: string): string {
  const { ulimits } = settings;
  const lines = [
    '# Written by the edge-cluster agent at each start; changes are lost.',
    '[containers]',
    'base_hosts_file = "none"',
    `default_capabilities = [${capabilities.map(quote).join(', ')}]`,
    'http_proxy = false',
    'log_driver = "k8s-file"',
    `log_size_max = ${defaultLogLimits.maxSizeBytes}`,
  ];
  if (ulimits) {
    const { openFiles, processes } = ulimits;
    lines.push(`default_ulimits = ["nofile=${openFiles}:${openFiles}", "nproc=${processes}:${processes}"]`);
  }
  lines.push(
    '[engine]',
    `cgroup_manager = ${quote(settings.cgroupManager)}`,
    'events_logger = "none"',
    'exit_command_delay = 10',
    `runtime = ${quote(settings.ociRuntime)}`,
    '[network]',
    'network_backend = "netavark"',
    `network_config_dir = ${quote(networkConfigDir)}`,
    '',
  );
  return lines.join('\n');
}

function quote(text: string): string {
  return JSON.stringify(text);
}
