// Ingress as a guest of the proxy's thread: an IngressServer that knows of the cluster what messages tell it. Loaded
// there by name, see IngressThread.
import type { MessagePort } from 'node:worker_threads';
import type { BoardService } from '../api/board-service.ts';
import type { Secret } from '../api/objects.ts';
import { systemClock } from '../base/clock.ts';
import type { LogFields, Logger } from '../base/logger.ts';
import { IngressServer } from './ingress-server.ts';
import type { NameServer } from './name-lookup.ts';
import type { FromIngress, IngressContent, IngressSettings, ToIngress } from './thread-messages.ts';

export function serve(port: MessagePort): void {
  const guest = new IngressGuest((message) => port.postMessage(message));
  let work: Promise<void> = Promise.resolve();
  port.on('message', (message: ToIngress) => {
    work = work.then(() => guest.hear(message));
  });
}

class IngressGuest {
  readonly #tell: (message: FromIngress) => void;
  #services: ReadonlyMap<string, BoardService> = new Map();
  #secrets: ReadonlyMap<string, Secret> = new Map();
  #nameServer: NameServer | undefined;
  #server: IngressServer | undefined;

  constructor(tell: (message: FromIngress) => void) {
    this.#tell = tell;
  }

  async hear(message: ToIngress): Promise<void> {
    if (message.kind === 'stop') {
      await this.#server?.stop();
      this.#tell({ kind: 'stopped' });
    } else if (message.kind === 'start') {
      this.#server = this.#makeServer(message.settings);
      this.#take(message.content);
      await this.#server.start();
    } else this.#take(message.content);
  }

  /** A Secret that did not change stays the same object: its certificate has been read. */
  #take({ ingresses, services, secrets, nameServer }: IngressContent): void {
    this.#nameServer = nameServer;
    const before = this.#secrets;
    const versionOf = (secret: Secret | undefined) =>
      `${secret?.metadata.uid} ${secret?.metadata.resourceVersion}`;
    this.#services = new Map(services.map((service) => [service.key, service]));
    this.#secrets = new Map(
      secrets.map((secret) => {
        const key = `${secret.metadata.namespace}/${secret.metadata.name}`;
        const known = before.get(key);
        return [key, known && versionOf(known) === versionOf(secret) ? known : secret];
      }),
    );
    this.#server?.update(ingresses);
  }

  #makeServer({ logsAccess, ...settings }: IngressSettings): IngressServer {
    return new IngressServer({
      ...settings,
      service: (key) => this.#services.get(key),
      secret: (key) => this.#secrets.get(key),
      nameServer: () => this.#nameServer,
      onListening: (isListening) => this.#tell({ kind: 'listening', isListening }),
      accessLog: logsAccess ? (line) => this.#tell({ kind: 'access', line }) : undefined,
      clock: systemClock,
      logger: this.#logger({}),
    });
  }

  #logger(common: LogFields): Logger {
    const at = (level: 'debug' | 'info' | 'warn' | 'error') => (fields: LogFields, message: string) =>
      this.#tell({ kind: 'log', level, fields: { ...common, ...fields }, message });
    return {
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      child: (fields) => this.#logger({ ...common, ...fields }),
    };
  }
}
