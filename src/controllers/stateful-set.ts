// Keeps the pods of each StatefulSet: stable names and claims, in order, and never two of one name. A pod on a
// board that is out of reach stays until the board, or a person, says that it is gone.
// https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/
import { controllerRevisions } from '../api/kinds/controller-revision.ts';
import { persistentVolumeClaims } from '../api/kinds/persistent-volume-claim.ts';
import { pods } from '../api/kinds/pod.ts';
import { statefulSets } from '../api/kinds/stateful-set.ts';
import {
  type ControllerRevision,
  type KubeObject,
  keyOf,
  type Pod,
  type StatefulSet,
} from '../api/objects.ts';
import { isNotFound } from '../api/status-error.ts';
import type { Component } from '../base/component.ts';
import { messageOf } from '../base/error-message.ts';
import type { ReconcileResult } from '../client/controller-runner.ts';
import type { Informer } from '../client/informer.ts';
import { nextAvailableMs } from './availability.ts';
import { Controller, onAnyChange } from './controller.ts';
import type { ControllerOptions } from './controller-options.ts';
import { OwnedPods } from './owned-pods.ts';
import { ownerKeyOf, ownersConcerned } from './owner-lookup.ts';
import { RevisionHistory } from './revision-history.ts';
import { slowStart } from './slow-start.ts';
import { StatefulClaims } from './stateful-claims.ts';
import { decideStateful, type Revisions, type StatefulDecision } from './stateful-decision.ts';
import { identityLabels, ordinalOf, podNameOf, statefulPod } from './stateful-pod.ts';
import { sameStatefulStatus, statefulStatus } from './stateful-status.ts';
import { isGoing, revisionOf } from './stateful-world.ts';
import { templateOf } from './template-revision.ts';
import { firstFailure, isNamespaceTerminating } from './workload-failure.ts';
import { selectorOf } from './workload-owner.ts';

const COMPONENT = 'statefulset-controller';
/** Where a StatefulSet's revision carries its hash. */
const HASH_LABEL = 'controller.kubernetes.io/hash';

export class StatefulSetController implements Component {
  readonly #options: ControllerOptions;
  readonly #sets: Informer<StatefulSet>;
  readonly #pods: OwnedPods<StatefulSet>;
  readonly #history: RevisionHistory<StatefulSet>;
  readonly #claims: StatefulClaims;
  readonly #controller: Controller;

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#sets = options.informers.for(statefulSets);
    const podInformer = options.informers.for(pods);
    this.#pods = new OwnedPods(options, { kind: statefulSets, selectorOf });
    this.#history = new RevisionHistory(options, statefulSets, HASH_LABEL);
    this.#claims = new StatefulClaims(options, COMPONENT);
    this.#controller = new Controller(COMPONENT, (key) => this.#reconcile(key), options);
    const changed = (set: StatefulSet) => this.#controller.enqueue(keyOf(set));
    this.#controller.follows(this.#sets, onAnyChange(changed));
    this.#controller.follows(
      podInformer,
      onAnyChange((pod, previous) => this.#podChanged(pod, previous)),
    );
    const revisions = options.informers.for(controllerRevisions);
    this.#controller.follows(
      revisions,
      onAnyChange((revision) => this.#lookAtOwner(revision)),
    );
    // Only to have them at hand: a claim that is deleted is made again when its pod is.
    this.#controller.follows(options.informers.for(persistentVolumeClaims), {});
  }

  start(): Promise<void> {
    return this.#controller.start();
  }

  stop(): Promise<void> {
    return this.#controller.stop();
  }

  #lookAtOwner(object: KubeObject): void {
    const owner = ownerKeyOf(statefulSets, object);
    if (owner !== undefined) this.#controller.enqueue(owner);
  }

  #podChanged(pod: Pod, previous: Pod | undefined): void {
    const owners = { kind: statefulSets, informer: this.#sets, selectorOf };
    for (const key of ownersConcerned(owners, pod, previous)) this.#controller.enqueue(key);
  }

  async #reconcile(key: string): Promise<ReconcileResult | undefined> {
    const set = this.#sets.lister.get(key);
    if (!set || set.metadata.deletionTimestamp) return undefined;
    const update = (await this.#history.latest(set)).metadata.name;
    const known = this.#history.of(set).map(({ metadata }) => metadata.name);
    const current = set.status?.currentRevision ?? '';
    const revisions = { current: known.includes(current) ? current : update, update };
    await this.#pods.claim(set, (pod) => ordinalOf(set, pod) !== undefined);
    await this.#identify(set);
    await this.#claims.retain(set, this.#pods.of(set));
    const nowMs = this.#options.clock.now();
    const failure = await this.#carryOut(set, decideStateful(set, this.#pods.of(set), revisions, nowMs));
    await this.#writeStatus(set, revisions);
    await this.#trimHistory(set, revisions);
    if (failure !== undefined) throw failure;
    const requeueAfterMs = nextAvailableMs(this.#pods.of(set), set.spec.minReadySeconds ?? 0, nowMs);
    return requeueAfterMs === undefined ? undefined : { requeueAfterMs };
  }

  /** An adopted pod gets the labels of its ordinal. */
  async #identify(set: StatefulSet): Promise<void> {
    for (const pod of this.#pods.of(set).filter((p) => !isGoing(p))) {
      const ordinal = ordinalOf(set, pod);
      if (ordinal === undefined) continue;
      const labels = identityLabels(set, ordinal);
      const isKnown = Object.entries(labels).every(([name, value]) => pod.metadata.labels?.[name] === value);
      if (!isKnown) await this.#pods.patchMetadata(pod, { labels });
    }
  }

  /** Resolves to the first error; the rest is done all the same. */
  async #carryOut(set: StatefulSet, { create, ended, remove }: StatefulDecision): Promise<unknown> {
    const next = create.values();
    const made = await slowStart(create.length, async () => {
      const { value } = next.next();
      if (value) await this.#create(set, value.ordinal, value.revision);
    });
    const kept = await firstFailure([...ended, ...remove].map((pod) => this.#remove(set, pod)));
    return (isNamespaceTerminating(made.error) ? undefined : made.error) ?? kept;
  }

  async #create(set: StatefulSet, ordinal: number, revision: string): Promise<void> {
    const what = `create Pod ${podNameOf(set, ordinal)} in StatefulSet ${set.metadata.name}`;
    try {
      await this.#claims.ensure(set, ordinal);
      const kept = this.#history.of(set).find(({ metadata }) => metadata.name === revision);
      const template = kept ? templateOf(kept) : set.spec.template;
      await this.#pods.create(statefulPod(set, { template, revision, ordinal }));
    } catch (error) {
      if (!isNamespaceTerminating(error)) {
        this.#record(set, 'Warning', 'FailedCreate', `${what} failed error: ${messageOf(error)}`);
      }
      throw error;
    }
    this.#record(set, 'Normal', 'SuccessfulCreate', `${what} successful`);
  }

  async #remove(set: StatefulSet, pod: Pod): Promise<void> {
    const what = `delete Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name}`;
    try {
      if (!(await this.#pods.delete(pod))) return;
    } catch (error) {
      this.#record(set, 'Warning', 'FailedDelete', `${what} failed error: ${messageOf(error)}`);
      throw error;
    }
    this.#record(set, 'Normal', 'SuccessfulDelete', `${what} successful`);
  }

  async #trimHistory(set: StatefulSet, { current, update }: Revisions): Promise<void> {
    const inUse = new Set([current, update, ...this.#pods.of(set).map(revisionOf)]);
    await this.#history.trim(set, ({ metadata }: ControllerRevision) => inUse.has(metadata.name));
  }

  async #writeStatus(set: StatefulSet, revisions: Revisions): Promise<void> {
    const status = statefulStatus(set, this.#pods.of(set), revisions, this.#options.clock.now());
    if (sameStatefulStatus(set.status, status)) return;
    try {
      await this.#options.client.updateStatus(statefulSets, { ...set, status });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  #record(set: StatefulSet, type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#options.recorder.record({ object: set, type, reason, message, component: COMPONENT });
  }
}
