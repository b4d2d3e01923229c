// Whether boards fail one by one or many at once. Many at once is rarely many broken boards: a switch reboots, or
// a cable of the master was pulled. Then nothing is moved for a while, and after it one board at a time.
// https://kubernetes.io/docs/concepts/architecture/nodes/#rate-limits-on-eviction
import type { Node } from '../api/objects.ts';
import { readiness } from './node-taints.ts';

/** As upstream's zone states, for the cluster as one zone. */
export type Disruption = 'Normal' | 'PartialDisruption' | 'FullDisruption';

export interface DisruptionPolicy {
  /** --unhealthy-zone-threshold: more than this share of the boards being lost is a partial disruption. */
  unhealthyShare: number;
  /** --disruption-hold-period: from the start of a partial disruption nothing is moved for so long. */
  holdMs: number;
  /** One board after the other is given up in such steps once the hold is over; 1 / --secondary-node-eviction-rate. */
  stepMs: number;
  /** --node-startup-grace-period: boards get so long to report after the master has started. */
  startGraceMs: number;
}

/** Holds longer than a switch or an access point takes to restart. */
export const defaultDisruptionPolicy: DisruptionPolicy = {
  unhealthyShare: 0.5,
  holdMs: 120_000,
  stepMs: 10_000,
  startGraceMs: 20_000,
};

/** Of two boards one lost is half of the cluster, and still only one board: from three on a share means something. */
const FEWEST_BOARDS = 3;

/** A board that has never said anything counts neither way. */
export function disruptionOf(nodes: readonly Node[], unhealthyShare: number): Disruption {
  const judged = nodes.map(readiness).filter((ready) => ready !== undefined);
  const lost = judged.filter((ready) => ready !== 'True').length;
  if (lost === judged.length) return 'FullDisruption';
  const isPartial = judged.length >= FEWEST_BOARDS && lost / judged.length > unhealthyShare;
  return isPartial ? 'PartialDisruption' : 'Normal';
}

/** What is remembered between two looks: since when it is partial, and in which order boards were lost. */
export interface DisruptionRecord {
  sinceMs: number;
  /** Node names; those that came back are dropped, those lost later join at the end. */
  queue: readonly string[];
}

/**
 * The record after a look at the boards; `undefined` while nothing is held back. It lasts until all that were lost
 * together are back: the first of them to return does not mean that the others will not.
 */
export function nextRecord(
  record: DisruptionRecord | undefined,
  nodes: readonly Node[],
  policy: DisruptionPolicy,
  nowMs: number,
): DisruptionRecord | undefined {
  const lost = nodes
    .filter((node) => (readiness(node) ?? 'True') !== 'True')
    .map(({ metadata }) => metadata.name);
  const known = (record?.queue ?? []).filter((name) => lost.includes(name));
  const isNew = known.length === 0;
  if (isNew && disruptionOf(nodes, policy.unhealthyShare) !== 'PartialDisruption') return undefined;
  const late = lost.filter((name) => !known.includes(name)).sort();
  return { sinceMs: isNew ? nowMs : (record?.sinceMs ?? nowMs), queue: [...known, ...late] };
}

/** The earliest moment, in monotonic time, at which pods of this lost board may be moved. */
export function heldUntilMs(
  node: string,
  record: DisruptionRecord | undefined,
  policy: DisruptionPolicy,
): number {
  if (!record) return Number.NEGATIVE_INFINITY;
  const place = Math.max(record.queue.indexOf(node), 0);
  return record.sinceMs + policy.holdMs + place * policy.stepMs;
}
