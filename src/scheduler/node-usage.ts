// What one board has, and what the pods given to it already take: all that filters and scores look at.

import { type HostPort, hostPortsOf } from '../api/host-ports.ts';
import type { core, Node, Pod } from '../api/objects.ts';
import { type PodRequests, podRequests } from '../api/pod-requests.ts';
import { heldSpec } from '../api/pod-resize.ts';
import { milliValue, tryParseQuantity, wholeValue } from '../api/quantity.ts';
import { type OwnTerm, ownTerms } from './affinity-term.ts';
import { effectiveTaints } from './taints.ts';

/** A pod as a board's load; made once per pod. */
export interface PodLoad {
  pod: Pod;
  priority: number;
  requests: PodRequests;
  /** As `requests`, but containers that request nothing count a little: scores spread such pods as well. */
  assumed: Assumed;
  hostPorts: readonly HostPort[];
  terms: readonly OwnTerm[];
}

export interface Resources {
  cpuMillis: number;
  memoryBytes: number;
  ephemeralStorageBytes: number;
  extended: Record<string, number>;
}

/** What only the Node says. */
export interface NodeFacts {
  node: Node;
  taints: readonly core.Taint[];
  allocatable: Resources;
  /** Pods that the board may hold at most. */
  maxPods: number;
  /** Bytes of each image that the board holds, by every name it has. */
  images: ReadonlyMap<string, number>;
}

export interface NodeUsage extends NodeFacts {
  /** By uid. */
  pods: ReadonlyMap<string, PodLoad>;
  used: Resources;
  /** Sum of what the pods are assumed to take. */
  assumedUse: Assumed;
}

interface Assumed {
  cpuMillis: number;
  memoryBytes: number;
}

/** Upstream's default of a kubelet, for a node that does not say. */
const DEFAULT_MAX_PODS = 110;
/** Upstream's for a container that does not say; one that asks for 0 says so. */
const ASSUMED_REQUESTS = { cpu: '100m', memory: '200Mi' };

export function podLoad(pod: Pod): PodLoad {
  const spec = heldSpec(pod);
  const { cpuMillis, memoryBytes } = podRequests(spec, ASSUMED_REQUESTS);
  return {
    pod,
    priority: pod.spec.priority ?? 0,
    requests: podRequests(spec),
    assumed: { cpuMillis, memoryBytes },
    hostPorts: hostPortsOf(pod),
    terms: ownTerms(pod),
  };
}

export function nodeFacts(node: Node): NodeFacts {
  const { cpu, memory, pods, 'ephemeral-storage': storage, ...rest } = amounts(node);
  return {
    node,
    taints: effectiveTaints(node),
    allocatable: {
      cpuMillis: cpu ? milliValue(cpu) : 0,
      memoryBytes: memory ? wholeValue(memory) : 0,
      // A node that does not count its disk does not limit by it.
      ephemeralStorageBytes: storage ? wholeValue(storage) : Number.POSITIVE_INFINITY,
      extended: Object.fromEntries(Object.entries(rest).map(([name, amount]) => [name, wholeValue(amount)])),
    },
    maxPods: pods ? wholeValue(pods) : DEFAULT_MAX_PODS,
    images: new Map(
      (node.status?.images ?? []).flatMap(({ names, sizeBytes }) =>
        (names ?? []).map((name): [string, number] => [name, sizeBytes ?? 0]),
      ),
    ),
  };
}

export function usageOf(facts: NodeFacts, pods: ReadonlyMap<string, PodLoad>): NodeUsage {
  const assumedUse = { cpuMillis: 0, memoryBytes: 0 };
  for (const load of pods.values()) {
    assumedUse.cpuMillis += load.assumed.cpuMillis;
    assumedUse.memoryBytes += load.assumed.memoryBytes;
  }
  return { ...facts, pods, used: requestedBy(pods.values()), assumedUse };
}

/** Sum of what `loads` request. */
function requestedBy(loads: Iterable<PodLoad>): Resources {
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
