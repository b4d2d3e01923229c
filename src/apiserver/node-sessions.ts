// The port through which the API server asks a board for a stream; the gateway implements it over MQTT.
import type { SessionRequest } from '../api/session.ts';

export interface NodeSessions {
  /** Tells the board to dial back. Rejects with StatusError `ServiceUnavailable` when the board is not there. */
  request(nodeName: string, request: SessionRequest): Promise<void>;
}
