// Counts looks of the same outcome in a row until a threshold makes them a verdict. Pure.
import type { core } from '../../api/objects.ts';
import type { ProbeResult, ProbeVerdict } from './probe.ts';

export interface ProbeTally {
  /** The outcome of the last look that counted. */
  last: ProbeVerdict | undefined;
  inARow: number;
  /** As soon as a threshold has been reached, and from then on. */
  verdict: ProbeVerdict | undefined;
}

export function newTally(verdict: ProbeVerdict | undefined): ProbeTally {
  return { last: undefined, inARow: 0, verdict };
}

export function counted(before: ProbeTally, outcome: ProbeResult['outcome'], probe: core.Probe): ProbeTally {
  if (outcome === 'unknown') return before;
  const last = outcome === 'failure' ? 'failure' : 'success';
  const inARow = last === before.last ? before.inARow + 1 : 1;
  const threshold = last === 'failure' ? (probe.failureThreshold ?? 3) : (probe.successThreshold ?? 1);
  return { last, inARow, verdict: inARow >= threshold ? last : before.verdict };
}
