// Ingress on another thread, that of a host: requests then cannot delay this one's heartbeat. Stands where an
// IngressServer would; a thread that is started again is told all anew.
import { extname } from 'node:path';
import type { MessagePort } from 'node:worker_threads';
import type { BoardIngress } from '../api/ingress/board-ingress.ts';
import type { Component } from '../base/component.ts';
import type { Logger } from '../base/logger.ts';
import { contentOf, isSameContent, type Known } from './ingress-content.ts';
import type { FromIngress, IngressContent, IngressSettings, ToIngress } from './thread-messages.ts';

/** A thread that takes guests in: loads `file` and hands its `serve` the other end of a port, at each of its starts. */
export interface ThreadHost {
  host(file: URL, onPort: (port: MessagePort) => void): void;
}

export interface IngressThreadOptions extends IngressSettings, Known {
  host: ThreadHost;
  onListening(isListening: boolean): void;
  accessLog(line: string): void;
  logger: Logger;
}

export class IngressThread implements Component {
  readonly #options: IngressThreadOptions;
  #ingresses: readonly BoardIngress[] = [];
  #told: IngressContent | undefined;
  #port: MessagePort | undefined;
  #isStopping = false;
  #stopped: (() => void) | undefined;

  constructor(options: IngressThreadOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { host } = this.#options;
    // Beside this file: as TypeScript in a checkout, as JavaScript where it is bundled.
    const file = new URL(`ingress-worker${extname(import.meta.url)}`, import.meta.url);
    host.host(file, (port) => this.#joined(port));
  }

  /** Resolves when nothing listens any more. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    const port = this.#port;
    if (!port) return;
    await new Promise<void>((resolve) => {
      this.#stopped = resolve;
      this.#say({ kind: 'stop' });
    });
    port.close();
  }

  /** The complete set. */
  update(ingresses: Iterable<BoardIngress>): void {
    this.#ingresses = [...ingresses];
    this.refresh();
  }

  /** Services or Secrets may have changed. */
  refresh(): void {
    const content = contentOf(this.#ingresses, this.#options);
    if (!this.#port || (this.#told && isSameContent(this.#told, content))) return;
    this.#told = content;
    this.#say({ kind: 'update', content });
  }

  #joined(port: MessagePort): void {
    if (this.#isStopping) {
      port.close();
      return;
    }
    const { http, https, defaultCertificate, logsAccess } = this.#options;
    this.#port = port;
    port.on('message', (message: FromIngress) => this.#hear(message));
    port.on('close', () => this.#left(port));
    this.#told = contentOf(this.#ingresses, this.#options);
    const settings = { http, https, defaultCertificate, logsAccess };
    this.#say({ kind: 'start', settings, content: this.#told });
  }

  /** The thread has ended, and with it who listened. */
  #left(port: MessagePort): void {
    if (port !== this.#port) return;
    this.#port = undefined;
    this.#stopped?.();
    if (!this.#isStopping) this.#options.onListening(false);
  }

  #say(message: ToIngress): void {
    this.#port?.postMessage(message);
  }

  #hear(message: FromIngress): void {
    const { onListening, accessLog, logger } = this.#options;
    if (message.kind === 'listening') onListening(message.isListening);
    else if (message.kind === 'access') accessLog(message.line);
    else if (message.kind === 'log') logger[message.level](message.fields, message.message);
    else this.#stopped?.();
  }
}
