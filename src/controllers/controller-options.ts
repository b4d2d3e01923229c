// What every controller is given.
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Client } from '../client/client.ts';
import type { EventSink } from '../client/event-recorder.ts';
import type { InformerFactory } from '../client/informer-factory.ts';
import type { QueueFigures } from '../client/queue-figures.ts';

export interface ControllerOptions {
  client: Client;
  /** Started before any controller. */
  informers: InformerFactory;
  clock: Clock;
  logger: Logger;
  recorder: EventSink;
  /** Told of every queue; nobody looks unless said. */
  figures?: QueueFigures | undefined;
}
