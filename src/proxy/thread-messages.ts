// What the agent's thread and the proxy's say to each other: plain data, as a message copies it.
import type { MessagePort } from 'node:worker_threads';
import type { LogFields } from '../base/logger.ts';
import type { Refusal } from './forwarder-plan.ts';
import type { KernelForwarding } from './kernel-ports.ts';
import type { ProxyInput, VirtualPort } from './proxier.ts';
import type { ServiceFigures } from './service-load.ts';

export interface ThreadSettings {
  listenAddress: string;
  formerPorts: readonly VirtualPort[];
  openFiles: number | undefined;
}

/** As Proxier's. */
export type CountersByKey = ReadonlyMap<string, ServiceFigures>;

/** What another room runs on this thread: the module that a URL names. */
export interface Guest {
  serve(port: MessagePort): void;
}

/** An `update` and a `count` are answered by a `done` with the same id. */
export type ToProxy =
  | { kind: 'update'; id: number; input: ProxyInput }
  | { kind: 'count'; id: number }
  | { kind: 'host'; file: string; port: MessagePort };

export type FromProxy =
  | { kind: 'done'; id: number; counters: CountersByKey }
  | { kind: 'virtualPorts'; ports: readonly VirtualPort[]; kernel?: KernelForwarding | undefined }
  | { kind: 'refusal'; refusal: Refusal }
  | { kind: 'log'; level: 'debug' | 'info' | 'warn' | 'error'; fields: LogFields; message: string };
