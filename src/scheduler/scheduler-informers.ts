// Everything that the scheduler reads, from the process's shared caches.
import { namespaces } from '../api/kinds/namespace.ts';
import { nodes } from '../api/kinds/node.ts';
import { persistentVolumes } from '../api/kinds/persistent-volume.ts';
import { persistentVolumeClaims } from '../api/kinds/persistent-volume-claim.ts';
import { pods } from '../api/kinds/pod.ts';
import { podDisruptionBudgets } from '../api/kinds/pod-disruption-budget.ts';
import { services } from '../api/kinds/service.ts';
import { storageClasses } from '../api/kinds/storage-class.ts';
import type { InformerFactory } from '../client/informer-factory.ts';
import type { StorageView } from './world.ts';

export type SchedulerInformers = ReturnType<typeof schedulerInformers>;

export function schedulerInformers(informers: InformerFactory) {
  return {
    pods: informers.for(pods),
    nodes: informers.for(nodes),
    namespaces: informers.for(namespaces),
    services: informers.for(services),
    budgets: informers.for(podDisruptionBudgets),
    claims: informers.for(persistentVolumeClaims),
    volumes: informers.for(persistentVolumes),
    storageClasses: informers.for(storageClasses),
  };
}

export function storageView(
  { claims, volumes, storageClasses: classes }: SchedulerInformers,
  chosenFor: StorageView['chosenFor'],
): StorageView {
  return {
    claim: (key) => claims.lister.get(key),
    volume: (name) => volumes.lister.get(name),
    volumes: () => volumes.lister.list(),
    storageClass: (name) => classes.lister.get(name),
    chosenFor,
  };
}
