// The agent's part that serves Ingress, where that is asked for: code and sockets of it are loaded only then.
import { join } from 'node:path';
import type { BoardIngress } from '../../api/ingress/board-ingress.ts';
import type { Secret } from '../../api/objects.ts';
import type { Clock } from '../../base/clock.ts';
import { dnsAddressOf } from '../../base/cluster-network.ts';
import type { Component } from '../../base/component.ts';
import type { Logger } from '../../base/logger.ts';
import type { ThreadHost } from '../../ingress/ingress-thread.ts';
import type { AgentLink } from '../../mqtt/agent-link.ts';
import type { Flags, FlagValues } from '../flags.ts';

export interface IngressSettings {
  /** One line for each request on standard output. */
  logsAccess: boolean;
}

export const ingressFlags: Flags = {
  ingress: { value: undefined, help: "serve Ingress on this board's ports 80 and 443" },
  'ingress-access-log': {
    value: undefined,
    help: 'with --ingress: a line on standard output for each request',
  },
};

/** `undefined` = not served. */
export function ingressSettings(values: FlagValues): IngressSettings | undefined {
  return values.ingress ? { logsAccess: values['ingress-access-log'] !== undefined } : undefined;
}

export interface AgentIngressOptions extends IngressSettings {
  link: AgentLink;
  /** Also of a board that has not met its master yet. */
  secret(key: string): Secret | undefined;
  /** The thread to serve on; the agent's own unless given. */
  host?: ThreadHost | undefined;
  dataDir: string;
  /** Whether clients are answered. */
  onListening(isListening: boolean): void;
  clock: Clock;
  logger: Logger;
}

const HTTP_PORT = 80;
const HTTPS_PORT = 443;
const EVERYWHERE = '0.0.0.0';
/** As ingress-nginx names its own, so that people know what they look at. */
const DEFAULT_NAME = 'ingress.local';

type Served = Component & {
  update(ingresses: Iterable<BoardIngress>): void;
  /** Of one that cannot look for itself. */
  refresh?(): void;
};

export class AgentIngress implements Component {
  readonly #options: AgentIngressOptions;
  #server: Served | undefined;
  #unsubscribe: (() => void)[] = [];

  constructor(options: AgentIngressOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { link, host } = this.#options;
    const server = host ? await this.#onThread(host) : await this.#here();
    this.#server = server;
    this.#unsubscribe.push(link.ingresses.onChange((ingresses) => server.update(ingresses.values())));
    await server.start();
  }

  async stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe();
    await this.#server?.stop();
    this.#server = undefined;
  }

  /** Services or Secrets may have changed. */
  refresh(): void {
    this.#server?.refresh?.();
  }

  async #here(): Promise<Served> {
    const { logsAccess, onListening, clock, logger } = this.#options;
    const { IngressServer } = await import('../../ingress/ingress-server.ts');
    const accessLog = logsAccess ? writeLine : undefined;
    return new IngressServer({ ...(await this.#shared()), onListening, accessLog, clock, logger });
  }

  async #onThread(host: ThreadHost): Promise<Served> {
    const { link, logsAccess, onListening, logger } = this.#options;
    const { IngressThread } = await import('../../ingress/ingress-thread.ts');
    const shared = await this.#shared();
    const server = new IngressThread({
      ...shared,
      host,
      logsAccess,
      onListening,
      accessLog: writeLine,
      logger,
    });
    const refresh = () => this.refresh();
    const changes = [
      link.services.onChange(refresh),
      link.desired.onChange(refresh),
      link.peers.onChange(refresh),
    ];
    this.#unsubscribe.push(...changes);
    return server;
  }

  async #shared() {
    const { link, secret, dataDir, clock } = this.#options;
    const { ensureSelfMadeCertificate } = await import('../../pki/self-made-certificate.ts');
    return {
      http: { host: EVERYWHERE, port: HTTP_PORT },
      https: { host: EVERYWHERE, port: HTTPS_PORT },
      defaultCertificate: await ensureSelfMadeCertificate(join(dataDir, 'ingress.pem'), DEFAULT_NAME, clock),
      service: (key: string) => link.services.current()?.get(key),
      secret,
      nameServer: () => {
        const peers = link.peers.current();
        return peers && { address: dnsAddressOf(peers.serviceRange) };
      },
    };
  }
}

function writeLine(line: string): void {
  process.stdout.write(`${line}\n`);
}
