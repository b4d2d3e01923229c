// Keeps one worker for each probe of a running container and writes the verdicts into the pod's record; a verdict
// that changes means another look at the pod. Without probes it holds nothing, and loads nothing.
import type { core, Pod } from '../../api/objects.ts';
import type { Clock } from '../../base/clock.ts';
import type { PodEntry } from '../pods/pod-entry.ts';
import type { PodEvents } from '../pods/pod-events.ts';
import { withContainer } from '../records/absorb.ts';
import type { ContainerRecord } from '../records/pod-record.ts';
import type { Runtime } from '../runtime/runtime.ts';
import {
  isProbeWanted,
  PROBE_KINDS,
  type ProbeKind,
  type ProbeResult,
  type ProbeVerdict,
  probeOf,
} from './probe.ts';
import { ProbeWorker } from './probe-worker.ts';

export interface PodProbesOptions {
  runtime: Pick<Runtime, 'execSync'>;
  clock: Clock;
  events: PodEvents;
  hostAddresses(): readonly string[];
  look(key: string): void;
  /** From 0 up to 1. */
  random?(): number;
}

interface Target {
  entry: PodEntry;
  pod: Pod;
  container: core.Container;
  kind: ProbeKind;
  containerId: string;
}

export class PodProbes {
  readonly #options: PodProbesOptions;
  /** By pod uid, then by container and kind. */
  readonly #workers = new Map<string, Map<string, ProbeWorker>>();

  constructor(options: PodProbesOptions) {
    this.#options = options;
  }

  /** Workers as the pod now needs them: none for what has ended, a new one for each new container. */
  sync(entry: PodEntry, pod: Pod | undefined): void {
    const wanted = pod ? targetsOf(entry, pod) : new Map<string, Target>();
    const workers = this.#workers.get(entry.uid) ?? new Map<string, ProbeWorker>();
    for (const [name, worker] of workers) {
      if (wanted.get(name)?.containerId === worker.containerId) continue;
      worker.stop();
      workers.delete(name);
    }
    for (const [name, target] of wanted) {
      if (!workers.has(name)) workers.set(name, this.#start(target));
    }
    if (workers.size > 0) this.#workers.set(entry.uid, workers);
    else this.#workers.delete(entry.uid);
  }

  stop(): void {
    for (const workers of this.#workers.values()) for (const worker of workers.values()) worker.stop();
    this.#workers.clear();
  }

  #start(target: Target): ProbeWorker {
    const { entry, container, kind, containerId } = target;
    const probe = probeOf(container, kind) as core.Probe;
    const record = entry.record.containers[container.name];
    const worker = new ProbeWorker({
      clock: this.#options.clock,
      probe,
      containerId,
      firstLookInMs: this.#firstLookInMs(probe, kind, record),
      verdict: record?.verdicts?.[kind],
      look: (signal) => this.#look(target, probe, signal),
      onResult: (result, verdict) => this.#noteResult(target, result, verdict),
    });
    worker.start();
    return worker;
  }

  /** After a restart of the agent many probes begin at once: they are spread over their periods. */
  #firstLookInMs(probe: core.Probe, kind: ProbeKind, record: ContainerRecord | undefined): number {
    const { clock, random = Math.random } = this.#options;
    if (record?.verdicts?.[kind]) return random() * (probe.periodSeconds ?? 10) * 1000;
    const delayMs = (probe.initialDelaySeconds ?? 0) * 1000;
    const startedMs = record?.startedAt === undefined ? clock.now() : Date.parse(record.startedAt);
    // A board's clock may have jumped since.
    return Math.min(delayMs, Math.max(0, startedMs + delayMs - clock.now()));
  }

  /** The code that knocks is loaded with the first probe of this board. */
  async #look(target: Target, probe: core.Probe, signal: AbortSignal): Promise<ProbeResult> {
    const { entry, pod, container, containerId } = target;
    const { runProbe } = await import('./run-probe.ts');
    const hostIP = this.#options.hostAddresses()[0];
    const podIP = (pod.spec.hostNetwork ? hostIP : entry.record.podIP) ?? '127.0.0.1';
    return runProbe({ runtime: this.#options.runtime, container, containerId, probe, podIP, signal });
  }

  #noteResult(target: Target, result: ProbeResult, verdict: ProbeVerdict | undefined): void {
    const { entry, pod, container, kind, containerId } = target;
    const record = entry.record.containers[container.name];
    if (record?.containerId !== containerId || record.ended) return;
    this.#tell(entry, pod, container.name, kind, result);
    if (verdict === undefined || record.verdicts?.[kind] === verdict) return;
    const verdicts = { ...record.verdicts, [kind]: verdict };
    entry.record = withContainer(entry.record, container.name, { ...record, verdicts });
    this.#options.look(entry.key);
  }

  #tell(entry: PodEntry, pod: Pod, name: string, kind: ProbeKind, { outcome, output }: ProbeResult): void {
    const { events } = this.#options;
    const title = `${kind[0]?.toUpperCase()}${kind.slice(1)}`;
    if (outcome === 'failure')
      events.warning(entry, pod, 'Unhealthy', `${title} probe failed: ${output}`, name);
    if (outcome === 'warning')
      events.warning(entry, pod, 'ProbeWarning', `${title} probe warning: ${output}`, name);
    if (outcome === 'unknown') {
      const message = `${title} probe errored and resulted in unknown state: ${output}`;
      events.warning(entry, pod, 'Unhealthy', message, name);
    }
  }
}

/** A pod that is being deleted is asked for its readiness only, so that it leaves its Services. */
function targetsOf(entry: PodEntry, pod: Pod): Map<string, Target> {
  const targets = new Map<string, Target>();
  const kinds = pod.metadata.deletionTimestamp ? (['readiness'] as const) : PROBE_KINDS;
  for (const container of [...(pod.spec.initContainers ?? []), ...pod.spec.containers]) {
    const record = entry.record.containers[container.name];
    if (!record?.containerId || record.ended) continue;
    const { containerId, verdicts } = record;
    for (const kind of kinds) {
      if (!isProbeWanted(container, kind, verdicts)) continue;
      targets.set(`${container.name}/${kind}`, { entry, pod, container, kind, containerId });
    }
  }
  return targets;
}
