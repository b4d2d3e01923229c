// Joins the parts that work on pods. The kubelet gives them the disk and the real engine, tests give them memory.
import type { Pod } from '../../api/objects.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { ContainerCache } from '../container-cache.ts';
import type { BoardDevices } from '../devices/board-devices.ts';
import type { ImagePulls } from '../images/image-pulls.ts';
import type { PullSecrets } from '../images/pull-secrets.ts';
import { PodAddresses } from '../pod-addresses.ts';
import type { ServedPods, StatusSink } from '../ports.ts';
import { PodProbes } from '../probes/pod-probes.ts';
import type { RecordStore } from '../records/record-store.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { StartSlots } from '../start-slots.ts';
import type { Volumes } from '../volumes/pod-volumes.ts';
import type { Refusal } from './admission.ts';
import { ContainerHooks } from './container-hooks.ts';
import { ContainerResizer } from './container-resizer.ts';
import { type ConfigSource, ContainerStarter } from './container-starter.ts';
import { ContainerStopper } from './container-stopper.ts';
import { ImagePuller } from './image-puller.ts';
import { PodEvents } from './pod-events.ts';
import { PodExecutor } from './pod-executor.ts';
import { type DesiredView, PodReconciler } from './pod-reconciler.ts';

export interface PodParts {
  runtime: Runtime;
  cache: ContainerCache;
  clock: Clock;
  logger: Logger;
  sink: StatusSink;
  /** Absent: nobody waits for Services to lead elsewhere. */
  servedPods?: ServedPods;
  records: RecordStore;
  volumes: Volumes;
  configs: ConfigSource;
  imagePulls: ImagePulls;
  pullSecrets(pod: Pod): PullSecrets;
  /** Before a sandbox is made; rejects with a RuntimeError. */
  ensureInfraImage(): Promise<void>;
  devices: Pick<BoardDevices, 'grant' | 'release'>;
  desired(): DesiredView | undefined;
  podCIDR(): string | undefined;
  podCIDRv6?(): string | undefined;
  /** Why no pod can be started yet, such as a pod range that is not known. */
  networkProblem(): string | undefined;
  hostAddresses(): readonly string[];
  /** Whether the board takes one more pod. */
  admit(pod: Pod, admitted: readonly Pod[]): Refusal | undefined;
  /** Whether the board gives a pod that it has taken what it asks for now. */
  admitResize(pod: Pod, others: readonly Pod[]): Refusal | undefined;
  look(key: string): void;
  lookAfter(key: string, delayMs: number): void;
}

/** podman gains nothing from more at once (8 pods: 732 ms), and a small board would swap. */
const STARTS_AT_ONCE = 4;

export function assemblePods(parts: PodParts): PodReconciler {
  const events = new PodEvents(parts.sink);
  const images = new ImagePuller({ ...parts, pulls: parts.imagePulls, events });
  const hooks = new ContainerHooks({ ...parts, events });
  const probes = new PodProbes({ ...parts, events });
  const stopper = new ContainerStopper({ ...parts, events, hooks });
  const starter = new ContainerStarter({
    ...parts,
    events,
    addresses: new PodAddresses(),
    promisedAddresses: () => reconciler.addresses(),
    slots: new StartSlots(STARTS_AT_ONCE),
  });
  const resizer = new ContainerResizer({ ...parts, events });
  const executor = new PodExecutor({ ...parts, events, hooks, images, resizer, starter, stopper });
  const reconciler = new PodReconciler({ ...parts, executor, probes });
  return reconciler;
}
