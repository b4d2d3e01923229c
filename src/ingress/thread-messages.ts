// What the agent's thread and Ingress on another one say to each other: plain data, as a message copies it.
import type { BoardService } from '../api/board-service.ts';
import type { BoardIngress } from '../api/ingress/board-ingress.ts';
import type { KeyPair } from '../api/ingress/tls-secret.ts';
import type { Secret } from '../api/objects.ts';
import type { ListenAddress } from '../base/listener.ts';
import type { LogFields } from '../base/logger.ts';
import type { NameServer } from './name-lookup.ts';

export interface IngressSettings {
  http: ListenAddress;
  https: ListenAddress;
  defaultCertificate: KeyPair;
  logsAccess: boolean;
}

/** The complete set: the Ingresses, and what they name. */
export interface IngressContent {
  ingresses: readonly BoardIngress[];
  services: readonly BoardService[];
  secrets: readonly Secret[];
  nameServer: NameServer | undefined;
}

export type ToIngress =
  | { kind: 'start'; settings: IngressSettings; content: IngressContent }
  | { kind: 'update'; content: IngressContent }
  | { kind: 'stop' };

export type FromIngress =
  | { kind: 'listening'; isListening: boolean }
  | { kind: 'access'; line: string }
  | { kind: 'log'; level: 'debug' | 'info' | 'warn' | 'error'; fields: LogFields; message: string }
  | { kind: 'stopped' };
