// Signs approved CertificateSigningRequests of Kubernetes' own signers, once each; what breaks a signer's rules gets
// the condition Failed. Others' signers are left to them.
// https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/
import { certificateSigningRequests } from '../api/kinds/certificate-signing-request.ts';
import type { CertificateSigningRequest } from '../api/objects.ts';
import type { Component } from '../base/component.ts';
import type { Informer } from '../client/informer.ts';
import { type CertificateSubject, signers } from './certificate-signers.ts';
import { Controller } from './controller.ts';
import type { ControllerOptions } from './controller-options.ts';

/** The cluster's authority, as far as requests need it. Both reject with an Error that says what is wrong. */
export interface CertificateSigner {
  read(requestPem: string): Promise<CertificateSubject>;
  /** The certificate, PEM. */
  sign(requestPem: string, options: { usage: 'server' | 'client'; lifetimeMs: number }): Promise<string>;
}

export interface CertificateSigningOptions extends ControllerOptions {
  certificateSigner: CertificateSigner;
}

/** As upstream: a year, and nobody gets more by asking for it. */
const LONGEST_SECONDS = 365 * 24 * 3600;

export class CertificateSigningController implements Component {
  readonly #options: CertificateSigningOptions;
  readonly #requests: Informer<CertificateSigningRequest>;
  readonly #controller: Controller;

  constructor(options: CertificateSigningOptions) {
    this.#options = options;
    this.#requests = options.informers.for(certificateSigningRequests);
    this.#controller = new Controller('csrsigning', (name) => this.#reconcile(name), options);
    const look = (request: CertificateSigningRequest) => {
      if (isToBeSigned(request)) this.#controller.enqueue(request.metadata.name);
    };
    this.#controller.follows(this.#requests, { onAdd: look, onUpdate: look });
  }

  start(): Promise<void> {
    return this.#controller.start();
  }

  stop(): Promise<void> {
    return this.#controller.stop();
  }

  async #reconcile(name: string): Promise<void> {
    const request = this.#requests.lister.get(name);
    if (!request || !isToBeSigned(request)) return;
    const status = { ...request.status, ...(await this.#outcome(request)) };
    await this.#options.client.updateStatus(certificateSigningRequests, { ...request, status });
  }

  async #outcome({ spec, status }: CertificateSigningRequest): Promise<CertificateSigningRequest['status']> {
    const { certificateSigner } = this.#options;
    const pem = Buffer.from(spec.request, 'base64').toString();
    const signer = signers[spec.signerName]!;
    const subject = await certificateSigner.read(pem).catch((error: Error) => error.message);
    const problem = typeof subject === 'string' ? subject : signer.problem(subject, spec.usages ?? []);
    if (problem !== undefined) {
      const failed = { type: 'Failed', status: 'True', reason: 'SignerValidationFailure', message: problem };
      return { conditions: [...(status?.conditions ?? []), failed] };
    }
    const seconds = Math.min(spec.expirationSeconds ?? LONGEST_SECONDS, LONGEST_SECONDS);
    const signed = await certificateSigner.sign(pem, { usage: signer.usage, lifetimeMs: seconds * 1000 });
    return { certificate: Buffer.from(signed).toString('base64') };
  }
}

function isToBeSigned({ spec, status }: CertificateSigningRequest): boolean {
  const has = (type: string) => status?.conditions?.some((condition) => condition.type === type) ?? false;
  if (!Object.hasOwn(signers, spec?.signerName ?? '') || status?.certificate) return false;
  return has('Approved') && !has('Denied') && !has('Failed');
}
