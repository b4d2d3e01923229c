// Whether this board takes a pod that was bound to it: asked once, before anything of it is made. Pure; reasons and
// words are upstream's, which end such a pod as Failed so that whoever made it may try elsewhere.
// https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/
import type { Pressure } from '../../api/board-conditions.ts';
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
}

export interface Refusal {
  reason: string;
  message: string;
}

/** `admitted`: all that the board has taken and that have not ended. */
export function refusalBy(room: BoardRoom, pod: Pod, admitted: readonly Pod[]): Refusal | undefined {
  return pressureRefusal(room, pod) ?? podsRefusal(room, admitted) ?? deviceRefusal(room, pod, admitted);
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
