// Every limit of the broker, and why it is that number.
import type { BacklogLimits } from './backlog.ts';

export interface BrokerLimits {
  /** Boards (1,024 fit the address plan) and a few that are about to be taken over by their own reconnect. */
  maxNodeConnections: number;
  /** Pods that publish numbers of their own; they are on the LAN's listener and must not take the boards' places. */
  maxAppConnections: number;
  /** People with MQTT Explorer or mosquitto_sub on the master itself. */
  maxInspectConnections: number;
  /** Reports that one board may keep retained: its 509 pods, as many that are being replaced, and its index. */
  maxRetainedPerNode: number;
  /** A pod's status is a few kB and a list of images tens of kB; boards send nothing larger. */
  maxPacketBytes: number;
  backlog: BacklogLimits;
  /** The net below the backlog limit: the longest that one write may wait for a client's socket. */
  drainTimeoutMs: number;
  /** Until TLS is up, and again until CONNECT has come. */
  connectTimeoutMs: number;
  /** Packets that a client may send before its CONNECT is answered. */
  queueLimit: number;
  /** The deepest topic, nodes/N/observed/pods/NS/NAME, has 8; an application's metrics have 7. */
  maxTopicLevels: number;
  /** Above this a pulled cable is noticed too late; agents use 3 s, which is noticed within 4.5 s. */
  maxNodeKeepaliveSeconds: number;
}

export const defaultBrokerLimits: BrokerLimits = {
  maxNodeConnections: 1100,
  maxAppConnections: 256,
  maxInspectConnections: 32,
  maxRetainedPerNode: 1100,
  maxPacketBytes: 512 * 1024,
  backlog: { allowedBytes: 2 * 1024 * 1024, allowedMs: 500, maxBytes: 8 * 1024 * 1024 },
  drainTimeoutMs: 3000,
  connectTimeoutMs: 10_000,
  queueLimit: 42,
  maxTopicLevels: 12,
  maxNodeKeepaliveSeconds: 15,
};
