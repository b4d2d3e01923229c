// Events about a pod in upstream's words.
import type { Pod } from '../../api/objects.ts';
import type { StatusSink } from '../ports.ts';
import { fieldPathOf, type PodEntry } from './pod-entry.ts';

export class PodEvents {
  readonly #sink: StatusSink;

  constructor(sink: StatusSink) {
    this.#sink = sink;
  }

  normal(
    entry: PodEntry,
    pod: Pod | undefined,
    reason: string,
    message: string,
    containerName?: string,
  ): void {
    this.#send('Normal', entry, pod, reason, message, containerName);
  }

  warning(
    entry: PodEntry,
    pod: Pod | undefined,
    reason: string,
    message: string,
    containerName?: string,
  ): void {
    this.#send('Warning', entry, pod, reason, message, containerName);
  }

  #send(
    type: 'Normal' | 'Warning',
    entry: PodEntry,
    pod: Pod | undefined,
    reason: string,
    message: string,
    containerName: string | undefined,
  ): void {
    const fieldPath = fieldPathOf(pod, containerName);
    const { key, uid } = entry;
    this.#sink.event({ key, uid, type, reason, message, ...(fieldPath ? { fieldPath } : {}) });
  }
}
