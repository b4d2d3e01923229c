// Tells in the status of each Ingress that boards serve at which addresses they do, and in its Events what of it
// they cannot do. Ingresses of other controllers' classes are left alone.
// https://kubernetes.io/docs/reference/kubernetes-api/service-resources/ingress-v1/#IngressStatus
import { isDeepStrictEqual } from 'node:util';
import { findCondition } from '../api/conditions.ts';
import { isServedByBoards, secretsOf, servesIngress } from '../api/ingress/board-ingress.ts';
import { type IngressWarning, ingressWarnings } from '../api/ingress/ingress-problems.ts';
import { tlsFindings } from '../api/ingress/tls-warnings.ts';
import { ingresses } from '../api/kinds/ingress.ts';
import { ingressClasses } from '../api/kinds/ingress-class.ts';
import { nodes } from '../api/kinds/node.ts';
import { secrets } from '../api/kinds/secret.ts';
import { type Ingress, type IngressClass, keyOf, type Node, type Secret } from '../api/objects.ts';
import type { Component } from '../base/component.ts';
import type { ReconcileResult } from '../client/controller-runner.ts';
import type { Informer } from '../client/informer.ts';
import { Controller, onAnyChange } from './controller.ts';
import type { ControllerOptions } from './controller-options.ts';
import { LastingWarnings } from './lasting-warnings.ts';

type LoadBalancer = NonNullable<NonNullable<Ingress['status']>['loadBalancer']>;

const COMPONENT = 'ingress-controller';
const NOBODY: IngressWarning = {
  reason: 'NoIngressBoard',
  message: 'no board that is ready serves Ingress: start agents with --ingress',
};

/** A Secret that comes after its Ingress, from one manifest or a release of several, is there by then. */
const SECRET_HOLD_MS = 5_000;

export class IngressController implements Component {
  readonly #options: ControllerOptions;
  readonly #ingresses: Informer<Ingress>;
  readonly #classes: Informer<IngressClass>;
  readonly #nodes: Informer<Node>;
  readonly #secrets: Informer<Secret>;
  readonly #controller: Controller;
  /** What was last said of each, so that an Event tells of something new. */
  readonly #said = new Map<string, string>();
  readonly #lasting = new LastingWarnings({ reasons: ['TLSSecretNotFound'], holdMs: SECRET_HOLD_MS });
  /** Addresses that boards have or had since the start: what is withdrawn when none of them serves. */
  readonly #ofBoards = new Set<string>();

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#ingresses = options.informers.for(ingresses);
    this.#classes = options.informers.for(ingressClasses);
    this.#nodes = options.informers.for(nodes);
    this.#secrets = options.informers.for(secrets);
    this.#controller = new Controller(COMPONENT, (key) => this.#reconcile(key), options);
    this.#controller.follows(
      this.#ingresses,
      onAnyChange((ingress) => this.#controller.enqueue(keyOf(ingress))),
    );
    this.#controller.follows(
      this.#classes,
      onAnyChange(() => this.#lookAtAll()),
    );
    this.#controller.follows(
      this.#nodes,
      onAnyChange((node, previous) => {
        if (!isDeepStrictEqual(addressesOf(node), previous && addressesOf(previous))) this.#lookAtAll();
      }),
    );
    this.#controller.follows(
      this.#secrets,
      onAnyChange((secret) => this.#lookAtThose(keyOf(secret))),
    );
  }

  start(): Promise<void> {
    return this.#controller.start();
  }

  stop(): Promise<void> {
    return this.#controller.stop();
  }

  #lookAtAll(): void {
    for (const ingress of this.#ingresses.lister.list()) this.#controller.enqueue(keyOf(ingress));
  }

  #lookAtThose(secretKey: string): void {
    for (const ingress of this.#ingresses.lister.list()) {
      if (secretsOf(ingress).includes(secretKey)) this.#controller.enqueue(keyOf(ingress));
    }
  }

  async #reconcile(key: string): Promise<ReconcileResult | undefined> {
    const ingress = this.#ingresses.lister.get(key);
    const isOurs = ingress && isServedByBoards(ingress, (name) => this.#classes.lister.get(name));
    if (!isOurs || ingress.metadata.deletionTimestamp) {
      this.#said.delete(key);
      this.#lasting.forget(key);
      return undefined;
    }
    const addresses = this.#nodes.lister.list().flatMap(addressesOf).sort();
    const requeueAfterMs = this.#tell(ingress, addresses.length > 0);
    const wanted = this.#wanted(ingress, addresses);
    if (!isDeepStrictEqual(ingress.status?.loadBalancer ?? {}, wanted)) {
      const status = { ...ingress.status, loadBalancer: wanted };
      await this.#options.client.updateStatus(ingresses, { ...ingress, status });
    }
    return requeueAfterMs === undefined ? undefined : { requeueAfterMs };
  }

  /** Returns when there may be something new to tell; `undefined` = not by time alone. */
  #tell(ingress: Ingress, isServed: boolean): number | undefined {
    const { clock } = this.#options;
    const nowMs = clock.now();
    const found = tlsFindings(ingress, (key) => this.#secrets.lister.get(key), nowMs);
    const { warnings, againInMs } = this.#lasting.sift(keyOf(ingress), found.warnings, clock.monotonicMs());
    this.#warn(ingress, [...(isServed ? [] : [NOBODY]), ...ingressWarnings(ingress), ...warnings]);
    const turnsInMs = found.changesAtMs === undefined ? undefined : found.changesAtMs - nowMs;
    const times = [turnsInMs, againInMs].filter((ms) => ms !== undefined);
    return times.length > 0 ? Math.min(...times) : undefined;
  }

  /** Where no board serves, what somebody else wrote stays as it is. */
  #wanted({ status }: Ingress, addresses: readonly string[]): LoadBalancer {
    for (const node of this.#nodes.lister.list()) this.#ofBoards.add(internalIp(node) ?? '');
    if (addresses.length > 0) return { ingress: addresses.map((ip) => ({ ip })) };
    const others = (status?.loadBalancer?.ingress ?? []).filter(({ ip }) => !this.#ofBoards.has(ip ?? ''));
    return others.length > 0 ? { ingress: others } : {};
  }

  #warn(object: Ingress, warnings: readonly IngressWarning[]): void {
    const key = keyOf(object);
    const before: IngressWarning[] = JSON.parse(this.#said.get(key) ?? '[]');
    for (const warning of warnings) {
      if (before.some(({ message }) => message === warning.message)) continue;
      this.#options.recorder.record({ object, type: 'Warning', component: COMPONENT, ...warning });
    }
    this.#said.set(key, JSON.stringify(warnings));
  }
}

/** The address of a board that serves and is ready; a second one is another way to the same. */
function addressesOf(node: Node): string[] {
  const isReady = findCondition(node.status?.conditions, 'Ready')?.status === 'True';
  const address = internalIp(node);
  return isReady && address && servesIngress(node) ? [address] : [];
}

const internalIp = ({ status }: Node): string | undefined =>
  status?.addresses?.find(({ type }) => type === 'InternalIP')?.address;
