// The agent's part that serves Ingress, where that is asked for: code and sockets of it are loaded only then.
import { join } from 'node:path';
import type { Secret } from '../../api/objects.ts';
import type { Clock } from '../../base/clock.ts';
import type { Component } from '../../base/component.ts';
import type { Logger } from '../../base/logger.ts';
import type { IngressServer } from '../../ingress/ingress-server.ts';
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

export class AgentIngress implements Component {
  readonly #options: AgentIngressOptions;
  #server: IngressServer | undefined;
  #unsubscribe: (() => void) | undefined;

  constructor(options: AgentIngressOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { link, secret, dataDir, logsAccess, onListening, clock, logger } = this.#options;
    const { IngressServer } = await import('../../ingress/ingress-server.ts');
    const { ensureSelfMadeCertificate } = await import('../../pki/self-made-certificate.ts');
    const server = new IngressServer({
      http: { host: EVERYWHERE, port: HTTP_PORT },
      https: { host: EVERYWHERE, port: HTTPS_PORT },
      defaultCertificate: await ensureSelfMadeCertificate(join(dataDir, 'ingress.pem'), DEFAULT_NAME, clock),
      service: (key) => link.services.current()?.get(key),
      secret,
      onListening,
      accessLog: logsAccess ? (line) => process.stdout.write(`${line}\n`) : undefined,
      clock,
      logger,
    });
    this.#server = server;
    this.#unsubscribe = link.ingresses.onChange((ingresses) => server.update(ingresses.values()));
    await server.start();
  }

  async stop(): Promise<void> {
    this.#unsubscribe?.();
    await this.#server?.stop();
    this.#server = undefined;
  }
}
