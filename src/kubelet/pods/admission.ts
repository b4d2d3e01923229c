// Whether this board takes a pod that was bound to it: asked once, before anything of it is made. Pure; reasons and
// words are upstream's, which end such a pod as Failed so that whoever made it may try elsewhere.
// https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/
import type { Pressure } from '../../api/board-conditions.ts';
import { collide, hostPortsOf } from '../../api/host-ports.ts';
import type { Pod } from '../../api/objects.ts';
import { podRequests } from '../../api/pod-requests.ts';
import { qosClass } from '../../api/qos-class.ts';
import { MEMORY_PRESSURE_TAINT, tolerates } from '../../api/taints.ts';
import { type BoardDevice, DEVICE_SORTS, type DeviceSort, resourceOf } from '../devices/board-device.ts';
import { isCritical } from './critical-pod.ts';

/** What the board has to give. */
export interface BoardRoom {
  maxPods: number;
  devices: readonly BoardDevice[];
  pressures: ReadonlySet<Pressure>;
  /** For pods, all together. */
  allocatable: Size;
}

interface Size {
  cpuMillis: number;
  memoryBytes: number;
}

export interface Refusal {
  reason: string;
  message: string;
}

/** `admitted`: all that the board has taken and that have not ended. */
export function refusalBy(room: BoardRoom, pod: Pod, admitted: readonly Pod[]): Refusal | undefined {
  return (
    pressureRefusal(room, pod) ??
    podsRefusal(room, admitted) ??
    portsRefusal(pod, admitted) ??
    sizeRefusal(room, pod, admitted) ??
    deviceRefusal(room, pod, admitted)
  );
}

/** Of a pod that the board has already: whether it may have what it asks for now, beside the `others`. */
export function resizeRefusalBy(
  { allocatable }: BoardRoom,
  pod: Pod,
  others: readonly Pod[],
): Refusal | undefined {
  const alone = shortageOf(allocatable, pod, []);
  if (alone) {
    const message = `Node didn't have enough capacity: ${alone.name}, requested: ${alone.wanted}, capacity: ${alone.capacity}`;
    return { reason: 'Infeasible', message };
  }
  const shortage = shortageOf(allocatable, pod, others);
  return shortage && { reason: 'Deferred', message: wordsOf(shortage) };
}

/** A scheduler has looked at it before; a pod that names its board itself nobody has. */
function sizeRefusal({ allocatable }: BoardRoom, pod: Pod, admitted: readonly Pod[]): Refusal | undefined {
  const shortage = shortageOf(allocatable, pod, admitted);
  return shortage && { reason: `OutOf${shortage.name}`, message: wordsOf(shortage) };
}

interface Shortage {
  name: 'cpu' | 'memory';
  wanted: number;
  used: number;
  capacity: number;
}

const AMOUNTS = { cpu: 'cpuMillis', memory: 'memoryBytes' } as const;

function shortageOf(allocatable: Size, { spec }: Pod, others: readonly Pod[]): Shortage | undefined {
  const wanted = podRequests(spec);
  for (const name of ['cpu', 'memory'] as const) {
    const amount = AMOUNTS[name];
    if (wanted[amount] === 0) continue;
    const used = others.reduce((sum, other) => sum + podRequests(other.spec)[amount], 0);
    if (used + wanted[amount] <= allocatable[amount]) continue;
    return { name, wanted: wanted[amount], used, capacity: allocatable[amount] };
  }
  return undefined;
}

const wordsOf = ({ name, wanted, used, capacity }: Shortage): string =>
  `Node didn't have enough resource: ${name}, requested: ${wanted}, used: ${used}, capacity: ${capacity}`;

function portsRefusal(pod: Pod, admitted: readonly Pod[]): Refusal | undefined {
  const wanted = hostPortsOf(pod);
  if (wanted.length === 0) return undefined;
  const taken = admitted.flatMap(hostPortsOf);
  if (!wanted.some((port) => taken.some((other) => collide(port, other)))) return undefined;
  const message = "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports";
  return { reason: 'NodePorts', message };
}

function pressureRefusal({ pressures }: BoardRoom, pod: Pod): Refusal | undefined {
  if (pressures.size === 0 || isCritical(pod)) return undefined;
  const isMemoryAlone = pressures.size === 1 && pressures.has('MemoryPressure');
  if (isMemoryAlone && (qosClass(pod.spec) !== 'BestEffort' || toleratesMemoryPressure(pod)))
    return undefined;
  const names = [...pressures].map((name) => `[${name}]`).join(' ');
  return { reason: 'Evicted', message: `The node had condition: ${names}. ` };
}

function toleratesMemoryPressure({ spec }: Pod): boolean {
  const taint = { key: MEMORY_PRESSURE_TAINT, effect: 'NoSchedule' };
  return (spec.tolerations ?? []).some((toleration) => tolerates(toleration, taint));
}

function podsRefusal({ maxPods }: BoardRoom, admitted: readonly Pod[]): Refusal | undefined {
  if (admitted.length < maxPods) return undefined;
  const counts = `requested: 1, used: ${admitted.length}, capacity: ${maxPods}`;
  return { reason: 'OutOfpods', message: `Node didn't have enough resource: pods, ${counts}` };
}

function deviceRefusal({ devices }: BoardRoom, pod: Pod, admitted: readonly Pod[]): Refusal | undefined {
  for (const sort of DEVICE_SORTS) {
    const wanted = wantedBy(pod, sort);
    if (wanted === 0) continue;
    const used = admitted.reduce((sum, other) => sum + wantedBy(other, sort), 0);
    const free = devices.filter((device) => device.sort === sort).length - used;
    if (wanted <= free) continue;
    const what = `requested number of devices unavailable for ${resourceOf(sort)}`;
    const counts = `Requested: ${wanted}, Available: ${Math.max(free, 0)}`;
    const message = `Allocate failed due to ${what}. ${counts}, which is unexpected`;
    return { reason: 'UnexpectedAdmissionError', message };
  }
  return undefined;
}

function wantedBy({ spec }: Pod, sort: DeviceSort): number {
  return podRequests(spec).extended[resourceOf(sort)] ?? 0;
}
