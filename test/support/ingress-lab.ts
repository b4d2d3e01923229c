// An Ingress server on loopback with backends that are real HTTP servers, and the objects that route to them.
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { request as tlsRequest } from 'node:https';
import type { Test } from 'tap';
import type { BoardService } from '../../src/api/board-service.ts';
import type { BoardIngress } from '../../src/api/ingress/board-ingress.ts';
import type { KeyPair } from '../../src/api/ingress/tls-secret.ts';
import type { Secret } from '../../src/api/objects.ts';
import { systemClock } from '../../src/base/clock.ts';
import { closeServer, portOf } from '../../src/base/listener.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { IngressServer, type IngressServerOptions } from '../../src/ingress/ingress-server.ts';
import { makeSelfMadeCertificate } from '../../src/pki/self-made-certificate.ts';

export interface Answer {
  status: number;
  headers: IncomingMessage['headers'];
  body: string;
}

export interface Ask {
  host?: string;
  method?: string;
  headers?: Record<string, string>;
  body?: string;
  tls?: boolean;
}

type Limits = Pick<IngressServerOptions, 'headTimeoutMs' | 'maxConnections'>;
type Handler = (req: IncomingMessage, res: ServerResponse) => void;

const ANY = { host: '127.0.0.1', port: 0 };

export class IngressLab {
  readonly services = new Map<string, BoardService>();
  readonly secrets = new Map<string, Secret>();
  readonly lines: string[] = [];
  readonly server: IngressServer;
  readonly test: Test;

  static async start(t: Test, limits: Limits = {}): Promise<IngressLab> {
    const defaultCertificate = await makeSelfMadeCertificate(['ingress.local'], systemClock);
    const lab: IngressLab = new IngressLab(t, defaultCertificate, limits);
    t.teardown(() => lab.server.stop());
    await lab.server.start();
    return lab;
  }

  private constructor(t: Test, defaultCertificate: KeyPair, limits: Limits) {
    this.test = t;
    this.server = new IngressServer({
      http: ANY,
      https: ANY,
      defaultCertificate,
      ...limits,
      service: (key) => this.services.get(key),
      secret: (key) => this.secrets.get(key),
      accessLog: (line) => this.lines.push(line),
      clock: systemClock,
      logger: silentLogger,
    });
  }

  get ports(): { http: number; https: number } {
    if (!this.server.ports) throw new Error('the Ingress server does not listen');
    return this.server.ports;
  }

  /** A backend that answers with its name and what it was asked, unless told otherwise. */
  async backend(name: string, handler: Handler = echo(name)): Promise<number> {
    const server = createServer(handler);
    await this.listening(server);
    this.service(name, [portOf(server)]);
    return portOf(server);
  }

  async listening(server: Server): Promise<void> {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.test.teardown(() => {
      server.closeAllConnections();
      return closeServer(server);
    });
  }

  /** Service `default/<name>`, port 80 with the name `http`, on these local ports. */
  service(name: string, ports: readonly number[]): void {
    const slices = ports.map((port) => ({
      addressType: 'IPv4' as const,
      ports: [{ name: 'http', port, protocol: 'TCP' }],
      endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready: true } }],
    }));
    const spec = { ports: [{ name: 'http', port: 80 }] };
    this.services.set(`default/${name}`, { key: `default/${name}`, uid: name, spec, slices });
  }

  /** `https`, or HTTP to the host `example.com` unless told otherwise. */
  ask(
    path: string,
    { host = 'example.com', method = 'GET', headers = {}, body, tls }: Ask = {},
  ): Promise<Answer> {
    const { http, https } = this.ports;
    const options = { host: '127.0.0.1', path, method, headers: { host, ...headers }, agent: false } as const;
    return new Promise((resolve, reject) => {
      const asked = tls
        ? tlsRequest({ ...options, port: https, servername: host, rejectUnauthorized: false })
        : request({ ...options, port: http });
      asked.once('error', reject);
      asked.once('response', (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        response.once('error', reject);
        response.once('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
        );
      });
      asked.end(body);
    });
  }
}

export function echo(name: string): Handler {
  return (req, res) => {
    let body = '';
    req.setEncoding('utf8').on('data', (part: string) => {
      body += part;
    });
    req.once('end', () => {
      const { url, method, headers } = req;
      res.end(JSON.stringify({ name, url, method, headers, body }));
    });
  };
}

export interface PathSpec {
  path: string;
  service: string;
  type?: 'Exact' | 'Prefix' | 'ImplementationSpecific';
}

export interface IngressSpecs {
  name?: string;
  host?: string;
  paths?: readonly PathSpec[];
  annotations?: Record<string, string>;
  tls?: { hosts?: string[]; secretName?: string }[];
  createdAt?: string;
  defaultService?: string;
}

/** Annotations are named without `nginx.ingress.kubernetes.io/`. */
export function ingress({
  name = 'web',
  host,
  paths,
  annotations = {},
  tls,
  createdAt = '2026-01-01T00:00:00Z',
  defaultService,
}: IngressSpecs): BoardIngress {
  const service = (serviceName: string) => ({ service: { name: serviceName, port: { number: 80 } } });
  const named = Object.entries(annotations).map(([key, value]) => [
    `nginx.ingress.kubernetes.io/${key}`,
    value,
  ]);
  const http = paths && {
    paths: paths.map(({ path, service: to, type = 'Prefix' }) => ({
      path,
      pathType: type,
      backend: service(to),
    })),
  };
  return {
    key: `default/${name}`,
    uid: name,
    createdAt,
    annotations: Object.fromEntries(named),
    spec: {
      ...(http ? { rules: [{ ...(host ? { host } : {}), http }] } : {}),
      ...(tls ? { tls } : {}),
      ...(defaultService ? { defaultBackend: service(defaultService) } : {}),
    },
  };
}
