// Gives each aggregated ClusterRole the rules of all roles that its selectors take in.
// https://kubernetes.io/docs/reference/access-authn-authz/rbac/#aggregated-clusterroles
import type { PolicyRule } from 'kubernetes-types/rbac/v1.js';
import { clusterRoles } from '../api/kinds/cluster-role.ts';
import { matchesLabels, selectorFromObject } from '../api/label-selector.ts';
import { type ClusterRole, keyOf } from '../api/objects.ts';
import { isConflict, isNotFound } from '../api/status-error.ts';
import type { Component } from '../base/component.ts';
import type { ReconcileResult } from '../client/controller-runner.ts';
import type { Informer } from '../client/informer.ts';
import { Controller, onAnyChange } from './controller.ts';
import type { ControllerOptions } from './controller-options.ts';

const CONFLICT_WAIT_MS = 100;

export class ClusterRoleAggregationController implements Component {
  readonly #options: ControllerOptions;
  readonly #roles: Informer<ClusterRole>;
  readonly #controller: Controller;

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#roles = options.informers.for(clusterRoles);
    this.#controller = new Controller('cluster-role-aggregation', (key) => this.#reconcile(key), options);
    this.#controller.follows(
      this.#roles,
      onAnyChange(() => this.#enqueueAggregated()),
    );
  }

  start(): Promise<void> {
    return this.#controller.start();
  }

  stop(): Promise<void> {
    return this.#controller.stop();
  }

  /** Few roles aggregate, and roles seldom change: so all that do are looked at. */
  #enqueueAggregated(): void {
    for (const role of this.#roles.lister.list()) {
      if (role.aggregationRule) this.#controller.enqueue(keyOf(role));
    }
  }

  async #reconcile(key: string): Promise<ReconcileResult | undefined> {
    const role = this.#roles.lister.get(key);
    if (!role?.aggregationRule || role.metadata.deletionTimestamp) return undefined;
    const rules = aggregatedRules(role, this.#roles.lister.list());
    if (JSON.stringify(rules) === JSON.stringify(role.rules ?? [])) return undefined;
    try {
      await this.#options.client.update(clusterRoles, { ...role, rules });
    } catch (error) {
      if (isConflict(error)) return { requeueAfterMs: CONFLICT_WAIT_MS };
      if (!isNotFound(error)) throw error;
    }
    return undefined;
  }
}

/** In the order of the roles' names, each rule once. */
export function aggregatedRules(role: ClusterRole, roles: readonly ClusterRole[]): PolicyRule[] {
  const selectors = (role.aggregationRule?.clusterRoleSelectors ?? [])
    .map(selectorFromObject)
    .filter((selector) => selector !== undefined);
  const rules = new Map<string, PolicyRule>();
  for (const other of roles.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))) {
    if (other.metadata.name === role.metadata.name) continue;
    if (!selectors.some((selector) => matchesLabels(selector, other.metadata.labels))) continue;
    for (const rule of other.rules ?? []) rules.set(JSON.stringify(rule), rule);
  }
  return [...rules.values()];
}
