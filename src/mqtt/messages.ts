// What every topic of edge/v1 carries. One JSON object a message; `docs/mqtt.md` says when each is sent.
import type { BoardCondition } from '../api/board-conditions.ts';
import type { BoardService, BoardSlice } from '../api/board-service.ts';
import type { BoardIngress } from '../api/ingress/board-ingress.ts';
import type { ConfigMap, core, PersistentVolume, Pod, Secret } from '../api/objects.ts';

/** On every message: which history it belongs to, and how new it is within that history. */
export interface Envelope {
  /** Random per data directory and per restore of the master. */
  epoch: string;
  /** The store's revision that the message reflects. */
  revision: number;
}

export interface IndexEntry {
  uid: string;
  revision: number;
}

/** nodes/N/desired/index: what belongs to the board, so that it can tell a complete set from a part. */
export interface DesiredIndex extends Envelope {
  pods: Record<string, IndexEntry>;
  configs: Record<string, IndexEntry>;
  secrets: Record<string, IndexEntry>;
  /** Absent from masters of before there were any. */
  volumes?: Record<string, IndexEntry>;
}

export interface DesiredPod extends Envelope {
  pod: Pod;
}
export interface DesiredConfig extends Envelope {
  config: ConfigMap;
}
export interface DesiredSecret extends Envelope {
  secret: Secret;
}

/** A PersistentVolume that a pod of the board uses, or that the board is to remove. */
export interface DesiredVolume extends Envelope {
  volume: PersistentVolume;
}

/** What a board says of itself when it comes: enough to register its Node. */
export interface NodeBirth {
  addresses: core.NodeAddress[];
  capacity: Record<string, string>;
  allocatable: Record<string, string>;
  nodeInfo: core.NodeSystemInfo;
  labels: Record<string, string>;
}

/** nodes/N/state. The last will is the same with `online: false`. */
export interface NodeState {
  online: boolean;
  /** Random per MQTT session: an offline counts only for the session that is current. */
  session: string;
  birth?: NodeBirth;
  /** Present while something on the board keeps it from running pods, such as a missing podman. */
  problem?: { reason: string; message: string };
  /** Pressures and what the hardware suffers from: all that this board can tell of. Absent from older agents. */
  conditions?: BoardCondition[];
}

export interface DiskUse {
  totalBytes: number;
  usedBytes: number;
  availableBytes?: number;
  inodes?: { total: number; free: number };
}

/** nodes/N/heartbeat. Sizes in bytes, CPU in cores, temperature in °C; absent = not known. */
export interface Heartbeat {
  session: string;
  time: string;
  cpu: { cores: number; usedCores: number };
  memory: { totalBytes: number; usedBytes: number };
  disk: DiskUse;
  /** Where images have a file system of their own. */
  imageDisk?: DiskUse;
  load1: number;
  temperatureCelsius?: number;
  /** Threads. */
  pids?: { used: number; max: number };
  /** `underVoltage`, `frequencyCapped`, `throttled`, `softTemperatureLimit`; absent on boards that cannot tell. */
  throttling?: { now: string[]; sinceBoot: string[] };
  /** `readOnlyFilesystem`, `clockNotSet`; absent when all is well. */
  faults?: string[];
}

/** CPU in billionths of a core, memory in bytes; absent = not known. */
export interface Amounts {
  cpuNanocores?: number;
  workingSetBytes?: number;
}

/** nodes/N/metrics: what containers use, CPU as the mean over the window. Sent while there are pods. */
export interface NodeMetrics {
  session: string;
  time: string;
  node?: (Amounts & { windowMs: number }) | undefined;
  /** By `namespace/name`: with the pause container in the pod's own sums. */
  pods: Record<string, Amounts & { uid: string; windowMs: number; containers: Record<string, Amounts> }>;
}

/** nodes/N/observed/index */
export interface ObservedIndex {
  session: string;
  pods: Record<string, { uid: string }>;
}

/** nodes/N/observed/pods/NS/NAME */
export interface ObservedPodMessage {
  session: string;
  uid: string;
  status: core.PodStatus;
  terminated: boolean;
  /** Of a static pod: the pod itself, which the master shows as a mirror pod. */
  mirror?: Pod;
}

/** What became of a volume that the board was to remove: it is gone, or `message` says why not. */
export interface ObservedVolume {
  uid: string;
  removed: boolean;
  message?: string;
}

/** nodes/N/observed/volumes: of every volume that the board was told to remove, by name. */
export interface ObservedVolumes {
  session: string;
  volumes: Record<string, ObservedVolume>;
}

/** nodes/N/images: what a board holds and may give to others of its architecture. */
export interface NodeImages {
  session: string;
  /** As Kubernetes has it, such as `arm64`. */
  architecture: string;
  images: { id: string; names: string[]; sizeBytes: number }[];
}

/** nodes/N/events */
export interface NodeEventMessage {
  session: string;
  /** What it is about; a pod unless given. Of a board's own Node the key is its name and the uid is empty. */
  kind?: 'Pod' | 'Service' | 'Node';
  key: string;
  uid: string;
  type: 'Normal' | 'Warning';
  reason: string;
  message: string;
  fieldPath?: string;
  /** How often it happened while it waited for a session; once unless given. */
  count?: number;
  /** How long ago that was, by the clock that never jumps; just now unless given. */
  ago?: { firstMs: number; lastMs: number };
}

/** services/index: Services by `namespace/name`, their EndpointSlices by `namespace/name/slice`. */
export interface ServicesIndex extends Envelope {
  services: Record<string, IndexEntry>;
}

/** services/NS/NAME: what of a Service concerns boards. */
export interface ServiceMessage extends Envelope, Omit<BoardService, 'slices'> {}

/** services/NS/NAME/SLICE: some of the Service's endpoints, so that a pod that comes or goes changes one of them. */
export interface SliceMessage extends Envelope, BoardSlice {
  /** `namespace/name/slice` */
  key: string;
  uid: string;
}

/** ingress/index: the Ingresses that boards serve. */
export interface IngressIndex extends Envelope {
  ingresses: Record<string, IndexEntry>;
}

/** ingress/NS/NAME */
export interface IngressMessage extends Envelope, BoardIngress {}

/** network/peers: every board's address and pod range; of IPv6 only where the cluster has that. */
export interface NetworkPeers extends Envelope {
  podRange: string;
  serviceRange: string;
  ipv6?: { podRange: string; serviceRange: string };
  /** `zone` as the Node's label says. */
  peers: Record<string, { address: string; podCIDR: string; podCIDRv6?: string; zone?: string }>;
}
