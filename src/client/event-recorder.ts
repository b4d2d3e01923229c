// Events that people read in `describe`: the same happening again raises a count instead of making a new object, many
// that differ in their words alone become one, a frequent reason drowns neither another object nor a rarer reason, and
// recording never makes a loop wait or fail.
// Source: client-go tools/record/events_cache.go EventCorrelator
// https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/
import { events } from '../api/kinds/event.ts';
import { type Event, type KubeObject, keyOf, timestamp } from '../api/objects.ts';
import { isNotFound } from '../api/status-error.ts';
import type { Clock } from '../base/clock.ts';
import type { Component } from '../base/component.ts';
import type { Logger } from '../base/logger.ts';
import type { Client } from './client.ts';
import { SimilarEvents } from './similar-events.ts';
import { SpamFilter } from './spam-filter.ts';

export interface RecordedEvent {
  /** What it is about; only kind, apiVersion, namespace, name, uid and resourceVersion are read. */
  object: Pick<KubeObject, 'apiVersion' | 'kind'> & {
    metadata: { name: string; namespace?: string; uid?: string; resourceVersion?: string };
  };
  type: 'Normal' | 'Warning';
  /** CamelCase, such as `FailedScheduling`. */
  reason: string;
  message: string;
  /** Who says so, such as `default-scheduler`. */
  component: string;
  /** The node that says so, where one does. */
  host?: string;
  /** Such as `spec.containers{web}`. */
  fieldPath?: string;
  /** How often, where whoever says so has counted; once unless given. */
  count?: number;
  /** How long ago; now unless given. */
  ago?: { firstMs: number; lastMs: number };
}

/** What loops take: they only ever record. */
export interface EventSink {
  record(event: RecordedEvent): void;
}

export interface EventRecorderOptions {
  client: Client;
  clock: Clock;
  logger: Logger;
}

/** The event object in which the same happenings are counted. */
interface Series {
  key: string;
  /** Those that were left out are counted, too, and shown with the next one that is not. */
  count: number;
}

interface Waiting {
  event: RecordedEvent;
  id: string;
  firstMs: number;
  lastMs: number;
}

const MAX_SERIES = 1024;
const MAX_WAITING = 512;
/** Upstream's words. */
const COMBINED = '(combined from similar events): ';

export class EventRecorder implements Component, EventSink {
  readonly #options: EventRecorderOptions;
  readonly #spam: SpamFilter;
  readonly #similar: SimilarEvents;
  /** In the order of their last use, so that the first is the one to forget. */
  readonly #series = new Map<string, Series>();
  readonly #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  #isRunning = false;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#spam = new SpamFilter(options.clock);
    this.#similar = new SimilarEvents(options.clock);
  }

  async start(): Promise<void> {
    this.#isRunning = true;
    this.#pump();
  }

  /** Ends after the event that is being written; events are volatile, so what waits is let go. */
  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#waiting.length = 0;
    await this.#writing;
  }

  /** Resolves when everything recorded so far is written. */
  async idle(): Promise<void> {
    while (this.#writing) await this.#writing;
  }

  record(happened: RecordedEvent): void {
    const kind = kindIdOf(happened);
    const isCombined = this.#similar.isCombined(kind, happened.message);
    const event = isCombined ? { ...happened, message: `${COMBINED}${happened.message}` } : happened;
    const id = isCombined ? kind : [kind, happened.fieldPath ?? '', happened.message].join('\n');
    const isTold = this.#waiting.length < MAX_WAITING && this.#spam.allows(kind);
    const nowMs = this.#options.clock.now();
    const { firstMs, lastMs } = event.ago ?? { firstMs: 0, lastMs: 0 };
    if (isTold) this.#waiting.push({ event, id, firstMs: nowMs - firstMs, lastMs: nowMs - lastMs });
    else this.#leaveOut(event, id);
    this.#pump();
  }

  #leaveOut({ reason, object, count = 1 }: RecordedEvent, id: string): void {
    const series = this.#series.get(id);
    if (series) series.count += count;
    this.#options.logger.debug({ reason, kind: object.kind, name: object.metadata.name }, 'event left out');
  }

  #pump(): void {
    if (this.#writing || !this.#isRunning || this.#waiting.length === 0) return;
    this.#writing = this.#drain().finally(() => {
      this.#writing = undefined;
      this.#pump();
    });
  }

  async #drain(): Promise<void> {
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      try {
        await this.#write(next);
      } catch (error) {
        this.#options.logger.debug({ err: error, reason: next.event.reason }, 'event could not be written');
      }
    }
  }

  async #write(waiting: Waiting): Promise<void> {
    const { id } = waiting;
    const known = this.#series.get(id);
    const isRaised = known !== undefined && (await this.#raise(known, waiting));
    const series = isRaised ? known : await this.#create(waiting);
    this.#series.delete(id);
    this.#series.set(id, series);
    const oldest = this.#series.keys().next().value;
    if (this.#series.size > MAX_SERIES && oldest !== undefined) this.#series.delete(oldest);
  }

  /** False when the event object is gone: its hour was over, or somebody deleted it. */
  async #raise(series: Series, { event, lastMs }: Waiting): Promise<boolean> {
    const { message, count = 1 } = event;
    const body = { count: series.count + count, lastTimestamp: timestamp(lastMs), message };
    try {
      await this.#options.client.patch(events, series.key, { type: 'merge', body });
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
    series.count += count;
    return true;
  }

  async #create(waiting: Waiting): Promise<Series> {
    const { event } = waiting;
    const namespace = event.object.metadata.namespace ?? 'default';
    const created = await this.#options.client.create<Event>(events, {
      ...eventObject(waiting),
      metadata: { generateName: `${event.object.metadata.name}.`, namespace },
    });
    return { key: keyOf(created), count: event.count ?? 1 };
  }
}

/** All but the message and the part of the object. */
function kindIdOf({ component, host, object, type, reason }: RecordedEvent): string {
  const { namespace, name, uid } = object.metadata;
  const who = [component, host ?? '', object.kind, namespace ?? '', name, uid ?? ''];
  return [...who, type, reason].join('\n');
}

function eventObject({ event, firstMs, lastMs }: Waiting): Omit<Event, 'metadata'> {
  const { object, component, host, fieldPath, count = 1 } = event;
  const { namespace, name, uid, resourceVersion } = object.metadata;
  return {
    apiVersion: 'v1',
    kind: 'Event',
    involvedObject: {
      apiVersion: object.apiVersion,
      kind: object.kind,
      name,
      ...(namespace ? { namespace } : {}),
      ...(uid ? { uid } : {}),
      ...(resourceVersion ? { resourceVersion } : {}),
      ...(fieldPath ? { fieldPath } : {}),
    },
    type: event.type,
    reason: event.reason,
    message: event.message,
    source: { component, ...(host ? { host } : {}) },
    firstTimestamp: timestamp(firstMs),
    lastTimestamp: timestamp(lastMs),
    count,
    reportingComponent: component,
    reportingInstance: host ?? '',
  };
}
