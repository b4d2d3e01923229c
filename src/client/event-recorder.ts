// Events that people read in `describe`: the same happening again raises a count instead of making a new
// object, one noisy object cannot drown the rest, and recording never makes a loop wait or fail.
// https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/
import { events } from '../api/kinds/event.ts';
import { type Event, type KubeObject, keyOf, timestamp } from '../api/objects.ts';
import { isNotFound } from '../api/status-error.ts';
import type { Clock } from '../base/clock.ts';
import type { Component } from '../base/component.ts';
import type { Logger } from '../base/logger.ts';
import type { Client } from './client.ts';
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

interface Series {
  key: string;
  count: number;
  lastMs: number;
}

/** Upstream's: after ten quiet minutes the same message is a new event. */
const SERIES_LIFE_MS = 600_000;
const MAX_SERIES = 1024;
const MAX_WAITING = 512;

export class EventRecorder implements Component, EventSink {
  readonly #options: EventRecorderOptions;
  readonly #spam: SpamFilter;
  /** In the order of their last use, so that the first is the one to forget. */
  readonly #series = new Map<string, Series>();
  readonly #waiting: { event: RecordedEvent; atMs: number }[] = [];
  #writing: Promise<void> | undefined;
  #isRunning = false;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#spam = new SpamFilter(options.clock);
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

  record(event: RecordedEvent): void {
    if (this.#waiting.length >= MAX_WAITING || !this.#spam.allows(subjectOf(event))) {
      this.#options.logger.debug({ reason: event.reason, subject: subjectOf(event) }, 'event left out');
      return;
    }
    this.#waiting.push({ event, atMs: this.#options.clock.now() });
    this.#pump();
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
        await this.#write(next.event, next.atMs);
      } catch (error) {
        this.#options.logger.debug({ err: error, reason: next.event.reason }, 'event could not be written');
      }
    }
  }

  async #write(event: RecordedEvent, atMs: number): Promise<void> {
    const id = seriesIdOf(event);
    const known = this.#series.get(id);
    const isCurrent = known !== undefined && atMs - known.lastMs < SERIES_LIFE_MS;
    const series = isCurrent && (await this.#raise(known, atMs)) ? known : await this.#create(event, atMs);
    this.#series.delete(id);
    this.#series.set(id, series);
    const oldest = this.#series.keys().next().value;
    if (this.#series.size > MAX_SERIES && oldest !== undefined) this.#series.delete(oldest);
  }

  /** False when the event object is gone: its hour was over, or somebody deleted it. */
  async #raise(series: Series, atMs: number): Promise<boolean> {
    const body = { count: series.count + 1, lastTimestamp: timestamp(atMs) };
    try {
      await this.#options.client.patch(events, series.key, { type: 'merge', body });
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
    series.count += 1;
    series.lastMs = atMs;
    return true;
  }

  async #create(event: RecordedEvent, atMs: number): Promise<Series> {
    const namespace = event.object.metadata.namespace ?? 'default';
    const created = await this.#options.client.create<Event>(events, {
      ...eventObject(event, atMs),
      metadata: { generateName: `${event.object.metadata.name}.`, namespace },
    });
    return { key: keyOf(created), count: 1, lastMs: atMs };
  }
}

function subjectOf({ component, object }: RecordedEvent): string {
  const { namespace, name, uid } = object.metadata;
  return [component, object.kind, namespace ?? '', name, uid ?? ''].join('\n');
}

function seriesIdOf(event: RecordedEvent): string {
  const { type, reason, message, host, fieldPath } = event;
  return [subjectOf(event), type, reason, host ?? '', fieldPath ?? '', message].join('\n');
}

function eventObject(event: RecordedEvent, atMs: number): Omit<Event, 'metadata'> {
  const { object, component, host, fieldPath } = event;
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
    firstTimestamp: timestamp(atMs),
    lastTimestamp: timestamp(atMs),
    count: 1,
    reportingComponent: component,
    reportingInstance: host ?? '',
  };
}
