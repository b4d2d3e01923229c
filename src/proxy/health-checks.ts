// Tells load balancers outside whether this board has endpoints of a Service with `externalTrafficPolicy: Local`,
// on the Service's `healthCheckNodePort`, in kube-proxy's words (pkg/proxy/healthcheck/service_health.go).
import { createServer, type Server } from 'node:http';
import type { Refusal, Subject } from './forwarder-plan.ts';
import type { ServiceView } from './service-view.ts';

/** Whoever is on the LAN may ask: clients that say nothing are to take neither the port nor the agent's files. */
const PATIENCE_MS = 5_000;
const MAX_CLIENTS = 256;

interface Check {
  subject: Subject;
  port: number;
  localEndpoints: number;
}

/** By port. Pure. */
export function planHealthChecks(services: readonly ServiceView[]): Map<number, Check> {
  const checks = new Map<number, Check>();
  for (const { key, uid, healthCheckNodePort: port, externalTrafficPolicy, ports } of services) {
    if (!port || externalTrafficPolicy !== 'Local') continue;
    const addresses = new Set(ports.flatMap(({ endpoints }) => endpoints.readyLocal));
    checks.set(port, { subject: { kind: 'Service', key, uid }, port, localEndpoints: addresses.size });
  }
  return checks;
}

/** Tabs and the line's end as kube-proxy writes them: some probes compare text. */
export function healthBody({ subject, localEndpoints }: Check): string {
  const [namespace, name] = subject.key.split('/');
  const body = { service: { namespace, name }, localEndpoints, serviceProxyHealthy: true };
  return `${JSON.stringify(body, undefined, '\t')}\n`;
}

export class HealthChecks {
  readonly #servers = new Map<number, { server: Server; check: Check }>();

  /** Returns those whose port cannot be had; they are tried again with the next call. */
  async update(services: readonly ServiceView[]): Promise<Refusal[]> {
    const wanted = planHealthChecks(services);
    for (const [port, { server }] of this.#servers) {
      if (wanted.has(port)) continue;
      closeNow(server);
      this.#servers.delete(port);
    }
    const refusals = [];
    for (const check of wanted.values()) refusals.push(...(await this.#serve(check)));
    return refusals;
  }

  stop(): void {
    for (const { server } of this.#servers.values()) closeNow(server);
    this.#servers.clear();
  }

  async #serve(check: Check): Promise<Refusal[]> {
    const known = this.#servers.get(check.port);
    if (known) {
      known.check = check;
      return [];
    }
    const server = createServer({ headersTimeout: PATIENCE_MS, connectionsCheckingInterval: PATIENCE_MS });
    server.maxConnections = MAX_CLIENTS;
    const entry = { server, check };
    server.on('request', (_request, response) => {
      const { localEndpoints } = entry.check;
      const headers = {
        'Content-Type': 'application/json',
        'X-Content-Type-Options': 'nosniff',
        'X-Load-Balancing-Endpoint-Weight': String(localEndpoints),
      };
      response.writeHead(localEndpoints > 0 ? 200 : 503, headers).end(healthBody(entry.check));
    });
    try {
      await listen(server, check.port);
      this.#servers.set(check.port, entry);
      return [];
    } catch (error) {
      const message = `cannot answer health checks on port ${check.port}: ${(error as Error).message}`;
      return [{ subject: check.subject, reason: 'FailedToStartServiceHealthcheck', message }];
    }
  }
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '0.0.0.0', () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function closeNow(server: Server): void {
  server.close();
  server.closeAllConnections();
}
