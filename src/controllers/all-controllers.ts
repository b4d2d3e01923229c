// Every controller of the master, in the order in which they start.
import { allKinds } from '../api/scheme-table.ts';
import type { CustomKindSource } from '../api/served-kinds.ts';
import type { ClusterNetwork } from '../base/cluster-network.ts';
import { type Component, sequence } from '../base/component.ts';
import { CertificateCleaner } from './certificate-cleaner.ts';
import { CertificateSigningController, type CertificateSigningOptions } from './certificate-signing.ts';
import { ClusterRoleAggregationController } from './cluster-role-aggregation.ts';
import { CronJobController } from './cron-job.ts';
import { DaemonSetController } from './daemon-set.ts';
import { DeploymentController } from './deployment.ts';
import { DisruptionController } from './disruption.ts';
import { EndpointSliceController } from './endpoint-slice.ts';
import { EndpointsController } from './endpoints.ts';
import { EphemeralVolumeController } from './ephemeral-volumes.ts';
import { GarbageCollector } from './garbage-collector.ts';
import {
  type AutoscalerOptions,
  HorizontalPodAutoscalerController,
} from './horizontal-pod-autoscaler/horizontal-pod-autoscaler.ts';
import { IngressController } from './ingress.ts';
import { JobController } from './job.ts';
import { JobOrphanController } from './job-orphans.ts';
import { JobTtlController } from './job-ttl.ts';
import { LoadBalancerController } from './load-balancer.ts';
import { NamespaceController } from './namespace.ts';
import type { DisruptionPolicy } from './node-disruption.ts';
import { NodeIpamController } from './node-ipam.ts';
import { NodeLifecycleController } from './node-lifecycle.ts';
import { PersistentVolumeBinder } from './persistent-volume/binder.ts';
import { storageProtection } from './persistent-volume/protection.ts';
import { PodGarbageCollector } from './pod-gc.ts';
import { ReplicaLoop } from './replica-loop.ts';
import { replicaSetKind, replicationControllerKind } from './replica-owner.ts';
import { ResourceQuotaController } from './resource-quota.ts';
import { RootCaController } from './root-ca.ts';
import { ServiceAccountController } from './service-accounts.ts';
import { StaleDisruptionController } from './stale-disruption.ts';
import { StatefulSetController } from './stateful-set.ts';
import { TaintEvictionController } from './taint-eviction.ts';

export interface AllControllersOptions
  extends CertificateSigningOptions,
    Pick<AutoscalerOptions, 'customMetrics' | 'syncPeriodMs'> {
  network: ClusterNetwork;
  /** Kinds that come and go. */
  customKinds?: CustomKindSource | undefined;
  /** The cluster's CA certificate, PEM. */
  rootCaPem: string;
  /** How lost boards are given up; as upstream's small cluster unless given. */
  disruption?: DisruptionPolicy | undefined;
}

/** Construct before the informers start, so that all are synced at once; start after them. */
export function allControllers(options: AllControllersOptions): Component {
  const withKinds = { ...options, kinds: allKinds };
  return sequence([
    new NodeIpamController(options),
    new NodeLifecycleController(options),
    new EndpointsController(options),
    new EndpointSliceController(options),
    new LoadBalancerController(options),
    new ReplicaLoop({ ...options, replicaKind: replicationControllerKind }),
    new ReplicaLoop({ ...options, replicaKind: replicaSetKind }),
    new IngressController(options),
    new DeploymentController(options),
    new DaemonSetController(options),
    new StatefulSetController(options),
    new JobController(options),
    new JobOrphanController(options),
    new JobTtlController(options),
    new CronJobController(options),
    new DisruptionController(options),
    new StaleDisruptionController(options),
    new EphemeralVolumeController(options),
    new PersistentVolumeBinder(options),
    storageProtection(options),
    new HorizontalPodAutoscalerController(options),
    new TaintEvictionController(options),
    new PodGarbageCollector(options),
    new RootCaController(options),
    new ServiceAccountController(options),
    new ClusterRoleAggregationController(options),
    new CertificateSigningController(options),
    new CertificateCleaner(options),
    new ResourceQuotaController(withKinds),
    new NamespaceController(withKinds),
    new GarbageCollector(withKinds),
  ]);
}
