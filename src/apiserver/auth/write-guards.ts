// What a write by a user must pass once its outcome is known: what it grants, and whether it makes something new
// where its verb allowed only to change. In-process writers act for the server itself and pass none of this.
import type { KubeObject } from '../../api/objects.ts';
import type { KindDefinition } from '../../api/scheme.ts';
import type { ApiRequest, User } from '../http/api-request.ts';
import type { WriteGuard } from '../registry/create.ts';
import { attributesOf } from './attributes.ts';
import type { Authorizer } from './authorizer.ts';
import type { EscalationCheck } from './escalation.ts';
import { nodeRestriction } from './node-restriction.ts';
import { nodeNameOf } from './node-user.ts';
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
    if (!user) return undefined;
    const creating: WriteGuard | undefined = mayCreate
      ? (next, previous) => void (previous || this.#requireCreate(kind, user, next))
      : undefined;
    const node = nodeNameOf(user);
    const restricting = node === undefined ? undefined : nodeRestriction(kind, node);
    const guards = [creating, restricting, this.#granting(kind, user)].filter((guard) => guard !== undefined);
    if (guards.length < 2) return guards[0];
    return (next, previous) => {
      for (const guard of guards) guard(next, previous);
    };
  }

  /** For what has read its body since it was allowed: a board must not meet another board's pod of that name. */
  confirm(request: Pick<ApiRequest, 'method' | 'path' | 'segments' | 'query' | 'user'>): void {
    const { user } = request;
    if (user && nodeNameOf(user) !== undefined) this.#authorizer.require(user, attributesOf(request));
  }

  #granting(kind: KindDefinition, user: User): WriteGuard | undefined {
    if (!isCertificateRequest(kind)) return this.#escalation.for(kind, user);
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
