// Whether a user may do something: members of system:masters always, boards what they and their pods need, and
// everybody by RBAC. Nothing is denied by a rule: what nothing allows is refused.
// https://kubernetes.io/docs/reference/access-authn-authz/rbac/
import type { PolicyRule } from 'kubernetes-types/rbac/v1.js';
import { StatusError } from '../../api/status-error.ts';
import type { User } from '../http/api-request.ts';
import { type Attributes, isPath, type ResourceAttributes } from './attributes.ts';
import type { BoardPods } from './board-pods.ts';
import { nodeMay } from './node-authorizer.ts';
import { nodeNameOf } from './node-user.ts';
import type { PolicyIndex } from './policy-index.ts';
import { ruleAllows } from './rules.ts';

export const ADMIN_GROUP = 'system:masters';

export interface AccessDecision {
  allowed: boolean;
  /** In words, for reviews; empty where there is nothing to say. */
  reason: string;
}

export class Authorizer {
  readonly #policy: PolicyIndex;
  readonly #boardPods: BoardPods;

  constructor(policy: PolicyIndex, boardPods: BoardPods) {
    this.#policy = policy;
    this.#boardPods = boardPods;
  }

  decide(user: User, attributes: Attributes): AccessDecision {
    if (user.groups.includes(ADMIN_GROUP)) return { allowed: true, reason: '' };
    if (this.#isForItsBoard(user, attributes)) return { allowed: true, reason: '' };
    const namespace = isPath(attributes) ? '' : attributes.namespace;
    for (const { rules, binding } of this.#policy.grants(user, namespace)) {
      if (rules.some((rule) => ruleAllows(rule, attributes))) {
        return { allowed: true, reason: `RBAC: allowed by ${binding} to ${describeUser(user)}` };
      }
    }
    return { allowed: false, reason: '' };
  }

  #isForItsBoard(user: User, attributes: Attributes): boolean {
    const node = nodeNameOf(user);
    return node !== undefined && !isPath(attributes) && nodeMay(node, attributes, this.#boardPods);
  }

  /** @throws StatusError Forbidden, in upstream's words. */
  require(user: User, attributes: Attributes): void {
    if (!this.decide(user, attributes).allowed) throw accessDenied(user, attributes);
  }

  /** Everything that `user` may do in `namespace`. */
  rulesFor(user: User, namespace: string): PolicyRule[] {
    if (user.groups.includes(ADMIN_GROUP)) return [...EVERYTHING];
    return [...this.#policy.grants(user, namespace)].flatMap(({ rules }) => [...rules]);
  }
}

const EVERYTHING: readonly PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
];

const describeUser = ({ name }: User) => `User "${name}"`;

/** `pods is forbidden: User "x" cannot list resource "pods" in API group "" in the namespace "y"`. */
function accessDenied(user: User, attributes: Attributes): StatusError {
  if (isPath(attributes)) {
    const { verb, path } = attributes;
    const message = `forbidden: ${describeUser(user)} cannot ${verb} path "${path}"`;
    return new StatusError(403, 'Forbidden', message, {});
  }
  const { group, resource: kind, name } = attributes;
  const qualified = group ? `${kind}.${group}` : kind;
  const subject = name ? `${qualified} "${name}"` : qualified;
  const message = `${subject} is forbidden: ${describeUser(user)} cannot ${inWords(attributes)}`;
  return new StatusError(403, 'Forbidden', message, {
    ...(name ? { name } : {}),
    ...(group ? { group } : {}),
    kind,
  });
}

function inWords({ verb, resource, subresource, group, namespace }: ResourceAttributes): string {
  const full = subresource ? `${resource}/${subresource}` : resource;
  const where = namespace ? `in the namespace "${namespace}"` : 'at the cluster scope';
  return `${verb} resource "${full}" in API group "${group}" ${where}`;
}
