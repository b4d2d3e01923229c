// What the proxier needs of a listening socket, be it TCP or UDP.
import type { Clock } from '../base/clock.ts';
import type { IsInside } from './admission.ts';
import type { Backend } from './backend.ts';
import type { Forwarder } from './forwarder-plan.ts';
import type { LocalPorts } from './local-ports.ts';

export interface Front {
  /** The port to which the kernel's map may lead; 0 until open() has resolved. */
  readonly port: number;
  /** Rejects with the system's error, such as EADDRINUSE; nothing is open then. */
  open(): Promise<void>;
  /** New terms for who comes next. */
  replace(forwarder: Forwarder): void;
  /** No connection lives. */
  readonly isIdle: boolean;
  /** Accepts no more; what exists goes on. */
  close(): void;
  /** Ends what close() left. */
  destroyConnections(): void;
  /** The endpoint `ip:port` is no more: so are its connections. */
  endConnectionsTo(endpoint: string): void;
}

export interface FrontOptions {
  forwarder: Forwarder;
  backend: Backend;
  /** Where UDP answers that the kernel has mapped come from; of the family of what is listened on. */
  listenAddress: string;
  /** Of its protocol. */
  localPorts: LocalPorts;
  isInside: IsInside;
  clock: Clock;
}
