// The end of a rolling update: its marks go, and with `--image` the new controller takes the old one's name.
import type { ReplicationController } from '../api/objects.ts';
import { poll } from './pause.ts';
import type { RollingContext } from './rolling-context.ts';
import { DESIRED_REPLICAS, NEXT_CONTROLLER, ORIGINAL_REPLICAS, SOURCE_ID } from './rolling-controllers.ts';

type Controller = ReplicationController;

/** A removal is quicker than a pod's start, so it is not waited for at the pace of --poll-interval. */
const GONE_INTERVAL_MS = 200;

export class RollingHandover {
  readonly #rolling: RollingContext;

  constructor(rolling: RollingContext) {
    this.#rolling = rolling;
  }

  /** Under the name that `next` has: `old` goes, and its last marks. */
  async replace(old: Controller, next: Controller): Promise<void> {
    await this.#forgetUpdate(next);
    await this.#rolling.say(`Update succeeded. Deleting ${old.metadata.name}`);
    await this.#rolling.requests.delete(old.metadata.name, 'Background');
  }

  /** With --image the new one takes the old one's name: its pods stay, and are adopted. */
  async rename(old: Controller, next: Controller): Promise<void> {
    await this.#rolling.say(`Update succeeded. Deleting old controller: ${old.metadata.name}`);
    await this.#rolling.requests.delete(old.metadata.name, 'Background');
    await this.takeName(next, old.metadata.name);
  }

  async takeName(next: Controller, name: string): Promise<void> {
    await this.#rolling.say(`Renaming ${next.metadata.name} to ${name}`);
    const current = await this.#rolling.requests.get(next);
    const {
      [SOURCE_ID]: _source,
      [DESIRED_REPLICAS]: _desired,
      ...annotations
    } = current.metadata.annotations ?? {};
    const { namespace, labels } = current.metadata;
    const metadata = { name, namespace, labels, annotations };
    await this.#rolling.requests.delete(next.metadata.name, 'Orphan');
    await this.#awaitGone(name);
    await this.#awaitGone(next.metadata.name);
    await this.#rolling.requests.create({
      apiVersion: 'v1',
      kind: 'ReplicationController',
      metadata,
      spec: current.spec,
    });
  }

  #forgetUpdate(rc: Controller): Promise<Controller> {
    const names = [SOURCE_ID, DESIRED_REPLICAS, ORIGINAL_REPLICAS, NEXT_CONTROLLER];
    const annotations = Object.fromEntries(names.map((name) => [name, null]));
    return this.#rolling.requests.patch(rc, { metadata: { annotations } });
  }

  async #awaitGone(name: string): Promise<void> {
    const { intervalMs, timeoutMs } = this.#rolling.times;
    const message = `timed out waiting for ${name} to be gone: run the command again`;
    const times = { intervalMs: Math.min(intervalMs, GONE_INTERVAL_MS), timeoutMs, message };
    await poll(this.#rolling.io, times, async () =>
      (await this.#rolling.requests.find(name)) ? undefined : true,
    );
  }
}
