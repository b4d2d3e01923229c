// podman's word about a container, corrected by what the board shows: a container whose conmon was killed stays
// `running` for podman when it dies, for ever.
import type { RuntimeContainer } from '../runtime.ts';
import { type Exits, isAlive } from './exits.ts';
import type { LibpodContainers } from './libpod-containers.ts';
import type { TerminationMessages } from './termination-messages.ts';

/** conmon needs a few milliseconds from a process' end to its exit file. */
const conmonDelayMs = 50;
const conmonTries = 20;

export class Truth {
  readonly #containers: LibpodContainers;
  readonly #exits: Exits;
  readonly #messages: TerminationMessages;

  constructor(containers: LibpodContainers, exits: Exits, messages: TerminationMessages) {
    this.#containers = containers;
    this.#exits = exits;
    this.#messages = messages;
  }

  /** What podman said of `container`, made true; from now on its end is told. */
  async of(container: RuntimeContainer): Promise<RuntimeContainer | undefined> {
    if (container.state !== 'running') return this.#withEnd(container);
    if (container.pid !== undefined && isAlive(container.pid)) {
      this.#exits.follow(container.id, container.pid);
      return container;
    }
    return this.#afterExit(container.id);
  }

  async inspect(id: string): Promise<RuntimeContainer | undefined> {
    const inspected = await this.#containers.inspect(id);
    return inspected && this.of(inspected.container);
  }

  /** Its process is gone and podman has not noticed: conmon is about to tell, or is gone too and never will. */
  async #afterExit(id: string): Promise<RuntimeContainer | undefined> {
    for (let attempt = 0; ; attempt++) {
      const inspected = await this.#containers.inspect(id);
      if (!inspected) return undefined;
      const { container, conmonPid } = inspected;
      if (container.state !== 'running') return this.#withEnd(container);
      // conmon is gone too: nobody else has podman clean up.
      if (conmonPid !== undefined && !isAlive(conmonPid)) this.#containers.foundUncleaned(id);
      const isToldSoon = conmonPid !== undefined && isAlive(conmonPid) && attempt < conmonTries;
      if (!isToldSoon) return this.#withEnd({ ...container, state: 'exited', pid: undefined });
      await new Promise((resolve) => setTimeout(resolve, conmonDelayMs));
    }
  }

  /** What podman does not tell of an end. */
  async #withEnd(container: RuntimeContainer): Promise<RuntimeContainer> {
    if (container.state !== 'exited' || container.containerName === undefined) return container;
    const oomKilled = container.oomKilled || this.#exits.wasOomKilled(container.id);
    return { ...container, oomKilled, message: await this.#messages.of(container) };
  }
}
