// Fetches images for the whole board: a few at a time, first come first served, each reference once at a time. From
// a neighbour where one may be asked, then from the mirrors, then from the registry, with each fitting credential.
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import { type Runtime, RuntimeError, type RuntimeImage } from '../runtime/runtime.ts';
import { StartSlots } from '../start-slots.ts';
import { fullReference } from './image-reference.ts';
import { credentialsFor, type Keyring } from './keyring.ts';
import { pullSources } from './pull-sources.ts';
import type { RegistryAuth } from './registry-auth.ts';
import type { KnownRegistries } from './registry-settings.ts';

export interface ImageWanted {
  image: string;
  /** Of the pod's pull secrets. */
  keyring: Keyring;
  /** With the policy Always the registry alone says what a tag means, and who may have it. */
  mayComeFromNeighbour: boolean;
}

export interface FetchedImage {
  tookMs: number;
  tookWithWaitingMs: number;
  /** `undefined` where the engine does not know. */
  sizeBytes: number | undefined;
  /** The board that gave it, when no registry did. */
  neighbour: string | undefined;
}

/**
 * Another board's image, checked and tagged; resolves with that board's name, `undefined` when none could give it. Adds
 * to `problems` why, a sentence for each board that was asked.
 */
export interface Neighbours {
  fetch(image: string, keyring: Keyring, problems: string[]): Promise<string | undefined>;
}

export interface ImagePullsOptions {
  runtime: Runtime;
  clock: Clock;
  logger: Logger;
  settings: { current(): Promise<KnownRegistries> };
  neighbours?: Neighbours | undefined;
  /** What the board holds now. */
  list?(): Promise<readonly RuntimeImage[]>;
  /** Resolves once archives that lie ready are taken in: one of them may hold it. */
  whenPreloaded?(): Promise<void>;
  /** An archive that was taken in had it and the board has it no longer: takes it in again. Resolves with whether there is one. */
  preloadAgain?(reference: string): Promise<boolean>;
  /** An image has come; `auth` is the pod's own credential that opened the way to it. */
  onFetched?(image: string, id: string, auth: RegistryAuth | undefined): Promise<void>;
}

/** More would share one card and one Wi-Fi, and hold that much more memory. */
const PULLS_AT_ONCE = 2;

export class ImagePulls {
  readonly #options: ImagePullsOptions;
  readonly #slots = new StartSlots(PULLS_AT_ONCE);
  readonly #running = new Map<string, Promise<FetchedImage>>();
  /** By reference: the last that was begun. */
  readonly #last = new Map<string, Promise<unknown>>();

  constructor(options: ImagePullsOptions) {
    this.#options = options;
  }

  /** Rejects with a RuntimeError. Those who want the same at the same time share one pull. */
  pull(wanted: ImageWanted): Promise<FetchedImage> {
    const key = JSON.stringify([fullReference(wanted.image), wanted.keyring, wanted.mayComeFromNeighbour]);
    const running = this.#running.get(key);
    if (running) return running;
    const begun = this.#inTurn(wanted).finally(() => this.#running.delete(key));
    this.#running.set(key, begun);
    return begun;
  }

  /** After those of the same name: the next may find it there, or show other credentials. */
  async #inTurn(wanted: ImageWanted): Promise<FetchedImage> {
    const { clock } = this.#options;
    const reference = fullReference(wanted.image);
    const askedMs = clock.monotonicMs();
    const before = this.#last.get(reference);
    const own = (async () => {
      await before?.catch(() => undefined);
      return this.#slots.run(async () => {
        const startedMs = clock.monotonicMs();
        const neighbour = await this.#fetch(wanted);
        return { neighbour, tookMs: clock.monotonicMs() - startedMs };
      });
    })();
    this.#last.set(reference, own);
    try {
      const { neighbour, tookMs } = await own;
      const sizeBytes = await this.#sizeOf(reference);
      return { neighbour, tookMs, tookWithWaitingMs: clock.monotonicMs() - askedMs, sizeBytes };
    } finally {
      if (this.#last.get(reference) === own) this.#last.delete(reference);
    }
  }

  async #fetch(wanted: ImageWanted): Promise<string | undefined> {
    const { neighbours, runtime, whenPreloaded, preloadAgain } = this.#options;
    const problems: string[] = [];
    if (wanted.mayComeFromNeighbour) {
      await whenPreloaded?.();
      if (await runtime.imageExists(wanted.image)) return undefined;
      const isTakenAgain = await preloadAgain?.(fullReference(wanted.image));
      if (isTakenAgain && (await runtime.imageExists(wanted.image))) return undefined;
      const giver = await neighbours?.fetch(wanted.image, wanted.keyring, problems);
      if (giver) return giver;
    }
    await this.#fromRegistries(wanted, problems);
    return undefined;
  }

  async #fromRegistries({ image, keyring }: ImageWanted, problems: string[]): Promise<void> {
    const { runtime, settings, onFetched, logger } = this.#options;
    const known = await settings.current();
    for (const { reference, host, insecure } of pullSources(image, known.registries)) {
      const ca = known.registries.configs.get(host)?.ca;
      const ofPod = credentialsFor(keyring, reference);
      for (const auth of orAnonymous([...ofPod, ...known.credentials(host, reference)])) {
        try {
          const isMirror = reference !== fullReference(image);
          const place = { ...(isMirror ? { reference } : {}), ...(insecure ? { insecure } : {}) };
          const source = { ...place, ...(ca ? { ca } : {}), ...(auth ? { auth } : {}) };
          const id = await runtime.pullImage(image, source);
          await onFetched?.(image, id, auth && ofPod.includes(auth) ? auth : undefined);
          return;
        } catch (error) {
          problems.push(wordsOf(error));
          logger.warn(
            { image, host, withCredentials: auth !== undefined, error: wordsOf(error) },
            'not pulled from there',
          );
        }
      }
    }
    const told = problems.length > 0 ? [...new Set(problems), ...known.problems] : [];
    throw new RuntimeError('ErrImagePull', failure(image, told));
  }

  async #sizeOf(reference: string): Promise<number | undefined> {
    const { list, runtime } = this.#options;
    const images = await (list ? list() : (await runtime.imageStore()).list());
    return images.find(({ names, digests }) => names.includes(reference) || digests.includes(reference))
      ?.sizeBytes;
  }
}

/** As upstream: who brings credentials is not let in without them. */
function orAnonymous(auths: readonly RegistryAuth[]): readonly (RegistryAuth | undefined)[] {
  return auths.length > 0 ? auths : [undefined];
}

function failure(image: string, problems: readonly string[]): string {
  if (problems.length > 0) return problems.join('; ');
  return `image "${image}" is not on this board nor on its neighbours, and localhost/ images cannot be pulled: load it there (podman load)`;
}

/** Other failures are of this board, and say nothing of the next source. */
function wordsOf(error: unknown): string {
  const isRefusal =
    error instanceof RuntimeError &&
    ['ErrImagePull', 'InvalidImageName', 'RuntimeUnavailable'].includes(error.reason);
  if (!isRefusal || error.reason === 'InvalidImageName') throw error;
  return error.message;
}
