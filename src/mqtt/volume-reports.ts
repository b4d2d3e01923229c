// nodes/N/observed/volumes: what became of the volumes that the board was to remove. The latest wins and every new
// session hears it; a board that has nothing to say stays silent.
import type { Logger } from '../base/logger.ts';
import type { AgentBus } from './agent-bus.ts';
import { RETAINED } from './message-bus.ts';
import type { ObservedVolume } from './messages.ts';
import { topics } from './topics.ts';

export interface VolumeReportsOptions {
  node: string;
  bus: AgentBus;
  logger: Logger;
}

export class VolumeReports {
  readonly #options: VolumeReportsOptions;
  #volumes: Readonly<Record<string, ObservedVolume>> | undefined;

  constructor(options: VolumeReportsOptions) {
    this.#options = options;
  }

  report(volumes: Readonly<Record<string, ObservedVolume>>): void {
    if (!this.#volumes && Object.keys(volumes).length === 0) return;
    if (JSON.stringify(volumes) === JSON.stringify(this.#volumes)) return;
    this.#volumes = volumes;
    this.#send();
  }

  beginSession(): void {
    if (this.#volumes) this.#send();
  }

  #send(): void {
    const { node, bus, logger } = this.#options;
    const session = bus.sessionId;
    if (!session) return;
    const message = { session, volumes: this.#volumes };
    bus
      .publish(topics.observedVolumes(node), message, RETAINED)
      .catch((error: unknown) => logger.debug({ err: error }, 'volumes not sent: the next session says it'));
  }
}
