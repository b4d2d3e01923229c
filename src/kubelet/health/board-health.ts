// The conditions of this board from beat to beat: bad at once, good again only after a quiet while, so that a supply
// that dips every few seconds does not make the Node flap. Rides on the heartbeat; says something only at a flip.
// https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/#node-condition-oscillation
import {
  type BoardCondition,
  type BoardConditionType,
  PRESSURES,
  type Pressure,
} from '../../api/board-conditions.ts';
import type { Clock } from '../../base/clock.ts';
import type { BoardLoad } from '../board/board-load.ts';
import { type Finding, findingsOf } from './board-findings.ts';
import { type Shortage, shortages, type Thresholds } from './thresholds.ts';

export interface BoardEvent {
  type: 'Normal' | 'Warning';
  reason: string;
  message: string;
}

export interface BoardHealthOptions {
  nodeName: string;
  clock: Clock;
  /** Upstream's and five minutes unless given. */
  thresholds?: Thresholds;
  quietMs?: number;
  /** All conditions, whenever one has flipped. */
  report(conditions: BoardCondition[]): void;
  event(event: BoardEvent): void;
  /** The board has too little of something now. */
  relieve(shortages: readonly Shortage[]): void;
}

/** Upstream's eviction-pressure-transition-period. */
export const QUIET_MS = 5 * 60_000;
const PRESSURE_EVENTS: Readonly<Record<Pressure, { bad: string; good: string }>> = {
  MemoryPressure: { bad: 'NodeHasInsufficientMemory', good: 'NodeHasSufficientMemory' },
  DiskPressure: { bad: 'NodeHasDiskPressure', good: 'NodeHasNoDiskPressure' },
  PIDPressure: { bad: 'NodeHasInsufficientPID', good: 'NodeHasSufficientPID' },
};

export class BoardHealth {
  readonly #options: BoardHealthOptions;
  /** When each was last seen to be bad, monotonic. */
  readonly #badAtMs = new Map<BoardConditionType, number>();
  #reported: BoardCondition[] = [];

  constructor(options: BoardHealthOptions) {
    this.#options = options;
  }

  /** Pressures that stand, for whoever admits pods. */
  get pressures(): ReadonlySet<Pressure> {
    return new Set(PRESSURES.filter((type) => this.#badAtMs.has(type)));
  }

  observe(load: BoardLoad): void {
    const short = shortages(load, this.#options.thresholds);
    const conditions = findingsOf(load, short).map((finding) => this.#conditionOf(finding));
    if (JSON.stringify(conditions) !== JSON.stringify(this.#reported)) this.#tell(conditions);
    if (short.length > 0) this.#options.relieve(short);
  }

  #conditionOf({ type, isBad, bad, good }: Finding): BoardCondition {
    const { clock, quietMs = QUIET_MS } = this.#options;
    const nowMs = clock.monotonicMs();
    const badAtMs = this.#badAtMs.get(type);
    if (isBad) this.#badAtMs.set(type, nowMs);
    else if (badAtMs !== undefined && nowMs - badAtMs >= quietMs) this.#badAtMs.delete(type);
    return this.#badAtMs.has(type) ? { type, status: 'True', ...bad } : { type, status: 'False', ...good };
  }

  #tell(conditions: BoardCondition[]): void {
    const before = new Map(this.#reported.map(({ type, status }) => [type, status]));
    this.#reported = conditions;
    this.#options.report(conditions);
    // A board that has just started says what is wrong, not all that is well.
    for (const condition of conditions) {
      if ((before.get(condition.type) ?? 'False') !== condition.status)
        this.#options.event(this.#eventOf(condition));
    }
  }

  #eventOf({ type, status, reason, message }: BoardCondition): BoardEvent {
    const words = PRESSURE_EVENTS[type as Pressure];
    if (!words) return { type: status === 'True' ? 'Warning' : 'Normal', reason, message };
    const name = status === 'True' ? words.bad : words.good;
    return { type: 'Normal', reason: name, message: `Node ${this.#options.nodeName} status is now: ${name}` };
  }
}
