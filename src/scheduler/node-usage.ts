// What one board has, and what the pods given to it already take: all that filters and scores look at.
import type { Node, Pod } from '../api/objects.ts';
import { type PodRequests, podRequests } from '../api/pod-requests.ts';
import { milliValue, tryParseQuantity, wholeValue } from '../api/quantity.ts';

export interface HostPort {
  hostIP: string;
  protocol: string;
  port: number;
}

/** A pod as a board's load; made once per pod. */
export interface PodLoad {
  pod: Pod;
  requests: PodRequests;
  hostPorts: readonly HostPort[];
  /** Of a pod that is to be placed: the boards that hold its volumes; none or absent = any will do. */
  claimHolders?: ReadonlySet<string>;
}

interface Resources {
  cpuMillis: number;
  memoryBytes: number;
  ephemeralStorageBytes: number;
  extended: Record<string, number>;
}

export interface NodeUsage {
  node: Node;
  allocatable: Resources;
  /** Pods that the board may hold at most. */
  maxPods: number;
  /** By uid. */
  pods: ReadonlyMap<string, PodLoad>;
}

/** Upstream's default of a kubelet, for a node that does not say. */
const DEFAULT_MAX_PODS = 110;

export function podLoad(pod: Pod): PodLoad {
  return { pod, requests: podRequests(pod.spec), hostPorts: hostPortsOf(pod) };
}

export function allocatableOf(node: Node): Resources & { maxPods: number } {
  const { cpu, memory, pods, 'ephemeral-storage': storage, ...rest } = amounts(node);
  return {
    cpuMillis: cpu ? milliValue(cpu) : 0,
    memoryBytes: memory ? wholeValue(memory) : 0,
    // A node that does not count its disk does not limit by it.
    ephemeralStorageBytes: storage ? wholeValue(storage) : Number.POSITIVE_INFINITY,
    extended: Object.fromEntries(Object.entries(rest).map(([name, amount]) => [name, wholeValue(amount)])),
    maxPods: pods ? wholeValue(pods) : DEFAULT_MAX_PODS,
  };
}

/** Sum of what `loads` request. */
export function requestedBy(loads: Iterable<PodLoad>): Resources {
  const total: Resources = { cpuMillis: 0, memoryBytes: 0, ephemeralStorageBytes: 0, extended: {} };
  for (const { requests } of loads) {
    total.cpuMillis += requests.cpuMillis;
    total.memoryBytes += requests.memoryBytes;
    total.ephemeralStorageBytes += requests.ephemeralStorageBytes;
    for (const [name, amount] of Object.entries(requests.extended)) {
      total.extended[name] = (total.extended[name] ?? 0) + amount;
    }
  }
  return total;
}

function amounts(node: Node) {
  const given = Object.entries(node.status?.allocatable ?? node.status?.capacity ?? {});
  return Object.fromEntries(
    given.flatMap(([name, text]) => {
      const quantity = tryParseQuantity(text);
      return quantity ? [[name, quantity]] : [];
    }),
  );
}

function hostPortsOf(pod: Pod): HostPort[] {
  const containers = [...(pod.spec.initContainers ?? []).filter(isSidecar), ...(pod.spec.containers ?? [])];
  return containers.flatMap(({ ports }) =>
    (ports ?? []).flatMap(({ hostPort, hostIP, protocol, containerPort }) => {
      const port = hostPort || (pod.spec.hostNetwork ? containerPort : 0);
      return port ? [{ hostIP: hostIP || '0.0.0.0', protocol: protocol ?? 'TCP', port }] : [];
    }),
  );
}

const isSidecar = ({ restartPolicy }: { restartPolicy?: string }) => restartPolicy === 'Always';
