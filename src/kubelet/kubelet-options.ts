// What the kubelet is given by the program that it runs in: the board, the ports to the other rooms, and its settings.
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { CheckpointFile } from './checkpoint.ts';
import type { BoardDevices } from './devices/board-devices.ts';
import type { Problem } from './engine-link.ts';
import type { ImageSettings } from './images/board-images.ts';
import type { BoardRoom } from './pods/admission.ts';
import type {
  DesiredSource,
  ServedPods,
  ServiceEnvironment,
  StaticPodSource,
  StatusSink,
  VolumeSink,
} from './ports.ts';
import type { Runtime } from './runtime/runtime.ts';

export interface KubeletOptions extends ImageSettings {
  nodeName: string;
  runtime: Runtime;
  desired: DesiredSource;
  sink: StatusSink;
  volumeSink: VolumeSink;
  serviceEnvironment: ServiceEnvironment;
  /** Absent: pods are asked to end as soon as they are deleted. */
  servedPods?: ServedPods;
  /** Keeps the last complete set over a power cut. */
  checkpoint: CheckpointFile;
  devices: Pick<BoardDevices, 'grant' | 'release'>;
  /** What the board has to give to pods now. */
  room(): BoardRoom;
  /** The agent's own directory; the kubelet uses `records`, `volumes` and `local-volumes` in it. */
  dataDir: string;
  clock: Clock;
  logger: Logger;
  /** Pods of the board's own, beside those that the master wants. */
  staticPods?: StaticPodSource;
  /** This board's share of the pod range; `undefined` until known. Call networkChanged() when it changes. */
  podCIDR(): string | undefined;
  /** The same of IPv6: absent or `undefined` = pods have no second address. */
  podCIDRv6?(): string | undefined;
  /** The board's own addresses, the one it is reached by first; the second is of IPv6. */
  hostAddresses(): readonly string[];
  /** Such as `cluster.local`. */
  clusterDomain: string;
  /** Address of the cluster's DNS; `undefined` = nobody has told yet, pods use the board's. */
  clusterDns(): string | undefined;
  /** stop() takes all pods off the board (the trial's Ctrl-C) instead of leaving them running. */
  cleanOnStop: boolean;
  /** Called when the board can no longer, or again, run pods. */
  onProblem?(problem: Problem | undefined): void;
}
