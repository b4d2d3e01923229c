// The MQTT session as the agent's views and publishers see it: it comes and goes, and each coming is a new
// session that knows nothing of what was said before.
import type { PublishOptions } from './message-bus.ts';

export interface AgentBus {
  /** Id of the open session; `undefined` while there is none. */
  readonly sessionId: string | undefined;
  /**
   * Sends `message` as JSON (`undefined` = empty). Resolves when the broker has it (QoS 1) or it is on its way
   * (QoS 0); rejects when the session ends before that, or when there is none.
   */
  publish(topic: string, message: object | undefined, options: PublishOptions): Promise<void>;
  onOpen(listener: (sessionId: string) => void): () => void;
  onClose(listener: (sessionId: string) => void): () => void;
}
