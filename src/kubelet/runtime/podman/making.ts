// Makes and starts one container, or leaves nothing of it: what is half made is removed, never started again
// (podman and the OCI runtime may disagree about it, and a second start would then fail for ever).
import { type RuntimeContainer, RuntimeError } from '../runtime.ts';
import type { DiskReserve } from './disk-reserve.ts';
import type { Exits } from './exits.ts';
import { endHalfMade } from './half-made.ts';
import type { LibpodContainers } from './libpod-containers.ts';
import { isNameInUse } from './libpod-error.ts';
import type { StuckStarts } from './stuck-starts.ts';
import type { Truth } from './truth.ts';

/** The step that failed decides about the reason that the pod's status shows. */
export class MakingError extends Error {
  readonly step: 'create' | 'start';
  constructor(step: 'create' | 'start', cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.name = 'MakingError';
    this.step = step;
  }
}

export interface MakingOptions {
  containers: LibpodContainers;
  truth: Truth;
  exits: Exits;
  reserve: DiskReserve;
  stuckStarts: StuckStarts;
}

export class Making {
  readonly #options: MakingOptions;

  constructor(options: MakingOptions) {
    this.#options = options;
  }

  /** `spec.name` must be set. Rejects with a MakingError; nothing of that name is left then. */
  async run(spec: Record<string, unknown>): Promise<RuntimeContainer> {
    const { containers, truth, exits, reserve, stuckStarts } = this.#options;
    const name = String(spec.name);
    await reserve.take();
    const id = await this.#create(name, spec);
    exits.follow(id);
    try {
      await stuckStarts.during(id, () => containers.start(id));
      const made = await truth.inspect(id);
      if (!made || made.state === 'created') throw new Error(`${name} vanished while it was started`);
      return made;
    } catch (error) {
      exits.forget(id);
      if (isUnanswered(error)) await endHalfMade(id);
      await containers.remove(id);
      throw new MakingError('start', error);
    }
  }

  async #create(name: string, spec: Record<string, unknown>): Promise<string> {
    try {
      return await this.#options.containers.create(spec);
    } catch (error) {
      if (isUnanswered(error)) await this.#options.containers.remove(name);
      if (!isNameInUse(error) || !(await this.#clearName(name))) throw new MakingError('create', error);
    }
    return this.#options.containers.create(spec).catch((error) => {
      throw new MakingError('create', error);
    });
  }

  /** Removes what a killed podman left under the name, its bare storage too; not what runs or ran. */
  async #clearName(name: string): Promise<boolean> {
    const holder = await this.#options.containers.inspect(name);
    if (holder && holder.container.state !== 'created') return false;
    await this.#options.containers.remove(holder?.container.id ?? name);
    return true;
  }
}

/** podman died over it or waits for ever: whether the container was made, or half of it, is not known. */
function isUnanswered(error: unknown): boolean {
  return error instanceof RuntimeError && error.reason === 'RuntimeUnavailable';
}
