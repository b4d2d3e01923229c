// Gets images for containers in the background, so that a pod can be deleted while its image is under way.
// Failures back off from 10 s to 5 min per container, as upstream.

import type { Pod } from '../../api/objects.ts';
import { exponentialBackoffMs } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';
import type { FetchedImage, ImagePulls } from '../images/image-pulls.ts';
import { isWellFormed } from '../images/image-reference.ts';
import type { PullSecrets } from '../images/pull-secrets.ts';
import { type Runtime, RuntimeError } from '../runtime/runtime.ts';
import type { PodAction } from './pod-actions.ts';
import type { PodEntry } from './pod-entry.ts';
import type { PodEvents } from './pod-events.ts';
import type { ImageState } from './pod-world.ts';

type EnsureImage = Extract<PodAction, { do: 'ensureImage' }>;

const PULL_BACKOFF = { initialMs: 10_000, maxMs: 300_000 };

export interface ImagePullerOptions {
  runtime: Runtime;
  pulls: Pick<ImagePulls, 'pull'>;
  pullSecrets(pod: Pod): PullSecrets;
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
    const malformed = whyMalformed(image);
    if (malformed) {
      this.#fail(entry, pod, wanted, malformed);
      return;
    }
    const isPresent = policy !== 'Always' && (await this.#isPresent(image));
    if (isPresent instanceof RuntimeError) {
      this.#fail(entry, pod, wanted, isPresent);
      return;
    }
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

  /** An engine that cannot read its own store says so of every image: the pod's status is where people look. */
  async #isPresent(image: string): Promise<boolean | RuntimeError> {
    try {
      return await this.#options.runtime.imageExists(image);
    } catch (error) {
      if (!(error instanceof RuntimeError) || error.reason === 'RuntimeUnavailable') throw error;
      return new RuntimeError('ImageInspectError', `Failed to inspect image "${image}": ${error.message}`);
    }
  }

  #startPull(entry: PodEntry, pod: Pod, wanted: EnsureImage): void {
    this.#set(entry, wanted, { state: 'pulling' });
    const { events, pulls, look } = this.#options;
    const { image, containerName } = wanted;
    const keyring = this.#keyringOf(entry, pod);
    events.normal(entry, pod, 'Pulling', `Pulling image "${image}"`, containerName);
    pulls.pull({ image, keyring, mayComeFromNeighbour: wanted.policy !== 'Always' }).then(
      (fetched) => this.#pulled(entry, pod, wanted, fetched),
      (error: unknown) => {
        if (isCurrent(entry, wanted)) this.#fail(entry, pod, wanted, asRuntimeError(error));
        look(entry.key);
      },
    );
  }

  #keyringOf(entry: PodEntry, pod: Pod): PullSecrets['keyring'] {
    const { keyring, unusable } = this.#options.pullSecrets(pod);
    if (unusable.length > 0) {
      const names = unusable.join(', ');
      const message = `Unable to retrieve some image pull secrets (${names}); attempting to pull the image may not succeed.`;
      this.#options.events.warning(entry, pod, 'FailedToRetrieveImagePullSecret', message);
    }
    return keyring;
  }

  #pulled(entry: PodEntry, pod: Pod, wanted: EnsureImage, fetched: FetchedImage): void {
    const { events, look } = this.#options;
    if (isCurrent(entry, wanted)) {
      this.#set(entry, wanted, { state: 'ready', failures: 0 });
      events.normal(entry, pod, 'Pulled', pulledMessage(wanted.image, fetched), wanted.containerName);
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
    const reason = EVENT_REASONS[error.reason] ?? error.reason;
    events.warning(entry, pod, reason, message, wanted.containerName);
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

/** In upstream's words. */
function pulledMessage(
  image: string,
  { tookMs, tookWithWaitingMs, sizeBytes, neighbour }: FetchedImage,
): string {
  const seconds = (ms: number) => `${(ms / 1000).toFixed(3)}s`;
  const from = neighbour ? ` from node "${neighbour}"` : '';
  const took = `${seconds(tookMs)} (${seconds(tookWithWaitingMs)} including waiting)`;
  const size = sizeBytes === undefined ? '' : `. Image size: ${sizeBytes} bytes.`;
  return `Successfully pulled image "${image}"${from} in ${took}${size}`;
}

const EVENT_REASONS: Readonly<Record<string, string>> = {
  ErrImagePull: 'Failed',
  ImageInspectError: 'InspectFailed',
  InvalidImageName: 'InspectFailed',
};

function whyMalformed(image: string): RuntimeError | undefined {
  if (isWellFormed(image)) return undefined;
  const message = `Failed to apply default image tag "${image}": couldn't parse image name "${image}": invalid reference format`;
  return new RuntimeError('InvalidImageName', message);
}

function whyUnpullable({ image, policy }: EnsureImage): RuntimeError | undefined {
  if (policy !== 'Never') return undefined;
  const message = `Container image "${image}" is not present with pull policy of Never`;
  return new RuntimeError('ErrImageNeverPull', message);
}

function asRuntimeError(error: unknown): RuntimeError {
  if (error instanceof RuntimeError) {
    // What the engine could not do while it was away is a failed pull like any other.
    return error.reason === 'RuntimeUnavailable' ? new RuntimeError('ErrImagePull', error.message) : error;
  }
  throw error;
}
