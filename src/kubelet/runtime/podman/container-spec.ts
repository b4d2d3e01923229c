// What libpod is asked to make for one container of a pod. Pure: config in, body of `POST /containers/create` out.
import { constants } from 'node:os';
import type { ContainerConfig, Mount } from '../runtime.ts';
import { containerLabels, containerName } from './labels.ts';

const { signals } = constants;

export interface ContainerPlace {
  owner: string;
  pauseId: string;
  logPath: string;
  /** At which conmon starts the file afresh. */
  logSizeBytes: number;
  /** The pod's /etc/hosts on the board. */
  hostsPath: string;
  /** The pod's /etc/resolv.conf on the board, where it has one. */
  resolvPath: string | undefined;
  /** The file for its last words, on the board. */
  messagePath: string;
  maySpareFromOom: boolean;
  /** Process id of the container whose processes this one is to see. */
  targetPid?: number | undefined;
}

/** With the time that a check may take, in nanoseconds: without one podman 5 refuses every change of limits later. */
const noHealthcheck = { Test: ['NONE'], Timeout: 30_000_000_000 };

/** Body of libpod's `POST /containers/create` (SpecGenerator). */
export function containerSpec(config: ContainerConfig, place: ContainerPlace): Record<string, unknown> {
  const joined = { nsmode: 'container', value: place.pauseId };
  return {
    name: containerName(config),
    labels: containerLabels(place.owner, config, place.logPath),
    image: config.image,
    entrypoint: config.command,
    command: config.args,
    env: config.env,
    work_dir: config.workingDir,
    create_working_dir: true,
    user: config.user,
    groups: config.groups.map(String),
    netns: joined,
    ipcns: config.hostIPC ? { nsmode: 'host' } : joined,
    ...processNamespace(config.processes, joined, place.targetPid),
    utsns: joined,
    mounts: mountsOf(config, place).map(bindMount),
    ...(config.devices.length > 0 ? { devices: config.devices.map((path) => ({ path })) } : {}),
    use_image_hosts: true,
    resource_limits: resourceLimits(config.resources),
    privileged: config.privileged,
    cap_add: config.capabilities.add.map(capabilityName),
    cap_drop: config.capabilities.drop.map(capabilityName),
    read_only_filesystem: config.readOnlyRootFilesystem,
    read_write_tmpfs: false,
    ...confinement(config.confinement),
    stop_signal: config.stopSignal && signals[config.stopSignal as NodeJS.Signals],
    oom_score_adj: place.maySpareFromOom ? config.oomScoreAdj : Math.max(0, config.oomScoreAdj),
    terminal: config.tty,
    stdin: config.stdin,
    log_configuration: { driver: 'k8s-file', path: place.logPath, size: place.logSizeBytes },
    image_volume_mode: 'ignore',
    healthconfig: noHealthcheck,
    httpproxy: false,
    restart_policy: 'no',
    systemd: 'false',
  };
}

/** A mount of the pod's own over one of these wins. */
function mountsOf(config: ContainerConfig, place: ContainerPlace): Mount[] {
  const given = [
    { source: place.hostsPath, destination: '/etc/hosts', readOnly: false },
    ...(place.resolvPath
      ? [{ source: place.resolvPath, destination: '/etc/resolv.conf', readOnly: false }]
      : []),
    { source: place.messagePath, destination: config.terminationMessage.path, readOnly: false },
  ];
  const own = new Set(config.mounts.map((mount) => mount.destination));
  return [...config.mounts, ...given.filter((mount) => !own.has(mount.destination))];
}

/** Joined by path, not by name: podman would not let the other container go before this one. */
function processNamespace(
  processes: ContainerConfig['processes'],
  pod: object,
  targetPid: number | undefined,
): Record<string, unknown> {
  if (processes === 'own') return {};
  if (processes === 'pod') return { pidns: pod };
  if (processes === 'board') return { pidns: { nsmode: 'host' } };
  return { pidns: { nsmode: 'path', value: `/proc/${targetPid}/ns/pid` } };
}

function confinement(wanted: ContainerConfig['confinement']): Record<string, unknown> {
  return {
    no_new_privileges: wanted.noNewPrivileges,
    seccomp_profile_path: wanted.seccomp,
    apparmor_profile: wanted.appArmor,
    ...(wanted.unmaskedProc ? { unmask: ['ALL'] } : {}),
  };
}

function bindMount(mount: Mount): Record<string, unknown> {
  const options = ['rbind', mount.propagation ?? 'rprivate', mount.readOnly ? 'ro' : 'rw'];
  return { type: 'bind', source: mount.source, destination: mount.destination, options };
}

/** Memory and swap together are limited to the memory limit: a board swapping to its card is a board lost. */
export function resourceLimits(resources: ContainerConfig['resources']): Record<string, unknown> | undefined {
  const { cpuShares, cpuQuotaUs, cpuPeriodUs, memoryLimitBytes } = resources;
  const cpu = { shares: cpuShares, quota: cpuQuotaUs, period: cpuPeriodUs };
  const hasCpu = Object.values(cpu).some((value) => value !== undefined);
  if (!hasCpu && memoryLimitBytes === undefined) return undefined;
  return {
    ...(hasCpu ? { cpu } : {}),
    ...(memoryLimitBytes === undefined
      ? {}
      : { memory: { limit: memoryLimitBytes, swap: memoryLimitBytes } }),
  };
}

/** Kubernetes writes `NET_ADMIN`, podman takes that and `CAP_NET_ADMIN`, but `ALL` only bare. */
function capabilityName(name: string): string {
  return name.toUpperCase().replace(/^CAP_/, '');
}
