// Nobody grants more than they hold: a role may be written, and a binding made, only by who has all of its rights
// already, or the verbs `escalate` and `bind`.
// https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping
import type { AggregationRule, PolicyRule, RoleRef } from 'kubernetes-types/rbac/v1.js';
import type { KubeObject } from '../../api/objects.ts';
import { jsonEqual } from '../../api/schema/json.ts';
import type { KindDefinition } from '../../api/scheme.ts';
import { forbidden } from '../../api/status-error.ts';
import type { User } from '../http/api-request.ts';
import type { Authorizer } from './authorizer.ts';
import type { PolicyIndex } from './policy-index.ts';
import { describeRule, uncovered } from './rules.ts';

const GROUP = 'rbac.authorization.k8s.io';
const ROLES = ['roles', 'clusterroles'];

type RbacObject = KubeObject & {
  rules?: PolicyRule[];
  aggregationRule?: AggregationRule;
  roleRef?: RoleRef;
  subjects?: unknown[];
};

export class EscalationCheck {
  readonly #authorizer: Authorizer;
  readonly #policy: PolicyIndex;

  constructor(authorizer: Authorizer, policy: PolicyIndex) {
    this.#authorizer = authorizer;
    this.#policy = policy;
  }

  /** What a write by `user` must pass, on the object as it would be stored; `undefined` for other kinds. */
  for(kind: KindDefinition, user: User | undefined) {
    if (kind.group !== GROUP || !user) return undefined;
    return (next: KubeObject, previous: KubeObject | undefined) => this.#check(kind, user, next, previous);
  }

  #check(kind: KindDefinition, user: User, next: RbacObject, previous: RbacObject | undefined): void {
    const isRole = ROLES.includes(kind.plural);
    const grants = ({ rules, aggregationRule, roleRef, subjects }: RbacObject) => ({
      rules,
      aggregationRule,
      roleRef,
      subjects,
    });
    if (previous && jsonEqual(grants(next), grants(previous))) return;
    if (isRole) this.#checkRole(kind, user, next);
    else this.#checkBinding(kind, user, next);
  }

  #checkRole(kind: KindDefinition, user: User, role: RbacObject): void {
    const { namespace = '', name } = role.metadata;
    if (this.#may(user, 'escalate', kind.plural, namespace, name)) return;
    // What a role will hold that takes in others cannot be known: so it takes every right.
    const wanted = role.aggregationRule
      ? [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }]
      : (role.rules ?? []);
    this.#requireCovered(kind, user, role, wanted);
  }

  #checkBinding(kind: KindDefinition, user: User, binding: RbacObject): void {
    const { namespace = '' } = binding.metadata;
    const ref = binding.roleRef!;
    const plural = ref.kind === 'ClusterRole' ? 'clusterroles' : 'roles';
    if (this.#may(user, 'bind', plural, namespace, ref.name)) return;
    const rules = this.#policy.rulesOf(ref, namespace);
    if (!rules) throw refusal(kind, binding, `${plural}.${GROUP} "${ref.name}" not found`);
    this.#requireCovered(kind, user, binding, rules);
  }

  #requireCovered(kind: KindDefinition, user: User, object: RbacObject, wanted: readonly PolicyRule[]): void {
    const owned = this.#authorizer.rulesFor(user, object.metadata.namespace ?? '');
    const missing = uncovered(owned, wanted);
    if (missing.length === 0) return;
    const groups = `groups=[${user.groups.map((group) => JSON.stringify(group)).join(' ')}]`;
    const list = missing.map(describeRule).join('\n');
    const why = `user "${user.name}" (${groups}) is attempting to grant RBAC permissions not currently held:\n${list}`;
    throw refusal(kind, object, why);
  }

  #may(user: User, verb: string, resource: string, namespace: string, name: string): boolean {
    const attributes = { verb, group: GROUP, version: 'v1', resource, subresource: '', namespace, name };
    return this.#authorizer.decide(user, attributes).allowed;
  }
}

const refusal = ({ group, plural }: KindDefinition, { metadata }: KubeObject, why: string) =>
  forbidden({ group, kind: plural, name: metadata.name }, why);
