// Gets images for containers in the background, so that a pod can be deleted while its image is under way.
// Failures back off from 10 s to 5 min per container, as upstream.

import type { Pod } from '../../api/objects.ts';
import { exponentialBackoffMs } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';
import { isLocalImage } from '../config/image-policy.ts';
import { type Runtime, RuntimeError } from '../runtime/runtime.ts';
import type { PodAction } from './pod-actions.ts';
import type { PodEntry } from './pod-entry.ts';
import type { PodEvents } from './pod-events.ts';
import type { ImageState } from './pod-world.ts';

type EnsureImage = Extract<PodAction, { do: 'ensureImage' }>;

const PULL_BACKOFF = { initialMs: 10_000, maxMs: 300_000 };

export interface ImagePullerOptions {
  runtime: Runtime;
  clock: Clock;
  events: PodEvents;
  look(key: string): void;
}

export class ImagePuller {
  readonly #options: ImagePullerOptions;

  constructor(options: ImagePullerOptions) {
    this.#options = options;
  }

  /** Notes a present image as ready or starts a pull; rejects only when the engine does not answer. */
  async ensure(entry: PodEntry, pod: Pod, wanted: EnsureImage): Promise<void> {
    const { image, policy, containerName } = wanted;
    const isPresent = policy !== 'Always' && (await this.#options.runtime.imageExists(image));
    if (isPresent) {
      this.#set(entry, wanted, { state: 'ready', failures: 0 });
      const message = `Container image "${image}" already present on machine`;
      this.#options.events.normal(entry, pod, 'Pulled', message, containerName);
      return;
    }
    const unpullable = whyUnpullable(wanted);
    if (unpullable) this.#fail(entry, pod, wanted, unpullable);
    else this.#startPull(entry, pod, wanted);
  }

  #startPull(entry: PodEntry, pod: Pod, wanted: EnsureImage): void {
    this.#set(entry, wanted, { state: 'pulling' });
    const { clock, events, runtime, look } = this.#options;
    const startedMs = clock.monotonicMs();
    events.normal(entry, pod, 'Pulling', `Pulling image "${wanted.image}"`, wanted.containerName);
    runtime.pullImage(wanted.image).then(
      () => this.#pulled(entry, pod, wanted, clock.monotonicMs() - startedMs),
      (error: unknown) => {
        if (isCurrent(entry, wanted)) this.#fail(entry, pod, wanted, asRuntimeError(error));
        look(entry.key);
      },
    );
  }

  #pulled(entry: PodEntry, pod: Pod, wanted: EnsureImage, tookMs: number): void {
    const { events, look } = this.#options;
    if (isCurrent(entry, wanted)) {
      this.#set(entry, wanted, { state: 'ready', failures: 0 });
      const message = `Successfully pulled image "${wanted.image}" in ${(tookMs / 1000).toFixed(3)}s`;
      events.normal(entry, pod, 'Pulled', message, wanted.containerName);
    }
    look(entry.key);
  }

  #fail(entry: PodEntry, pod: Pod, wanted: EnsureImage, error: RuntimeError): void {
    const failures = (entry.memory.images.get(wanted.containerName)?.failures ?? 0) + 1;
    const nowMs = this.#options.clock.monotonicMs();
    this.#set(entry, wanted, {
      state: 'failed',
      failures,
      reason: error.reason,
      message: error.message,
      failedAtMs: nowMs,
      retryAtMs: nowMs + exponentialBackoffMs(PULL_BACKOFF, failures),
    });
    const { events } = this.#options;
    const isPull = error.reason === 'ErrImagePull';
    const message = isPull ? `Failed to pull image "${wanted.image}": ${error.message}` : error.message;
    events.warning(entry, pod, isPull ? 'Failed' : error.reason, message, wanted.containerName);
    events.warning(entry, pod, 'Failed', `Error: ${error.reason}`, wanted.containerName);
  }

  #set(entry: PodEntry, { containerName, image, attempt }: EnsureImage, change: Partial<ImageState>): void {
    const before = entry.memory.images.get(containerName);
    const failures = before?.image === image ? before.failures : 0;
    entry.memory.images.set(containerName, { image, attempt, state: 'pulling', failures, ...change });
  }
}

/** The pod may want another image, or another sandbox, by the time a pull ends. */
function isCurrent(entry: PodEntry, { containerName, image, attempt }: EnsureImage): boolean {
  const state = entry.memory.images.get(containerName);
  return state?.image === image && state.attempt === attempt;
}

function whyUnpullable({ image, policy }: EnsureImage): RuntimeError | undefined {
  if (policy === 'Never') {
    const message = `Container image "${image}" is not present with pull policy of Never`;
    return new RuntimeError('ErrImageNeverPull', message);
  }
  if (!isLocalImage(image)) return undefined;
  return new RuntimeError(
    'ErrImagePull',
    `image "${image}" is not on this board, and localhost/ images cannot be pulled: load it there (podman load)`,
  );
}

function asRuntimeError(error: unknown): RuntimeError {
  if (error instanceof RuntimeError) {
    // What the engine could not do while it was away is a failed pull like any other.
    return error.reason === 'RuntimeUnavailable' ? new RuntimeError('ErrImagePull', error.message) : error;
  }
  throw error;
}
