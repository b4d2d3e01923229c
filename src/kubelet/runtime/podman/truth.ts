// podman's word about a container, corrected by what the board shows: a container whose conmon was killed stays
// `running` for podman when it dies, for ever.
import type { RuntimeContainer } from '../runtime.ts';
import { type Exits, isAlive } from './exits.ts';
import type { LibpodContainers } from './libpod-containers.ts';

/** conmon needs a few milliseconds from a process' end to its exit file. */
const conmonDelayMs = 50;
const conmonTries = 20;

export class Truth {
  readonly #containers: LibpodContainers;
  readonly #exits: Exits;

  constructor(containers: LibpodContainers, exits: Exits) {
    this.#containers = containers;
    this.#exits = exits;
  }

  /** What podman said of `container`, made true; from now on its end is told. */
  async of(container: RuntimeContainer): Promise<RuntimeContainer | undefined> {
    if (container.state !== 'running') return this.#withOom(container);
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
      if (container.state !== 'running') return this.#withOom(container);
      const isToldSoon = conmonPid !== undefined && isAlive(conmonPid) && attempt < conmonTries;
      if (!isToldSoon) return { ...container, state: 'exited', pid: undefined };
      await new Promise((resolve) => setTimeout(resolve, conmonDelayMs));
    }
  }

  #withOom(container: RuntimeContainer): RuntimeContainer {
    if (container.state !== 'exited' || container.oomKilled) return container;
    return { ...container, oomKilled: this.#exits.wasOomKilled(container.id) };
  }
}
