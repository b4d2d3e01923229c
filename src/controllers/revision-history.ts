// Keeps the ControllerRevisions of a DaemonSet or StatefulSet: one per template that it ever had, the newest with
// the highest number, so that `kubectl rollout history` and `undo` work; the oldest unused ones go.
// https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/controller-revision-v1/
import { controllerRevisions } from '../api/kinds/controller-revision.ts';
import { type ControllerRevision, keyOf } from '../api/objects.ts';
import type { JsonObject } from '../api/schema/json.ts';
import type { KindDefinition } from '../api/scheme.ts';
import { isAlreadyExists, isNotFound } from '../api/status-error.ts';
import { WrittenObjects } from '../client/written-objects.ts';
import { ClaimWriter, claimsOf, controllerReference } from './claims.ts';
import type { ControllerOptions } from './controller-options.ts';
import { controllerOf } from './pod-state.ts';
import { decideRevision, surplusRevisions } from './revision-decision.ts';
import { keepsTemplate, revisionData, revisionHash } from './template-revision.ts';
import { selectorOf, type Workload } from './workload-owner.ts';

/** Upstream's default of spec.revisionHistoryLimit. */
const DEFAULT_LIMIT = 10;

export class RevisionHistory<T extends Workload> {
  readonly #options: ControllerOptions;
  readonly #hashLabel: string;
  readonly #written: WrittenObjects<ControllerRevision>;
  readonly #claims: ClaimWriter<T, ControllerRevision>;

  /** `hashLabel` is where the revision itself carries its hash. */
  constructor(options: ControllerOptions, kind: KindDefinition<T>, hashLabel: string) {
    this.#options = options;
    this.#hashLabel = hashLabel;
    this.#written = new WrittenObjects(options.informers.for(controllerRevisions));
    const { client } = options;
    const written = this.#written;
    this.#claims = new ClaimWriter({ client, ownerKind: kind, kind: controllerRevisions, written });
  }

  hashOf({ metadata }: ControllerRevision): string {
    return metadata.labels?.[this.#hashLabel] ?? '';
  }

  /** Those that `owner` controls. */
  of(owner: T): ControllerRevision[] {
    const { namespace = '', uid } = owner.metadata;
    return this.#written.list(namespace).filter((revision) => controllerOf(revision)?.uid === uid);
  }

  /** The revision of the present template: found, renumbered or made. */
  async latest(owner: T): Promise<ControllerRevision> {
    await this.#adopt(owner);
    const data = revisionData(owner.spec.template);
    const { match, number } = decideRevision(this.of(owner), data);
    if (!match) return this.#make(owner, data, number);
    return Number(match.revision) === number ? match : this.#patch(match, { revision: number });
  }

  /** Deletes the oldest that are not `isLive`, beyond spec.revisionHistoryLimit. */
  async trim(owner: T, isLive: (revision: ControllerRevision) => boolean): Promise<void> {
    const limit = owner.spec.revisionHistoryLimit ?? DEFAULT_LIMIT;
    for (const revision of surplusRevisions(this.of(owner), isLive, limit)) {
      const { uid } = revision.metadata;
      try {
        await this.#options.client.delete(controllerRevisions, keyOf(revision), { preconditions: { uid } });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
      this.#written.deleted(revision);
    }
  }

  /** An owner that was deleted with its pods left behind, and made again, goes on where it was. */
  async #adopt(owner: T): Promise<void> {
    const revisions = this.#written.list(owner.metadata.namespace ?? '');
    const { adopt } = claimsOf(owner, selectorOf(owner), revisions);
    await this.#claims.write(owner, { adopt, release: [] });
  }

  async #make(owner: T, data: JsonObject, number: number): Promise<ControllerRevision> {
    for (let collisions = 0; ; collisions++) {
      const revision = this.#newRevision(owner, data, number, revisionHash(data, collisions));
      try {
        const made = await this.#options.client.create<ControllerRevision>(controllerRevisions, revision);
        this.#written.wrote(made);
        return made;
      } catch (error) {
        if (!isAlreadyExists(error)) throw error;
        const there = await this.#options.client.get(controllerRevisions, keyOf(revision));
        if (controllerOf(there)?.uid === owner.metadata.uid && keepsTemplate(there, data)) return there;
      }
    }
  }

  #newRevision(owner: T, data: JsonObject, revision: number, hash: string) {
    const { name, namespace = '', annotations } = owner.metadata;
    const labels = { ...owner.spec.template.metadata?.labels, [this.#hashLabel]: hash };
    const metadata = {
      name: `${name}-${hash}`,
      namespace,
      labels,
      ...(annotations ? { annotations: { ...annotations } } : {}),
      ownerReferences: [controllerReference(owner)],
    };
    return { apiVersion: 'apps/v1', kind: 'ControllerRevision', metadata, data, revision };
  }

  async #patch(revision: ControllerRevision, body: object): Promise<ControllerRevision> {
    const { client } = this.#options;
    const patched = await client.patch(controllerRevisions, keyOf(revision), { type: 'merge', body });
    this.#written.wrote(patched);
    return patched;
  }
}
