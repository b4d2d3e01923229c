// The pod by pod part of a rolling update: one controller grows while the other shrinks, and as many pods as before are
// available throughout. Knows nothing but the two controllers, so it goes on wherever it was interrupted.
import type { ReplicationController } from '../api/objects.ts';
import { pause, poll } from './pause.ts';
import type { RollingContext } from './rolling-context.ts';
import { annotatedCount, DESIRED_REPLICAS, ORIGINAL_REPLICAS } from './rolling-controllers.ts';
import { availableCount, nextStep } from './rolling-step.ts';

type Controller = ReplicationController;

export class RollingWalk {
  readonly #rolling: RollingContext;

  constructor(rolling: RollingContext) {
    this.#rolling = rolling;
  }

  /** Until `next` has all of its pods and `old` none. @throws CliError when a step takes longer than --timeout. */
  async run(old: Controller, next: Controller): Promise<void> {
    const desired = annotatedCount(next, DESIRED_REPLICAS) ?? next.spec.replicas ?? 1;
    const original = annotatedCount(await this.#rolling.requests.get(old), ORIGINAL_REPLICAS) ?? desired;
    const keep = Math.min(desired, original);
    await this.#rolling.say(
      `Scaling up ${next.metadata.name} from ${next.spec.replicas ?? 0} to ${desired}, ` +
        `scaling down ${old.metadata.name} from ${old.spec.replicas ?? 0} to 0 (keep ${keep} pods available, don't exceed ${desired + 1} pods)`,
    );
    let isFirst = true;
    for (;;) {
      const step = await this.#awaitStep(old, next, desired, keep);
      if (step.do === 'finish') return;
      const target = step.do === 'scale-new' ? next : old;
      if (step.do === 'scale-new' && !isFirst) await pause(this.#rolling.io, this.#rolling.times.periodMs);
      isFirst = false;
      const direction = step.do === 'scale-new' ? 'up' : 'down';
      await this.#rolling.say(`Scaling ${target.metadata.name} ${direction} to ${step.to}`);
      await this.#rolling.requests.scale(target, step.to);
    }
  }

  #awaitStep(old: Controller, next: Controller, desired: number, keep: number) {
    const { intervalMs, timeoutMs } = this.#rolling.times;
    const message =
      `timed out waiting for pods of ${next.metadata.name} to become available: nothing was lost; ` +
      'mend them and run the command again, or undo with --rollback';
    return poll(this.#rolling.io, { intervalMs, timeoutMs, message }, async () => {
      const [older, newer] = await Promise.all([
        this.#rolling.requests.get(old),
        this.#rolling.requests.get(next),
      ]);
      const isSettled = [older, newer].every(({ spec, status, metadata }) => {
        const isSeen = (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);
        return isSeen && status?.replicas === (spec.replicas ?? 1);
      });
      if (!isSettled) return undefined;
      const step = nextStep({
        oldReplicas: older.spec.replicas ?? 1,
        newReplicas: newer.spec.replicas ?? 1,
        oldAvailable: await this.#available(older),
        newAvailable: await this.#available(newer),
        desired,
        keep,
      });
      return step.do === 'wait' ? undefined : step;
    });
  }

  async #available(rc: Controller): Promise<number> {
    const pods = await this.#rolling.requests.podsOf(rc);
    return availableCount(pods, rc.spec.minReadySeconds ?? 0, this.#rolling.io.now());
  }
}
