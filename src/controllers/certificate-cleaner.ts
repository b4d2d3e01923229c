// Takes away CertificateSigningRequests that are done with, as upstream: an hour after they were approved or denied, a
// day after they were made when nobody decided.
import { certificateSigningRequests } from '../api/kinds/certificate-signing-request.ts';
import type { CertificateSigningRequest } from '../api/objects.ts';
import { isNotFound } from '../api/status-error.ts';
import type { Component } from '../base/component.ts';
import type { ReconcileResult } from '../client/controller-runner.ts';
import type { Informer } from '../client/informer.ts';
import { Controller } from './controller.ts';
import type { ControllerOptions } from './controller-options.ts';

const HOUR_MS = 3_600_000;
const PENDING_MS = 24 * HOUR_MS;

export class CertificateCleaner implements Component {
  readonly #options: ControllerOptions;
  readonly #requests: Informer<CertificateSigningRequest>;
  readonly #controller: Controller;

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#requests = options.informers.for(certificateSigningRequests);
    this.#controller = new Controller('csrcleaner', (name) => this.#reconcile(name), options);
    const look = ({ metadata }: CertificateSigningRequest) => this.#controller.enqueue(metadata.name);
    this.#controller.follows(this.#requests, { onAdd: look, onUpdate: look });
  }

  start(): Promise<void> {
    return this.#controller.start();
  }

  stop(): Promise<void> {
    return this.#controller.stop();
  }

  async #reconcile(name: string): Promise<ReconcileResult | undefined> {
    const request = this.#requests.lister.get(name);
    if (!request) return undefined;
    const inMs = endsAtMs(request) - this.#options.clock.now();
    if (inMs > 0) return { requeueAfterMs: inMs };
    const { uid, resourceVersion } = request.metadata;
    try {
      const preconditions = { uid, resourceVersion };
      await this.#options.client.delete(certificateSigningRequests, name, { preconditions });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    return undefined;
  }
}

/** Milliseconds since the epoch. */
export function endsAtMs({ metadata, status }: CertificateSigningRequest): number {
  const decided = status?.conditions?.find(({ type }) => type === 'Approved' || type === 'Denied');
  const sinceMs = Date.parse(decided?.lastUpdateTime ?? metadata.creationTimestamp);
  return sinceMs + (decided ? HOUR_MS : PENDING_MS);
}
