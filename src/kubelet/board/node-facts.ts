// What a board says of itself when it comes: addresses, capacity, system and labels. Read from files, no forks.
// https://kubernetes.io/docs/reference/node/node-status/
import { statfsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { arch, availableParallelism, hostname, release, totalmem } from 'node:os';
import type { core } from '../../api/objects.ts';
import { type BoardDevice, deviceCounts } from '../devices/board-device.ts';
import type { RuntimeVersion } from '../runtime/runtime.ts';
import { BoardFiles } from './board-files.ts';
import { boardLabels } from './board-labels.ts';

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
  /** What pods may be granted. */
  devices: readonly BoardDevice[];
  /** Where the files of the running system are; `/` but in tests. */
  root?: string;
}

/** Upstream's 110 is a figure for big clusters; a /23 has room for 509 and a Pi 4 for some 250 small pods. */
export const MAX_PODS = 250;
/** For the system and this agent: measured, both together stay under it. */
const RESERVED_MEMORY_BYTES = 128 * 1024 * 1024;
const GO_ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' };

/** As Kubernetes has it, such as `arm64`. */
export function boardArchitecture(): string {
  return GO_ARCHITECTURES[arch()] ?? arch();
}

export async function nodeFacts(options: NodeFactsOptions): Promise<NodeFacts> {
  const architecture = boardArchitecture();
  const files = new BoardFiles(options.root);
  const capacity = await capacityOf(options.dataDir);
  const devices = deviceCounts(options.devices);
  return {
    addresses: [
      ...options.addresses.map((address) => ({ type: 'InternalIP', address })),
      { type: 'Hostname', address: hostname() },
    ],
    capacity: { ...asQuantities(capacity), ...devices },
    allocatable: {
      ...asQuantities({ ...capacity, memoryBytes: allocatableMemory(capacity.memoryBytes) }),
      ...devices,
    },
    nodeInfo: await systemInfo(options, files, architecture),
    labels: {
      'kubernetes.io/hostname': options.nodeName,
      'kubernetes.io/os': 'linux',
      'kubernetes.io/arch': architecture,
      ...(await boardLabels(files, capacity.memoryBytes)),
    },
  };
}

/** What all pods together may ask for. */
export const allocatableSize = () => ({
  cpuMillis: availableParallelism() * 1000,
  memoryBytes: allocatableMemory(totalmem()),
});

/** What a container without limits may use, as the downward API says it: the Node's own figures. */
export function allocatableTexts(dataDir: string): { cpu: string; memory: string; ephemeralStorage: string } {
  const disk = statfsSync(dataDir);
  const diskBytes = disk.blocks * disk.bsize;
  const memoryBytes = allocatableMemory(totalmem());
  const all = asQuantities({ cpus: availableParallelism(), memoryBytes, diskBytes });
  return { cpu: all.cpu, memory: all.memory, ephemeralStorage: all['ephemeral-storage'] };
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

function asQuantities({ cpus, memoryBytes, diskBytes }: Capacity) {
  return {
    cpu: String(cpus),
    memory: `${Math.floor(memoryBytes / 1024)}Ki`,
    'ephemeral-storage': `${Math.floor(diskBytes / 1024)}Ki`,
    pods: String(MAX_PODS),
  };
}

async function systemInfo(
  options: NodeFactsOptions,
  files: BoardFiles,
  architecture: string,
): Promise<core.NodeSystemInfo> {
  const machineID = (await files.text('etc/machine-id')) ?? '';
  const runtime = options.runtimeVersion;
  return {
    architecture,
    bootID: (await files.text('proc/sys/kernel/random/boot_id')) ?? '',
    containerRuntimeVersion: runtime ? `${runtime.name}://${runtime.version}` : 'podman://missing',
    kernelVersion: release(),
    kubeProxyVersion: options.kubeletVersion,
    kubeletVersion: options.kubeletVersion,
    machineID,
    operatingSystem: 'linux',
    osImage: osImage((await files.text('etc/os-release')) ?? ''),
    systemUUID: (await firstText(files, SYSTEM_ID_FILES)) ?? machineID,
  };
}

/** A PC's firmware number, or a Raspberry Pi's serial number. */
const SYSTEM_ID_FILES = ['sys/class/dmi/id/product_uuid', 'proc/device-tree/serial-number'];

async function firstText(files: BoardFiles, paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const text = await files.text(path);
    if (text) return text;
  }
  return undefined;
}

function osImage(osRelease: string): string {
  return /^PRETTY_NAME="?(.*?)"?$/m.exec(osRelease)?.[1] ?? 'Linux';
}
