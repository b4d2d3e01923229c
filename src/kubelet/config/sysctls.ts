// Which kernel settings a pod may have. Pure. https://kubernetes.io/docs/tasks/administer-cluster/sysctl-cluster/
import type { core } from '../../api/objects.ts';

/** Settings of the pod's own namespaces that harm neither other pods nor the board. */
const SAFE: ReadonlySet<string> = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_wmem',
]);

/** By name, with dots as the kernel's tools write them. */
export function sysctlsOf(spec: core.PodSpec): Record<string, string> {
  const given = spec.securityContext?.sysctls ?? [];
  return Object.fromEntries(given.map(({ name, value }) => [name.replaceAll('/', '.'), value]));
}

/** Upstream's words on the first one that a pod may not have; `undefined` when it may have all. */
export function forbiddenSysctl(spec: core.PodSpec): string | undefined {
  for (const name of Object.keys(sysctlsOf(spec))) {
    if (!SAFE.has(name)) return `forbidden sysctl: "${name}" not allowlisted`;
    if (spec.hostNetwork && name.startsWith('net.')) {
      return `forbidden sysctl: "${name}" not allowed with host net enabled`;
    }
    if (spec.hostIPC && name.startsWith('kernel.')) {
      return `forbidden sysctl: "${name}" not allowed with host ipc enabled`;
    }
  }
  return undefined;
}
