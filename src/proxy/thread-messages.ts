// What the agent's thread and the proxy's say to each other: plain data, as a message copies it.
import type { LogFields } from '../base/logger.ts';
import type { ConnectionCounts } from './connections.ts';
import type { Refusal } from './forwarder-plan.ts';
import type { VirtualPort } from './proxier.ts';
import type { ServiceView } from './service-view.ts';

/** The connections of one Service, over all of its ports. */
export interface ServiceCounts extends ConnectionCounts {
  /** `namespace/name` */
  serviceKey: string;
}

export interface ThreadSettings {
  listenAddress: string;
}

/** Each is answered by a `done` with the same id. */
export type ToProxy =
  | { kind: 'update'; id: number; services: readonly ServiceView[] }
  | { kind: 'count'; id: number };

export type FromProxy =
  | { kind: 'done'; id: number; counts: readonly ServiceCounts[] }
  | { kind: 'virtualPorts'; ports: readonly VirtualPort[] }
  | { kind: 'refusal'; refusal: Refusal }
  | { kind: 'log'; level: 'debug' | 'info' | 'warn' | 'error'; fields: LogFields; message: string };
