// An agent's MQTT session without MQTT: tests open and close it, and decide when the broker has a message.
import type { AgentBus } from '../../src/mqtt/agent-bus.ts';

interface Sent {
  topic: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever was published.
  message: any;
  resolve: () => void;
  reject: (error: Error) => void;
}

export class MemorySession implements AgentBus {
  sessionId: string | undefined;
  /** Messages that the broker has not acknowledged. */
  waiting: Sent[] = [];
  readonly acknowledged: Sent[] = [];

  publish(topic: string, message: object | undefined): Promise<void> {
    if (!this.sessionId) return Promise.reject(new Error('no session'));
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.waiting.push({ topic, message, resolve, reject });
    return promise;
  }

  onOpen(): () => void {
    return () => {};
  }

  onClose(): () => void {
    return () => {};
  }

  /** The broker has the first `count` messages, all unless said. */
  acknowledge(count = this.waiting.length): void {
    for (const sent of this.waiting.splice(0, count)) {
      this.acknowledged.push(sent);
      sent.resolve();
    }
  }

  /** The connection breaks: what was not acknowledged is lost. */
  lose(): void {
    this.sessionId = undefined;
    for (const { reject } of this.waiting.splice(0)) reject(new Error('connection lost'));
  }
}
