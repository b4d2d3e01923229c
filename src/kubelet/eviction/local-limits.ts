// What a pod may take of the board's disk, and who took more: upstream's three limits in its order and words. Pure.
// https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/#resource-emphemeralstorage-consumption
import type { core, Pod } from '../../api/objects.ts';
import { bytes } from '../../api/quantity.ts';

/** Bytes on the disk. */
export interface LocalUse {
  /** By volume, emptyDirs on the disk only. */
  volumes: Readonly<Record<string, number>>;
  /** By container: what it wrote outside its volumes, and its logs. */
  containers: Readonly<Record<string, number>>;
}

const RESOURCE = 'ephemeral-storage';

/** Whether there is anything to be measured for this pod. */
export function hasLocalLimits({ spec }: Pod): boolean {
  return limitedVolumes(spec).length > 0 || limitedContainers(spec).length > 0;
}

/** Why the pod has to go; `undefined` while it keeps to its limits. */
export function localLimitExceeded({ spec }: Pod, use: LocalUse): string | undefined {
  const volume = limitedVolumes(spec).find(({ name, limit }) => (use.volumes[name] ?? 0) > bytes(limit));
  if (volume) return `Usage of EmptyDir volume "${volume.name}" exceeds the limit "${volume.limit}". `;
  const limits = limitedContainers(spec);
  const total = limits.reduce((sum, { limit }) => sum + bytes(limit), 0);
  if (limits.length > 0 && totalOf(use) > total) {
    return `Pod ephemeral local storage usage exceeds the total limit of containers ${quantity(total)}. `;
  }
  const container = limits.find(({ name, limit }) => (use.containers[name] ?? 0) > bytes(limit));
  return (
    container &&
    `Container ${container.name} exceeded its local ephemeral storage limit "${container.limit}". `
  );
}

/** How many bytes may still be written before a limit of the pod can be exceeded; 0 where one is. */
export function headroom({ spec }: Pod, use: LocalUse): number {
  const left = [
    ...limitedVolumes(spec).map(({ name, limit }) => bytes(limit) - (use.volumes[name] ?? 0)),
    ...limitedContainers(spec).map(({ name, limit }) => bytes(limit) - (use.containers[name] ?? 0)),
  ];
  const limits = limitedContainers(spec);
  if (limits.length > 0) {
    left.push(limits.reduce((sum, { limit }) => sum + bytes(limit), 0) - totalOf(use));
  }
  return Math.max(0, Math.min(...left));
}

function totalOf({ volumes, containers }: LocalUse): number {
  return [...Object.values(volumes), ...Object.values(containers)].reduce((sum, amount) => sum + amount, 0);
}

interface Limited {
  name: string;
  limit: string;
}

/** One in memory is bounded by its tmpfs. */
function limitedVolumes(spec: core.PodSpec): Limited[] {
  return (spec.volumes ?? []).flatMap(({ name, emptyDir }) => {
    const limit = emptyDir?.medium === 'Memory' ? undefined : emptyDir?.sizeLimit;
    return limit !== undefined && bytes(limit) > 0 ? [{ name, limit }] : [];
  });
}

function limitedContainers(spec: core.PodSpec): Limited[] {
  return spec.containers.flatMap(({ name, resources }) => {
    const limit = resources?.limits?.[RESOURCE];
    return limit === undefined ? [] : [{ name, limit }];
  });
}

/** As Kubernetes writes it: `2Gi`, `5Mi`, `3Ki`, bare bytes. */
function quantity(value: number): string {
  const units = ['', 'Ki', 'Mi', 'Gi', 'Ti'];
  let unit = 0;
  let left = value;
  while (left > 0 && left % 1024 === 0 && unit < units.length - 1) {
    left /= 1024;
    unit++;
  }
  return `${left}${units[unit]}`;
}
