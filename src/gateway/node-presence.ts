// Which boards are here, judged by their states, last wills and heartbeats. All of it lives in memory: nothing
// is written for a beat. A will is a hint only: offline counts when no newer session shows within a second.
import type { Clock, Timer } from '../base/clock.ts';
import type { NodeBirth, NodeState } from '../mqtt/messages.ts';

export interface PresenceTimes {
  /** How long an offline of the current session waits for a newer session. */
  takeoverMs: number;
  /** Silence (no beat, no state) after which a board counts as gone: node-monitor-grace-period. */
  monitorGraceMs: number;
  /** For boards known from before: a master that has just started gives them time to come back. */
  startGraceMs: number;
}

export const defaultPresenceTimes: PresenceTimes = {
  takeoverMs: 1000,
  monitorGraceMs: 8000,
  startGraceMs: 20_000,
};

/** `awaited`: not heard of yet, and still within its grace. */
type Standing = 'awaited' | 'online' | 'offline';

export interface Presence {
  standing: Standing;
  session: string | undefined;
  birth: NodeBirth | undefined;
  problem: NodeState['problem'];
  conditions: NodeState['conditions'];
}

interface Entry extends Presence {
  deadlineMs: number;
  leaving: Timer | undefined;
}

export interface NodePresenceOptions {
  clock: Clock;
  times: PresenceTimes;
  /** The node's standing, birth or problem may have changed. */
  onChange: (node: string) => void;
}

/** A timer that is later than this was held up by the master itself, and so were the boards' beats. */
const OWN_STALL_MS = 2000;

export class NodePresence {
  readonly #options: NodePresenceOptions;
  readonly #entries = new Map<string, Entry>();
  #timer: { dueMs: number; timer: Timer } | undefined;

  constructor(options: NodePresenceOptions) {
    this.#options = options;
  }

  get(node: string): Presence | undefined {
    return this.#entries.get(node);
  }

  isOnline(node: string): boolean {
    return this.#entries.get(node)?.standing === 'online';
  }

  /** Whether the board is here and `session` is the one it speaks in. */
  isCurrent(node: string, session: string): boolean {
    const entry = this.#entries.get(node);
    return entry?.standing === 'online' && entry.session === session;
  }

  /** A node that the store knows: it is awaited, unless it is known here already. */
  expect(node: string): void {
    if (this.#entries.has(node)) return;
    const deadlineMs = this.#nowMs + this.#options.times.startGraceMs;
    const entry: Entry = {
      standing: 'awaited',
      session: undefined,
      birth: undefined,
      problem: undefined,
      conditions: undefined,
      deadlineMs,
      leaving: undefined,
    };
    this.#entries.set(node, entry);
    this.#arm(deadlineMs);
  }

  state(node: string, state: NodeState): void {
    if (state.online) this.#arrive(node, state);
    else this.#leave(node, state.session);
  }

  /** False when the beat is of no current session: the board has yet to say its state. */
  beat(node: string, session: string): boolean {
    const entry = this.#entries.get(node);
    if (entry?.session !== session) return false;
    this.#extend(entry);
    if (entry.standing !== 'online' && !entry.leaving) {
      entry.standing = 'online';
      this.#options.onChange(node);
    }
    return true;
  }

  /** The Node object was deleted: the board is a stranger until its next session. */
  forget(node: string): void {
    this.#entries.get(node)?.leaving?.cancel();
    this.#entries.delete(node);
  }

  stop(): void {
    this.#timer?.timer.cancel();
    this.#timer = undefined;
    for (const { leaving } of this.#entries.values()) leaving?.cancel();
    this.#entries.clear();
  }

  get #nowMs(): number {
    return this.#options.clock.monotonicMs();
  }

  #arrive(node: string, { session, birth, problem, conditions }: NodeState): void {
    const known = this.#entries.get(node);
    known?.leaving?.cancel();
    const entry: Entry = {
      standing: 'online',
      session,
      birth: birth ?? known?.birth,
      problem,
      conditions: conditions ?? known?.conditions,
      deadlineMs: 0,
      leaving: undefined,
    };
    this.#entries.set(node, entry);
    this.#extend(entry);
    this.#options.onChange(node);
  }

  #leave(node: string, session: string): void {
    const entry = this.#entries.get(node);
    if (entry?.session !== session || entry.leaving) return;
    entry.leaving = this.#options.clock.after(this.#options.times.takeoverMs, () => {
      entry.leaving = undefined;
      this.#lose(node, entry);
    });
  }

  #lose(node: string, entry: Entry): void {
    if (entry.standing === 'offline') return;
    entry.standing = 'offline';
    this.#options.onChange(node);
  }

  #extend(entry: Entry): void {
    entry.deadlineMs = this.#nowMs + this.#options.times.monitorGraceMs;
    this.#arm(entry.deadlineMs);
  }

  /** One timer for all boards, set to the earliest deadline when it was last looked for. */
  #arm(deadlineMs: number): void {
    if (this.#timer && this.#timer.dueMs <= deadlineMs) return;
    this.#timer?.timer.cancel();
    const timer = this.#options.clock.after(Math.max(deadlineMs - this.#nowMs, 0), () => this.#look());
    this.#timer = { dueMs: deadlineMs, timer };
  }

  #look(): void {
    const dueMs = this.#timer?.dueMs ?? this.#nowMs;
    this.#timer = undefined;
    const wasStalled = this.#nowMs - dueMs > OWN_STALL_MS;
    let next = Number.POSITIVE_INFINITY;
    for (const [node, entry] of this.#entries) {
      if (entry.standing === 'offline') continue;
      if (wasStalled)
        entry.deadlineMs = Math.max(entry.deadlineMs, this.#nowMs + this.#options.times.monitorGraceMs);
      if (entry.deadlineMs <= this.#nowMs) this.#lose(node, entry);
      else next = Math.min(next, entry.deadlineMs);
    }
    if (next !== Number.POSITIVE_INFINITY) this.#arm(next);
  }
}
