// The clients of one UDP port: each has an endpoint of its own for as long as it keeps talking. Bounded: at the
// limit the flow that has been quiet longest makes room, and one that spoke a moment ago does not.

export interface Flow {
  readonly endpoint: string;
  /** Monotonic. */
  readonly bornMs: number;
  lastMs: number;
  hasAnswer: boolean;
  end(): void;
}

/** Each flow holds one file descriptor of the agent. */
export const MAX_FLOWS = 1024;
/** Together with the limit: what a flood of new clients may cost per second. */
const MIN_QUIET_MS = 2_000;
/** As the kernel's own tracking of connections (nf_conntrack_udp_timeout and …_timeout_stream). */
const LONELY_MS = 30_000;
const STREAM_MS = 120_000;
const STREAM_AGE_MS = 2_000;

export class UdpFlows<F extends Flow> {
  /** The quietest first. */
  readonly #flows = new Map<string, F>();

  get size(): number {
    return this.#flows.size;
  }

  /** The client has spoken. */
  find(client: string, nowMs: number): F | undefined {
    const flow = this.#flows.get(client);
    if (!flow) return undefined;
    flow.lastMs = nowMs;
    this.#flows.delete(client);
    this.#flows.set(client, flow);
    return flow;
  }

  /** False: there is no room for one more. Ends the quietest where that makes room. */
  hasRoom(nowMs: number): boolean {
    if (this.#flows.size < MAX_FLOWS) return true;
    for (const [client, flow] of this.#flows) {
      if (nowMs - flow.lastMs < MIN_QUIET_MS) return false;
      this.end(client);
      return true;
    }
    return false;
  }

  add(client: string, flow: F): void {
    this.#flows.set(client, flow);
  }

  end(client: string): void {
    const flow = this.#flows.get(client);
    this.#flows.delete(client);
    flow?.end();
  }

  endIdle(nowMs: number): void {
    this.#endWhere((flow) => nowMs - flow.lastMs >= idleLimitMs(flow));
  }

  endTo(isOver: (endpoint: string) => boolean): void {
    this.#endWhere((flow) => isOver(flow.endpoint));
  }

  endAll(): void {
    this.#endWhere(() => true);
  }

  #endWhere(isOver: (flow: F) => boolean): void {
    for (const [client, flow] of this.#flows) if (isOver(flow)) this.end(client);
  }
}

function idleLimitMs({ hasAnswer, lastMs, bornMs }: Flow): number {
  return hasAnswer && lastMs - bornMs >= STREAM_AGE_MS ? STREAM_MS : LONELY_MS;
}
