// The beginning of a rolling update: both controllers are marked so that an interrupted update is found again, and the
// new one is made with no pod yet.
import type { ReplicationController } from '../api/objects.ts';
import { CliError } from './cli-error.ts';
import type { RollingContext } from './rolling-context.ts';
import {
  annotatedCount,
  DEPLOYMENT_LABEL,
  DESIRED_REPLICAS,
  isSameSource,
  NEXT_CONTROLLER,
  ORIGINAL_REPLICAS,
  SOURCE_ID,
  sourceIdOf,
  templateHashOf,
} from './rolling-controllers.ts';

type Controller = ReplicationController;

export class RollingBeginning {
  readonly #rolling: RollingContext;

  constructor(rolling: RollingContext) {
    this.#rolling = rolling;
  }

  /** Pods of the old one get a label of their own first, so that a narrower selector loses none of them. */
  async labelOld(old: Controller, nextName: string): Promise<Controller> {
    const annotations = { [NEXT_CONTROLLER]: nextName };
    if (old.spec.selector?.[DEPLOYMENT_LABEL])
      return this.#rolling.requests.patch(old, { metadata: { annotations } });
    const label = { [DEPLOYMENT_LABEL]: templateHashOf(old) };
    const template = { metadata: { labels: label } };
    await this.#rolling.requests.patch(old, { metadata: { annotations }, spec: { template } });
    for (const pod of await this.#rolling.requests.podsOf(old))
      await this.#rolling.requests.labelPod(pod, label);
    return this.#rolling.requests.patch(old, { spec: { selector: label } });
  }

  /** The new one with no pod yet, or the one that an interrupted update had made. */
  async begin(old: Controller, planned: Controller): Promise<Controller> {
    if (annotatedCount(old, ORIGINAL_REPLICAS) === undefined) {
      const annotations = { [ORIGINAL_REPLICAS]: String(old.spec.replicas ?? 1) };
      await this.#rolling.requests.patch(old, { metadata: { annotations } });
    }
    return (await this.#resume(old, planned)) ?? this.#createNew(old, planned);
  }

  async #resume(old: Controller, planned: Controller): Promise<Controller | undefined> {
    const existing = await this.#rolling.requests.find(planned.metadata.name);
    if (!existing) return undefined;
    const { name } = existing.metadata;
    if (!isSameSource(existing, old)) {
      throw new CliError(
        `replicationcontroller "${name}" exists and is no update of ${old.metadata.name}: ` +
          'delete it or choose another name',
      );
    }
    await this.#rolling.say(`Found existing update in progress (${name}), resuming.`);
    return existing;
  }

  async #createNew(old: Controller, planned: Controller): Promise<Controller> {
    const desired = planned.spec.replicas ?? annotatedCount(old, ORIGINAL_REPLICAS) ?? old.spec.replicas ?? 1;
    const annotations = {
      ...planned.metadata.annotations,
      [SOURCE_ID]: sourceIdOf(old),
      [DESIRED_REPLICAS]: String(desired),
    };
    const metadata = { ...planned.metadata, annotations };
    const body = { ...planned, metadata, spec: { ...planned.spec, replicas: 0 } };
    const created = await this.#rolling.requests.create(body);
    await this.#rolling.say(`Created ${created.metadata.name}`);
    return created;
  }
}
