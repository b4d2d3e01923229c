// What the scheduler tells of a pod: events, the PodScheduled condition, the board that is being cleared for it. Each
// is written only when it says something new.
import { findCondition, observedBy, observing, withCondition } from '../api/conditions.ts';
import { pods } from '../api/kinds/pod.ts';
import { keyOf, type Pod } from '../api/objects.ts';
import { isConflict, isNotFound } from '../api/status-error.ts';
import type { Clock } from '../base/clock.ts';
import type { Client } from '../client/client.ts';
import type { EventSink } from '../client/event-recorder.ts';
import { markDisrupted } from '../client/mark-disrupted.ts';
import { DEFAULT_SCHEDULER } from './wake-ups.ts';

/** Upstream's NoteLengthLimit: an Event says no more, the condition says all. */
const MAX_EVENT_CHARS = 1024;

export interface PodReportsOptions {
  client: Client;
  clock: Clock;
  recorder: EventSink;
}

export class PodReports {
  readonly #options: PodReportsOptions;

  constructor(options: PodReportsOptions) {
    this.#options = options;
  }

  scheduled(pod: Pod, nodeName: string): void {
    this.#record(pod, 'Normal', 'Scheduled', `Successfully assigned ${keyOf(pod)} to ${nodeName}`);
  }

  /** `nominatedNodeName` as it is to stand in the status; `undefined` = as it is. */
  unschedulable(pod: Pod, message: string, nominatedNodeName?: string): Promise<void> {
    return this.#notScheduled(pod, { reason: 'Unschedulable', message }, nominatedNodeName);
  }

  /** It was not for want of a board. */
  failed(pod: Pod, message: string): Promise<void> {
    return this.#notScheduled(pod, { reason: 'SchedulerError', message }, '');
  }

  async #notScheduled(
    pod: Pod,
    why: { reason: string; message: string },
    nominatedNodeName?: string,
  ): Promise<void> {
    this.#record(pod, 'Warning', 'FailedScheduling', shortened(why.message));
    const condition = { type: 'PodScheduled', status: 'False', ...why, ...observing(pod) } as const;
    const known = findCondition(pod.status?.conditions, 'PodScheduled');
    const isSame = known?.status === 'False' && known.reason === why.reason && known.message === why.message;
    const isKnown = isSame && observedBy(known) === pod.metadata.generation;
    const isNominated = (nominatedNodeName ?? '') === (pod.status?.nominatedNodeName ?? '');
    if (isKnown && (nominatedNodeName === undefined || isNominated)) return;
    const conditions = withCondition(pod.status?.conditions, condition, this.#options.clock.now());
    await this.#patchStatus(pod, {
      conditions: conditions.filter(({ type }) => type === 'PodScheduled'),
      ...(nominatedNodeName === undefined ? {} : { nominatedNodeName: nominatedNodeName || null }),
    });
  }

  /** The board is being cleared for somebody more important. */
  notNominated(pod: Pod): Promise<void> {
    return this.#patchStatus(pod, { nominatedNodeName: null });
  }

  /** Says why, then asks the pod to go with its own grace. */
  async preempt(victim: Pod, preemptor: Pod, nodeName: string): Promise<void> {
    const message = `${DEFAULT_SCHEDULER}: preempting to accommodate a higher priority pod`;
    const { client, clock } = this.#options;
    await markDisrupted(client, victim, { reason: 'PreemptionByScheduler', message }, clock.now());
    try {
      const { uid } = victim.metadata;
      await client.delete(pods as never, keyOf(victim), { preconditions: { uid } });
    } catch (error) {
      if (isNotFound(error) || isConflict(error)) return;
      throw error;
    }
    this.#record(
      victim,
      'Normal',
      'Preempted',
      `Preempted by pod ${preemptor.metadata.uid} on node ${nodeName}`,
    );
  }

  #record(object: Pod, type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#options.recorder.record({ object, type, reason, message, component: DEFAULT_SCHEDULER });
  }

  /** Deleted (and perhaps made again) meanwhile: its successor is looked at by itself. */
  async #patchStatus({ metadata }: Pod, status: object): Promise<void> {
    const body = { metadata: { uid: metadata.uid }, status };
    try {
      await this.#options.client.patch(pods, keyOf({ metadata }), { type: 'strategic', body }, 'status');
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }
}

function shortened(message: string): string {
  return message.length <= MAX_EVENT_CHARS ? message : `${message.slice(0, MAX_EVENT_CHARS - 4)} ...`;
}
