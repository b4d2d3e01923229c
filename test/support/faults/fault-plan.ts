// Which process dies in which moment of which change: drawn from a seed, so that a run that failed can be repeated.
import { seededRandom } from '../seeded-random.ts';

export const VICTIMS = [
  'agent',
  'conmon',
  'pause',
  'podman',
  'podman and its children',
  'OCI runtime',
] as const;
/** Named after what the board shows of it first. */
export const MOMENTS = ['create', 'start', 'delete'] as const;
export type Victim = (typeof VICTIMS)[number];
export type Moment = (typeof MOMENTS)[number];

export interface Fault {
  victim: Victim;
  moment: Moment;
  /** From the first sign of the moment to the kill. */
  delayMs: number;
  /** How many pods the change leads to. */
  replicas: number;
  /** All pods of the change are deleted as well, and made anew. */
  replaces: boolean;
}

/** A create, a start and a delete each take less on an idle machine. */
const WINDOW_MS = 150;
const MOST_PODS = 4;

/** Every victim meets every moment once in eighteen rounds, in an order of the seed's. */
export function faultPlan(seed: number, rounds: number): Fault[] {
  const random = seededRandom(seed);
  const faults: Fault[] = [];
  let replicas = 0;
  let left: Pick<Fault, 'victim' | 'moment'>[] = [];
  for (let round = 0; round < rounds; round++) {
    if (left.length === 0) left = VICTIMS.flatMap((victim) => MOMENTS.map((moment) => ({ victim, moment })));
    const [chosen] = left.splice(Math.floor(random() * left.length), 1);
    if (!chosen) throw new Error('no victims');
    const delayMs = Math.floor(random() * WINDOW_MS);
    const next = nextReplicas(chosen.moment, replicas, random);
    // Also on the way down there must be something to delete, on the way up something to make.
    const replaces = replicas > 0 && (next === replicas || random() < 0.4);
    faults.push({ ...chosen, delayMs, replicas: next, replaces });
    replicas = next;
  }
  return faults;
}

function nextReplicas(moment: Moment, now: number, random: () => number): number {
  const room = MOST_PODS - now;
  if (moment === 'delete') return now > 1 ? 1 + Math.floor(random() * (now - 1)) : Math.max(now, 1);
  return room > 0 ? now + 1 + Math.floor(random() * room) : now;
}
