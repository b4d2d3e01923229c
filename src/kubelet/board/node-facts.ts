// What a board says of itself when it comes: addresses, capacity, system and labels. Read from files, no forks.
// https://kubernetes.io/docs/reference/node/node-status/
import { readFile, statfs } from 'node:fs/promises';
import { arch, availableParallelism, hostname, release, totalmem } from 'node:os';
import type { core } from '../../api/objects.ts';
import type { RuntimeVersion } from '../runtime/runtime.ts';

export interface NodeFacts {
  addresses: core.NodeAddress[];
  capacity: Record<string, string>;
  allocatable: Record<string, string>;
  nodeInfo: core.NodeSystemInfo;
  labels: Record<string, string>;
}

export interface NodeFactsOptions {
  nodeName: string;
  /** The board's own addresses, the one it is reached by first. */
  addresses: readonly string[];
  /** `undefined` while the engine is missing. */
  runtimeVersion: RuntimeVersion | undefined;
  /** Such as `v1.33.0`. */
  kubeletVersion: string;
  /** Its filesystem is what pods write to. */
  dataDir: string;
  /** Where the files of the running system are; `/` but in tests. */
  root?: string;
}

/** Upstream's 110 is a figure for big clusters; a /23 has room for 509 and a Pi 4 for some 250 small pods. */
const MAX_PODS = 250;
/** For the system and this agent: measured, both together stay under it. */
const RESERVED_MEMORY_BYTES = 128 * 1024 * 1024;
const GO_ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' };

/** As Kubernetes has it, such as `arm64`. */
export function boardArchitecture(): string {
  return GO_ARCHITECTURES[arch()] ?? arch();
}

export async function nodeFacts(options: NodeFactsOptions): Promise<NodeFacts> {
  const architecture = boardArchitecture();
  const capacity = await capacityOf(options.dataDir);
  const model = await textOf(options, 'proc/device-tree/model');
  return {
    addresses: [
      ...options.addresses.map((address) => ({ type: 'InternalIP', address })),
      { type: 'Hostname', address: hostname() },
    ],
    capacity: asQuantities(capacity),
    allocatable: asQuantities({ ...capacity, memoryBytes: allocatableMemory(capacity.memoryBytes) }),
    nodeInfo: await systemInfo(options, architecture),
    labels: {
      'kubernetes.io/hostname': options.nodeName,
      'kubernetes.io/os': 'linux',
      'kubernetes.io/arch': architecture,
      ...(model ? { 'node.kubernetes.io/instance-type': labelValue(model) } : {}),
    },
  };
}

interface Capacity {
  cpus: number;
  memoryBytes: number;
  diskBytes: number;
}

async function capacityOf(dataDir: string): Promise<Capacity> {
  const disk = await statfs(dataDir);
  return { cpus: availableParallelism(), memoryBytes: totalmem(), diskBytes: disk.blocks * disk.bsize };
}

function allocatableMemory(totalBytes: number): number {
  return Math.max(totalBytes - RESERVED_MEMORY_BYTES, Math.floor(totalBytes / 2));
}

function asQuantities({ cpus, memoryBytes, diskBytes }: Capacity): Record<string, string> {
  return {
    cpu: String(cpus),
    memory: `${Math.floor(memoryBytes / 1024)}Ki`,
    'ephemeral-storage': `${Math.floor(diskBytes / 1024)}Ki`,
    pods: String(MAX_PODS),
  };
}

async function systemInfo(options: NodeFactsOptions, architecture: string): Promise<core.NodeSystemInfo> {
  const machineID = (await textOf(options, 'etc/machine-id')) ?? '';
  const runtime = options.runtimeVersion;
  return {
    architecture,
    bootID: (await textOf(options, 'proc/sys/kernel/random/boot_id')) ?? '',
    containerRuntimeVersion: runtime ? `${runtime.name}://${runtime.version}` : 'podman://missing',
    kernelVersion: release(),
    kubeProxyVersion: options.kubeletVersion,
    kubeletVersion: options.kubeletVersion,
    machineID,
    operatingSystem: 'linux',
    osImage: osImage((await textOf(options, 'etc/os-release')) ?? ''),
    systemUUID: (await firstText(options, SYSTEM_ID_FILES)) ?? machineID,
  };
}

/** A PC's firmware number, or a Raspberry Pi's serial number. */
const SYSTEM_ID_FILES = ['sys/class/dmi/id/product_uuid', 'proc/device-tree/serial-number'];

async function firstText(options: NodeFactsOptions, paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const text = await textOf(options, path);
    if (text) return text;
  }
  return undefined;
}

/** `undefined` for what this board does not have. Device-tree texts end in NUL. */
async function textOf({ root = '/' }: NodeFactsOptions, path: string): Promise<string | undefined> {
  try {
    return (await readFile(`${root.replace(/\/$/, '')}/${path}`, 'utf8')).replace(/\0/g, '').trim();
  } catch {
    return undefined;
  }
}

function osImage(osRelease: string): string {
  return /^PRETTY_NAME="?(.*?)"?$/m.exec(osRelease)?.[1] ?? 'Linux';
}

/** A label's value has no spaces: `Raspberry-Pi-4-Model-B-Rev-1.4`. */
function labelValue(text: string): string {
  return text
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .slice(0, 63)
    .replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '');
}
