// The Pod Security Standards: what each level forbids, each broken rule told as upstream tells it. Pure.
// https://kubernetes.io/docs/concepts/security/pod-security-standards/
import type { core } from '../../api/objects.ts';
import { restrictedRules } from './pod-security-restricted.ts';
import { named, perContainer, quoted, type Rule } from './pod-security-rule.ts';

export type Level = 'privileged' | 'baseline' | 'restricted';

export function violations(
  level: Level,
  spec: core.PodSpec,
  annotations: Readonly<Record<string, string>>,
): string[] {
  if (level === 'privileged') return [];
  const ephemeral = (spec.ephemeralContainers ?? []) as core.Container[];
  const containers = [...(spec.initContainers ?? []), ...(spec.containers ?? []), ...ephemeral];
  const rules = level === 'baseline' ? baselineRules : [...sharedRules, ...restrictedRules];
  return rules.flatMap((rule) => rule({ spec, annotations, containers }) ?? []);
}

const DEFAULT_CAPABILITIES = [
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
];

const SAFE_SYSCTLS = [
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ping_group_range',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_syncookies',
];

const SELINUX_TYPES = [
  undefined,
  '',
  'container_t',
  'container_init_t',
  'container_kvm_t',
  'container_engine_t',
];
const APPARMOR_PREFIX = 'container.apparmor.security.beta.kubernetes.io/';

const hostNamespaces: Rule = ({ spec }) => {
  const used = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((field) => spec[field]);
  return used.length > 0 ? `host namespaces (${used.map((field) => `${field}=true`).join(', ')})` : undefined;
};

const hostPaths: Rule = ({ spec }) => {
  const found = (spec.volumes ?? []).filter((volume) => volume.hostPath);
  return found.length > 0 ? `hostPath volumes (${named(found, 'volume')})` : undefined;
};

const hostPorts: Rule = ({ containers }) => {
  const portsOf = (container: core.Container) =>
    (container.ports ?? []).flatMap(({ hostPort }) => hostPort || []);
  const found = containers.filter((container) => portsOf(container).length > 0);
  if (found.length === 0) return undefined;
  const ports = [...new Set(found.flatMap(portsOf))].sort((a, b) => a - b);
  const verb = found.length > 1 ? 'use' : 'uses';
  return `hostPort (${named(found)} ${verb} hostPort${ports.length > 1 ? 's' : ''} ${ports.join(', ')})`;
};

const capabilities: Rule = ({ containers }) => {
  const extra = ({ securityContext }: core.Container) =>
    (securityContext?.capabilities?.add ?? []).filter((name) => !DEFAULT_CAPABILITIES.includes(name));
  const found = containers.filter((container) => extra(container).length > 0);
  if (found.length === 0) return undefined;
  const names = [...new Set(found.flatMap(extra))].sort();
  return `non-default capabilities (${named(found)} must not include ${quoted(names)} in securityContext.capabilities.add)`;
};

const seLinux: Rule = ({ spec, containers }) => {
  const isBad = (options: core.SELinuxOptions | undefined) =>
    !SELINUX_TYPES.includes(options?.type) || !!options?.user || !!options?.role;
  const found = containers.filter(({ securityContext }) => isBad(securityContext?.seLinuxOptions));
  const pod = isBad(spec.securityContext?.seLinuxOptions) ? ['pod'] : [];
  const who = [...pod, ...(found.length > 0 ? [named(found)] : [])];
  return who.length > 0
    ? `seLinuxOptions (${who.join(' and ')} set forbidden securityContext.seLinuxOptions)`
    : undefined;
};

const seccomp: Rule = ({ spec, containers }) => {
  const isBad = (profile: core.SeccompProfile | undefined) => profile?.type === 'Unconfined';
  const found = containers.filter(({ securityContext }) => isBad(securityContext?.seccompProfile));
  const pod = isBad(spec.securityContext?.seccompProfile) ? ['pod'] : [];
  const who = [...pod, ...(found.length > 0 ? [named(found)] : [])];
  return who.length > 0
    ? `seccompProfile (${who.join(' and ')} must not set securityContext.seccompProfile.type to "Unconfined")`
    : undefined;
};

const sysctls: Rule = ({ spec }) => {
  const names = (spec.securityContext?.sysctls ?? []).map(({ name }) => name);
  const found = names.filter((name) => !SAFE_SYSCTLS.includes(name));
  return found.length > 0 ? `forbidden sysctls (${found.join(', ')})` : undefined;
};

const appArmor: Rule = ({ annotations }) => {
  const found = Object.entries(annotations).filter(
    ([key, value]) =>
      key.startsWith(APPARMOR_PREFIX) &&
      value !== '' &&
      value !== 'runtime/default' &&
      !value.startsWith('localhost/'),
  );
  if (found.length === 0) return undefined;
  const list = found.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(', ');
  return `forbidden AppArmor profile${found.length > 1 ? 's' : ''} (${list})`;
};

const hostProcess: Rule = ({ spec, containers }) => {
  const found = containers.filter(({ securityContext }) => securityContext?.windowsOptions?.hostProcess);
  const pod = spec.securityContext?.windowsOptions?.hostProcess ? ['pod'] : [];
  const who = [...pod, ...(found.length > 0 ? [named(found)] : [])];
  return who.length > 0
    ? `hostProcess (${who.join(' and ')} must not set securityContext.windowsOptions.hostProcess=true)`
    : undefined;
};

/** Those that `restricted` takes over as they are; for the others it has stricter ones. */
const sharedRules: readonly Rule[] = [
  appArmor,
  hostNamespaces,
  hostPorts,
  hostProcess,
  perContainer(
    'privileged',
    ({ securityContext }) => securityContext?.privileged,
    'must not set securityContext.privileged=true',
  ),
  perContainer(
    'procMount',
    ({ securityContext }) => !['Default', undefined].includes(securityContext?.procMount),
    'must not set securityContext.procMount to "Unmasked"',
  ),
  seLinux,
  sysctls,
];

const baselineRules: readonly Rule[] = [...sharedRules, capabilities, hostPaths, seccomp];
