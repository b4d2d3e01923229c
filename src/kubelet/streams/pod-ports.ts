// Connections to the ports of pods. The pod's address is tried first, as that costs nothing; what listens on the pod's
// own loopback alone is reached by a process inside its network, which is there only while somebody asks for it.
import type { Socket } from 'node:net';
import type { SessionPlace } from '../../api/session.ts';
import type { Clock, Timer } from '../../base/clock.ts';
import { DialError, dial, dialLoopback } from './dial.ts';
import { LoopbackProcess } from './loopback-process.ts';

/** Where a pod's ports are, as its board sees them now. */
export interface PodNetwork {
  /** Of its sandbox: another one has another network. */
  id: string;
  /** Of the pod; the board's own with hostNetwork. */
  address: string;
  /** With hostNetwork it is the board's. */
  isBoards: boolean;
  /** A process in it. */
  pid: number | undefined;
}

export interface PodPortsOptions {
  /** @throws StatusError while the pod has none. */
  podNetwork(place: SessionPlace): PodNetwork;
  clock: Clock;
}

/** A pod that drops packets would hold the client for minutes. */
const DIAL_TIMEOUT_MS = 10_000;
/** The way there is one bridge: after this long the address is held back by the pod itself. */
const ADDRESS_TIMEOUT_MS = 3_000;
/** A browser's next request finds the process still there; it costs some 10 MB while it is. */
const KEEP_PROCESS_MS = 30_000;

interface Kept {
  process: LoopbackProcess;
  timer: Timer;
}

export class PodPorts {
  readonly #options: PodPortsOptions;
  /** By id of the sandbox. */
  readonly #kept = new Map<string, Kept>();

  constructor(options: PodPortsOptions) {
    this.#options = options;
  }

  stop(): void {
    for (const id of [...this.#kept.keys()]) this.#end(id);
  }

  /** To what users see of the pod, as proxied requests go. Paused. @throws StatusError, DialError */
  async connectToAddress(place: SessionPlace, port: number): Promise<Socket> {
    return dial(this.#options.podNetwork(place).address, port, DIAL_TIMEOUT_MS);
  }

  /** To whatever listens in the pod, as port-forward goes. Paused. @throws StatusError, DialError */
  async connect(place: SessionPlace, port: number): Promise<Socket> {
    const { id, address, isBoards, pid } = this.#options.podNetwork(place);
    if (isBoards) return dialLoopback(port, DIAL_TIMEOUT_MS);
    try {
      return await dial(address, port, ADDRESS_TIMEOUT_MS);
    } catch (error) {
      if (!(error instanceof DialError) || pid === undefined) throw error;
      return this.#process(id, pid).connect(port);
    }
  }

  #process(id: string, pid: number): LoopbackProcess {
    const kept = this.#kept.get(id);
    const process = kept?.process.isAlive ? kept.process : started(pid);
    kept?.timer.cancel();
    const timer = this.#options.clock.after(KEEP_PROCESS_MS, () => this.#end(id));
    this.#kept.set(id, { process, timer });
    return process;
  }

  #end(id: string): void {
    const kept = this.#kept.get(id);
    kept?.timer.cancel();
    kept?.process.stop();
    this.#kept.delete(id);
  }
}

function started(pid: number): LoopbackProcess {
  const process = new LoopbackProcess(pid);
  process.start();
  return process;
}
