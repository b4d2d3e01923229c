// What a probe is and how it can turn out.
// https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/
import type { core } from '../../api/objects.ts';

export type ProbeKind = 'startup' | 'liveness' | 'readiness';
export const PROBE_KINDS: readonly ProbeKind[] = ['startup', 'liveness', 'readiness'];

/** One look. `warning` counts as success, `unknown` (the probe itself did not work) changes nothing. */
export interface ProbeResult {
  outcome: 'success' | 'warning' | 'failure' | 'unknown';
  /** Upstream's words, for the event. */
  output: string;
}

/** What the thresholds make of the looks; absent until they have spoken. */
export type ProbeVerdict = 'success' | 'failure';
export type ProbeVerdicts = Partial<Record<ProbeKind, ProbeVerdict>>;

type Probed = Pick<core.Container, 'startupProbe' | 'livenessProbe' | 'readinessProbe'>;

export function probeOf(container: Probed, kind: ProbeKind): core.Probe | undefined {
  return container[`${kind}Probe`];
}

export function isStarted(container: Probed, verdicts: ProbeVerdicts = {}): boolean {
  return container.startupProbe === undefined || verdicts.startup === 'success';
}

/** As far as the container's own probes tell. */
export function isReady(container: Probed, verdicts: ProbeVerdicts = {}): boolean {
  if (!isStarted(container, verdicts)) return false;
  return container.readinessProbe === undefined || verdicts.readiness === 'success';
}

/** The probe for whose sake the container has to be stopped. */
export function failedProbe(container: Probed, verdicts: ProbeVerdicts = {}): ProbeKind | undefined {
  if (container.livenessProbe && verdicts.liveness === 'failure') return 'liveness';
  return container.startupProbe && verdicts.startup === 'failure' ? 'startup' : undefined;
}

/** Whether more looks could change anything. */
export function isProbeWanted(container: Probed, kind: ProbeKind, verdicts: ProbeVerdicts = {}): boolean {
  if (!probeOf(container, kind)) return false;
  if (kind === 'startup') return verdicts.startup === undefined;
  return isStarted(container, verdicts) && (kind === 'readiness' || verdicts.liveness !== 'failure');
}
