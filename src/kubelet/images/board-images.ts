// All that concerns the images of one board, joined: what pods pull with, what other boards give and get, what lies
// ready in folders, and what goes when the disk is full.
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pod } from '../../api/objects.ts';
import type { Clock } from '../../base/clock.ts';
import type { Component } from '../../base/component.ts';
import type { Logger } from '../../base/logger.ts';
import { boardArchitecture } from '../board/node-facts.ts';
import type { ContainerCache } from '../container-cache.ts';
import type { DesiredState, ImageExchange, StatusSink } from '../ports.ts';
import type { ImageStore, Runtime, RuntimeImage } from '../runtime/runtime.ts';
import { type CollectionLimits, defaultCollectionLimits } from './decide-collection.ts';
import { ImageCollector } from './image-collector.ts';
import { ImageInventory, type ImageUses } from './image-inventory.ts';
import { ImagePulls } from './image-pulls.ts';
import { fullReference } from './image-reference.ts';
import { credentialHash, ImageRights } from './image-rights.ts';
import { ImageServer, type NodeTls } from './image-server.ts';
import { type ImageHolder, NeighbourImages } from './neighbour-images.ts';
import { Preload } from './preload.ts';
import { type PullSecrets, pullSecretsOf } from './pull-secrets.ts';
import { RegistrySettings } from './registry-settings.ts';

/** How the agent is told about images; all have defaults. */
export interface ImageSettings {
  /** Image of pause containers, fetched when it is missing; `undefined` = the engine's own. */
  podInfraImage?: string | undefined;
  /** Mirrors, authorities and credentials of this board alone, beside the cluster's: a registries.yaml. */
  registriesFile?: string | undefined;
  /** Whose archives are taken in, beside `images` in the agent's own directory. */
  imageFolders?: readonly string[] | undefined;
  imageLimits?: CollectionLimits | undefined;
  /** Where boards give images to each other: the same on all; `undefined` = they do not. */
  imageExchange?: (ImageExchange & { port: number; tls(): NodeTls }) | undefined;
}

export interface BoardImagesOptions extends ImageSettings {
  nodeName: string;
  runtime: Runtime;
  clock: Clock;
  logger: Logger;
  cache: ContainerCache;
  sink: StatusSink;
  dataDir: string;
  desired(): DesiredState | undefined;
}

/** The engine's own pause image has this name, and is each board's own. */
const OWN_PAUSE = /^localhost\/edge-pause:/;

export class BoardImages implements Component {
  readonly pulls: ImagePulls;
  readonly #options: BoardImagesOptions;
  readonly #rights: ImageRights;
  readonly #inventory: ImageInventory;
  readonly #collector: ImageCollector;
  readonly #preload: Preload;
  readonly #server: ImageServer | undefined;

  constructor(options: BoardImagesOptions) {
    this.#options = options;
    const { runtime, clock, logger, imageExchange, dataDir } = options;
    const rights = new ImageRights(join(dataDir, 'private-images.json'));
    this.#rights = rights;
    this.#inventory = new ImageInventory({
      list: async () => (await runtime.imageStore()).list(),
      clock,
      told: (images) => this.#report(images),
    });
    this.#preload = this.#makePreload();
    this.#collector = this.#makeCollector();
    this.#server = imageExchange && new ImageServer({ ...imageExchange, runtime, rights, logger });
    this.pulls = this.#makePulls();
  }

  /** Before pods are: what lies ready in folders spares them a pull. */
  async start(): Promise<void> {
    await this.#preload.start();
    await this.#server?.start();
    await this.#collector.start();
    this.changed();
  }

  async stop(): Promise<void> {
    await this.#collector.stop();
    await this.#server?.stop();
    await this.#preload.stop();
  }

  pullSecretsOf(pod: Pod): PullSecrets {
    return pullSecretsOf(pod, this.#options.desired()?.secrets ?? new Map());
  }

  /** Rejects with a RuntimeError while the image of pause containers cannot be had. */
  async ensureInfraImage(): Promise<void> {
    const { podInfraImage: image, runtime } = this.#options;
    if (!image || (await runtime.imageExists(image))) return;
    await this.pulls.pull({ image, keyring: [], mayComeFromNeighbour: true });
  }

  /** For a board that is short of room: removes what nobody uses. Resolves with the bytes. */
  deleteUnused(): Promise<number> {
    return this.#collector.deleteUnused();
  }

  /** The engine is there, or has other images: tells the cluster. */
  changed(): void {
    this.#inventory
      .refresh()
      .catch((error: unknown) => this.#options.logger.debug({ err: error }, 'images cannot be listed now'));
  }

  #makePulls(): ImagePulls {
    const { runtime, clock, logger, desired, registriesFile } = this.#options;
    return new ImagePulls({
      runtime,
      clock,
      logger,
      settings: new RegistrySettings({ desired, file: registriesFile }),
      neighbours: this.#makeNeighbours(),
      whenPreloaded: () => this.#preload.whenSettled(),
      preloadAgain: (reference) => this.#preload.takeAgain(reference),
      list: () => this.#inventory.refresh(),
      onFetched: (image, id, auth) => this.#rights.note(id, auth && credentialHash(image, auth)),
    });
  }

  #makeNeighbours(): NeighbourImages | undefined {
    const { imageExchange, runtime, logger } = this.#options;
    if (!imageExchange) return undefined;
    const holders = (reference: string) => holdersOf(reference, imageExchange);
    return new NeighbourImages({ ...imageExchange, holders, runtime, rights: this.#rights, logger });
  }

  #makePreload(): Preload {
    const { dataDir, imageFolders = [], clock, logger } = this.#options;
    return new Preload({
      ownFolder: join(dataDir, 'images'),
      otherFolders: imageFolders,
      recordPath: join(dataDir, 'preloaded-images.json'),
      load: (archive) => this.#load(archive),
      told: (type, reason, message) => this.#tell(type, reason, message),
      clock,
      logger,
    });
  }

  async #load(archive: Parameters<ImageStore['load']>[0]): Promise<string[]> {
    const names = await (await this.#options.runtime.imageStore()).load(archive);
    this.changed();
    return names;
  }

  #makeCollector(): ImageCollector {
    const { dataDir, imageLimits, runtime, clock, logger } = this.#options;
    return new ImageCollector({
      inventory: this.#inventory,
      limits: imageLimits ?? defaultCollectionLimits,
      disk: () => diskOf(dataDir),
      uses: () => this.#uses(),
      remove: async (id) => (await runtime.imageStore()).remove(id),
      warn: (reason, message) => this.#tell('Warning', reason, message),
      clock,
      logger,
    });
  }

  /** What runs, what the pods of this board name, what lies in its folders, and pause containers' image. */
  #uses(): ImageUses {
    const { cache, desired, podInfraImage } = this.#options;
    const pods = [...(desired()?.pods.values() ?? [])];
    const named = pods.flatMap(({ spec }) =>
      [...spec.containers, ...(spec.initContainers ?? [])].map(({ image = '' }) => image),
    );
    const { pinned } = this.#preload;
    return {
      ids: new Set([...cache.running().map(({ imageId }) => imageId), ...pinned]),
      names: new Set([
        ...named,
        ...pinned,
        'localhost/edge-pause:1',
        ...(podInfraImage ? [podInfraImage] : []),
      ]),
    };
  }

  #report(images: readonly RuntimeImage[]): void {
    const named = images.filter(
      ({ names }) => names.length > 0 && !names.some((name) => OWN_PAUSE.test(name)),
    );
    this.#options.imageExchange?.reportImages({
      architecture: boardArchitecture(),
      images: named.map(({ id, names, sizeBytes }) => ({ id, names, sizeBytes })),
    });
  }

  #tell(type: 'Normal' | 'Warning', reason: string, message: string): void {
    const { sink, nodeName, logger } = this.#options;
    logger[type === 'Normal' ? 'info' : 'warn']({ reason }, message);
    sink.event({ kind: 'Node', key: nodeName, uid: '', type, reason, message });
  }
}

/** In an order of their own for every name, so that one board does not give to all. */
async function holdersOf(reference: string, exchange: ImageExchange): Promise<ImageHolder[]> {
  const others = [...(await exchange.imagesOfOthers())];
  const fitting = others.filter(([, { architecture }]) => architecture === boardArchitecture());
  const holders = fitting.flatMap(([node, { images }]) => {
    const found = images.find(({ names }) => names.includes(fullReference(reference)));
    const address = exchange.addressOf(node);
    return found && address ? [{ node, address, id: found.id }] : [];
  });
  return holders
    .map((holder) => ({ holder, at: Math.random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ holder }) => holder);
}

async function diskOf(path: string): Promise<{ totalBytes: number; availableBytes: number }> {
  const { blocks, bavail, bsize } = await statfs(path);
  return { totalBytes: blocks * bsize, availableBytes: bavail * bsize };
}
