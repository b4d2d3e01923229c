// What a write by a user must pass once its outcome is known: what it grants, and whether it makes something new
// where its verb allowed only to change. In-process writers act for the server itself and pass none of this.
import type { KubeObject } from '../../api/objects.ts';
import type { KindDefinition } from '../../api/scheme.ts';
import type { User } from '../http/api-request.ts';
import type { WriteGuard } from '../registry/create.ts';
import type { Authorizer } from './authorizer.ts';
import type { EscalationCheck } from './escalation.ts';
import { checkSigner, isCertificateRequest } from './signer-check.ts';

export class WriteGuards {
  readonly #authorizer: Authorizer;
  readonly #escalation: EscalationCheck;

  constructor(authorizer: Authorizer, escalation: EscalationCheck) {
    this.#authorizer = authorizer;
    this.#escalation = escalation;
  }

  /** `mayCreate`: a PATCH that makes an object where there is none takes the right to create it too. */
  for(kind: KindDefinition, user: User | undefined, mayCreate = false): WriteGuard | undefined {
    const granting = this.#granting(kind, user);
    if (!user || !mayCreate) return granting;
    return (next, previous) => {
      if (!previous) this.#requireCreate(kind, user, next);
      granting?.(next, previous);
    };
  }

  #granting(kind: KindDefinition, user: User | undefined): WriteGuard | undefined {
    if (!user || !isCertificateRequest(kind)) return this.#escalation.for(kind, user);
    return (next, previous) => checkSigner(this.#authorizer, user, next, previous);
  }

  /** @throws StatusError Forbidden */
  #requireCreate({ group, version, plural }: KindDefinition, user: User, { metadata }: KubeObject): void {
    this.#authorizer.require(user, {
      verb: 'create',
      group,
      version,
      resource: plural,
      subresource: '',
      namespace: metadata.namespace ?? '',
      name: metadata.name,
    });
  }
}
