// Who is bound to which role, kept in memory by watching the store: a decision reads a few map entries. Bindings
// count from the moment their write is visible, and no longer than that.
import type { PolicyRule, RoleRef, Subject } from 'kubernetes-types/rbac/v1.js';
import type { KubeObject } from '../../api/objects.ts';
import type { Component } from '../../base/component.ts';
import type { Store, StoreEvent } from '../../store/store.ts';
import type { User } from '../http/api-request.ts';

const PREFIX = '/registry/rbac.authorization.k8s.io/';
const SERVICE_ACCOUNT_PREFIX = 'system:serviceaccount:';

interface RoleObject extends KubeObject {
  rules?: PolicyRule[];
}

interface BindingObject extends KubeObject {
  roleRef: RoleRef;
  subjects?: Subject[];
}

/** Rules that a user holds through one binding. */
export interface Grant {
  rules: readonly PolicyRule[];
  /** For the reason in reviews: `RBAC: allowed by …`. */
  binding: string;
}

export class PolicyIndex implements Component {
  readonly #store: Store;
  /** By `clusterroles/NAME` or `roles/NAMESPACE/NAME`. */
  readonly #roles = new Map<string, readonly PolicyRule[]>();
  /** By subject, then by the key of the binding. */
  readonly #bindings = new Map<string, Map<string, BindingObject>>();
  readonly #listeners = new Set<() => void>();
  #unwatch: (() => void) | undefined;

  constructor(store: Store) {
    this.#store = store;
  }

  async start(): Promise<void> {
    for (const { key, value } of this.#store.list(PREFIX)) this.#enter(key, value);
    this.#unwatch = this.#store.watch(PREFIX, this.#store.revision, (events) => {
      for (const event of events) this.#apply(event);
      for (const listener of this.#listeners) listener();
    });
  }

  async stop(): Promise<void> {
    this.#unwatch?.();
    this.#unwatch = undefined;
    this.#roles.clear();
    this.#bindings.clear();
  }

  /** Called after roles or bindings have changed; gives what to call to hear no more. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What `user` holds in the whole cluster and, when given, in `namespace`. */
  *grants(user: User, namespace: string): Generator<Grant> {
    for (const subject of subjectsOf(user)) {
      for (const binding of this.#bindings.get(subject)?.values() ?? []) {
        const bound = binding.metadata.namespace;
        if (bound !== undefined && bound !== namespace) continue;
        const rules = this.rulesOf(binding.roleRef, bound);
        if (rules) yield { rules, binding: describeBinding(binding) };
      }
    }
  }

  /** `undefined` when there is no such role. `namespace` is where a Role would lie. */
  rulesOf({ kind, name }: Pick<RoleRef, 'kind' | 'name'>, namespace?: string) {
    return this.#roles.get(kind === 'ClusterRole' ? `clusterroles/${name}` : `roles/${namespace}/${name}`);
  }

  #apply({ type, key, value, previous }: StoreEvent): void {
    if (previous) this.#leave(key, previous);
    if (type !== 'DELETED') this.#enter(key, value);
  }

  #enter(key: string, object: KubeObject): void {
    const role = roleKey(key, object);
    if (role) this.#roles.set(role, (object as RoleObject).rules ?? []);
    else for (const subject of boundSubjects(object)) this.#bind(subject, key, object as BindingObject);
  }

  #leave(key: string, object: KubeObject): void {
    const role = roleKey(key, object);
    if (role) this.#roles.delete(role);
    else for (const subject of boundSubjects(object)) this.#unbind(subject, key);
  }

  #bind(subject: string, key: string, binding: BindingObject): void {
    const known = this.#bindings.get(subject);
    if (known) known.set(key, binding);
    else this.#bindings.set(subject, new Map([[key, binding]]));
  }

  #unbind(subject: string, key: string): void {
    const known = this.#bindings.get(subject);
    known?.delete(key);
    if (known?.size === 0) this.#bindings.delete(subject);
  }
}

function roleKey(key: string, { metadata }: KubeObject): string | undefined {
  const plural = key.slice(PREFIX.length).split('/')[0];
  if (plural === 'clusterroles') return `clusterroles/${metadata.name}`;
  return plural === 'roles' ? `roles/${metadata.namespace}/${metadata.name}` : undefined;
}

/** Service accounts are users of that name, so one form serves for both. */
function boundSubjects(object: KubeObject): string[] {
  const binding = object as BindingObject;
  return (binding.subjects ?? []).map((subject) => {
    if (subject.kind === 'Group') return `Group:${subject.name}`;
    if (subject.kind !== 'ServiceAccount') return `User:${subject.name}`;
    const namespace = subject.namespace ?? binding.metadata.namespace ?? '';
    return `User:${SERVICE_ACCOUNT_PREFIX}${namespace}:${subject.name}`;
  });
}

const subjectsOf = ({ name, groups }: User): string[] => [
  `User:${name}`,
  ...groups.map((group) => `Group:${group}`),
];

function describeBinding({ metadata, roleRef }: BindingObject): string {
  const { namespace, name } = metadata;
  const binding = namespace ? `RoleBinding "${name}/${namespace}"` : `ClusterRoleBinding "${name}"`;
  return `${binding} of ${roleRef.kind} "${roleRef.name}"`;
}
