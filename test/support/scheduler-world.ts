// A world for the scheduler's pure decisions, made from boards and pods alone.
import type {
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  StorageClass,
} from '../../src/api/objects.ts';
import { keyOf } from '../../src/api/objects.ts';
import { prepareFilters } from '../../src/scheduler/filters/all-filters.ts';
import { podLoad } from '../../src/scheduler/node-usage.ts';
import { SchedulerCache } from '../../src/scheduler/scheduler-cache.ts';
import type { StorageView, World } from '../../src/scheduler/world.ts';

export interface WorldTraits {
  nodes: readonly Node[];
  /** Those with a nodeName. */
  pods?: readonly Pod[];
  claims?: readonly PersistentVolumeClaim[];
  volumes?: readonly PersistentVolume[];
  classes?: readonly StorageClass[];
  /** Labels by namespace. */
  namespaces?: Readonly<Record<string, Record<string, string>>>;
}

export function makeWorld(traits: WorldTraits): World {
  const cache = new SchedulerCache();
  for (const node of traits.nodes) cache.setNode(node);
  for (const pod of traits.pods ?? []) cache.setPod(pod);
  return cache.world({
    storage: storageOf(traits),
    namespaceLabels: (name) => traits.namespaces?.[name] ?? {},
  });
}

export function storageOf({ claims = [], volumes = [], classes = [] }: Partial<WorldTraits>): StorageView {
  return {
    claim: (key) => claims.find((claim) => keyOf(claim) === key),
    volume: (name) => volumes.find(({ metadata }) => metadata.name === name),
    volumes: () => volumes,
    storageClass: (name) => classes.find(({ metadata }) => metadata.name === name),
    chosenFor: () => undefined,
  };
}

/** Why each board refuses the pod, in the order of the boards; `''` = it takes it. */
export function refusals(pod: Pod, world: World): string[] {
  const reject = prepareFilters(podLoad(pod), world);
  return world.usages.map((usage) => (reject(usage)?.reasons ?? []).join(', '));
}

/** An object of any kind with the metadata that a stored one has. */
export function stored<T>(kind: string, name: string, rest: object, namespace?: string): T {
  const metadata = {
    name,
    uid: `uid-${name}`,
    resourceVersion: '1',
    creationTimestamp: '2026-01-01T00:00:00Z',
    ...(namespace ? { namespace } : {}),
  };
  return { apiVersion: 'v1', kind, metadata, ...rest } as T;
}
