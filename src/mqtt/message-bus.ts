// The broker as the master's own rooms see it: no socket, no limits, no authority to ask.

export interface PublishOptions {
  retain: boolean;
  qos: 0 | 1;
}

export const RETAINED: PublishOptions = { retain: true, qos: 1 };
export const PASSING: PublishOptions = { retain: false, qos: 1 };

/** What a board or the master wrote; an empty payload means: deleted. */
export interface BusMessage {
  topic: string;
  payload: Uint8Array;
}

export interface MessageBus {
  /** Sends `message` as JSON; `undefined` sends the empty payload, which deletes a retained message. */
  publish(topic: string, message: object | undefined, options: PublishOptions): void;
  /** Calls `handler` with every message whose topic the filter matches, from now on; returns the way out. */
  subscribe(filter: string, handler: (message: BusMessage) => void): () => void;
  /** Retained messages that the filter matches. */
  retained(filter: string): Iterable<BusMessage>;
}
