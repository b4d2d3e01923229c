// Makes this board match its desired pods. The parts are joined here; what is done to a pod is decided in
// pods/decide-pod.ts. A restart of the agent touches no container.
import { hostname, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Pod, Secret } from '../api/objects.ts';
import type { LogsRequest, ProcessRequest, SessionPlace } from '../api/session.ts';
import type { Component } from '../base/component.ts';
import { hostResolver } from './board/host-resolver.ts';
import { allocatableTexts } from './board/node-facts.ts';
import { DesiredConfigSource } from './config/desired-config-source.ts';
import { ContainerCache } from './container-cache.ts';
import { containerLog } from './container-logs.ts';
import { containerProcess, podNetwork } from './container-processes.ts';
import { EngineLink, type Problem } from './engine-link.ts';
import { BoardImages } from './images/board-images.ts';
import { KnownDesired } from './known-desired.ts';
import type { KubeletOptions } from './kubelet-options.ts';
import { PodWorkers } from './pod-workers.ts';
import { refusalBy, resizeRefusalBy } from './pods/admission.ts';
import { assemblePods } from './pods/assemble-pods.ts';
import type { PodReconciler } from './pods/pod-reconciler.ts';
import { removeEverything } from './pods/remove-everything.ts';
import type { Ending } from './records/pod-record.ts';
import { FileRecordStore } from './records/record-store.ts';
import type { RuntimeContainer, RuntimeProcess } from './runtime/runtime.ts';
import type { SessionSources } from './streams/board-stream.ts';
import type { PodNetwork } from './streams/pod-ports.ts';
import { LocalVolumes } from './volumes/local-volumes.ts';
import { ownMemoryDirectory } from './volumes/memory-directory.ts';
import { PodVolumes, removeFolder } from './volumes/pod-volumes.ts';

export class Kubelet implements Component, SessionSources {
  readonly #options: KubeletOptions;
  readonly #cache = new ContainerCache();
  readonly #known: KnownDesired;
  readonly #workers: PodWorkers;
  readonly #reconciler: PodReconciler;
  readonly #engine: EngineLink;
  readonly #volumes: PodVolumes;
  readonly #localVolumes: LocalVolumes;
  readonly #images: BoardImages;
  #unsubscribe: (() => void) | undefined;
  #memoryDirectory: Promise<string | undefined> | undefined;
  #isRunning = false;
  #isSettled = false;
  #areServicesKnown = false;

  constructor(options: KubeletOptions) {
    this.#options = options;
    const { clock, logger, runtime } = options;
    this.#known = new KnownDesired({ ...options, staticPods: options.staticPods });
    this.#workers = new PodWorkers({ clock, logger, reconcile: (key) => this.#reconcile(key) });
    this.#engine = new EngineLink({
      runtime,
      cache: this.#cache,
      clock,
      logger,
      look: (keys) => this.#engineChanged(keys),
      problemChanged: (problem) => this.#problemChanged(problem),
    });
    const localVolumes = new LocalVolumes({
      nodeName: options.nodeName,
      directory: join(options.dataDir, 'local-volumes'),
      volumes: () => options.desired.current()?.volumes,
      sink: options.volumeSink,
      clock,
      logger,
    });
    this.#localVolumes = localVolumes;
    this.#volumes = new PodVolumes({
      nodeName: options.nodeName,
      localVolumes,
      directory: join(options.dataDir, 'volumes'),
      memoryDirectory: () => this.#findMemoryDirectory(),
    });
    this.#images = new BoardImages({
      ...options,
      desired: () => this.#known.view()?.state,
      cache: this.#cache,
    });
    this.#reconciler = this.#makeReconciler();
  }

  /** Why this board cannot run pods now, such as a missing podman. */
  get problem(): Problem | undefined {
    return this.#engine.problem;
  }

  /** As last seen, pause containers too; asks nobody. */
  runningContainers(): RuntimeContainer[] {
    return this.#cache.running();
  }

  /** Resolves also when the container engine is missing: see `problem`. */
  async start(): Promise<void> {
    await this.#reconciler.restore();
    await this.#known.restore();
    this.#isRunning = true;
    this.#unsubscribe = this.#options.desired.onChange((keys) => this.#desiredChanged(keys));
    this.#options.staticPods?.onChange((keys) => {
      for (const key of keys) this.#workers.look(key);
    });
    await this.#localVolumes.start();
    this.#localVolumes.changed();
    await this.#images.start();
    await this.#engine.start();
    await this.#sweepVolumes();
  }

  async stop(): Promise<void> {
    if (!this.#isRunning) return;
    this.#isRunning = false;
    this.#unsubscribe?.();
    this.#engine.disregard();
    this.#reconciler.finishRounds();
    await this.#workers.stop();
    await this.#localVolumes.stop();
    await this.#images.stop();
    this.#reconciler.stop();
    if (this.#options.cleanOnStop && this.#engine.isListed) await this.#clean();
    await this.#options.checkpoint.flush();
    await this.#engine.stop();
  }

  /** What the board is to run, by `namespace/name`, as far as it knows. */
  desiredPod(key: string): Pod | undefined {
    return this.#known.view()?.state.pods.get(key);
  }

  /** A Secret that is for this board, by `namespace/name`, as far as it knows. */
  knownSecret(key: string): Secret | undefined {
    return this.#known.view()?.state.secrets.get(key);
  }

  /** The pod range or the board's addresses are known or have changed. */
  networkChanged(): void {
    for (const key of this.#allKeys()) {
      this.#reconciler.retrySandbox(key);
      this.#workers.look(key);
    }
  }

  /** Services are known or have changed: pods that waited for their variables start. */
  servicesChanged(): void {
    const isFirst = !this.#areServicesKnown;
    this.#areServicesKnown = true;
    for (const key of this.#allKeys()) {
      if (this.#reconciler.retryConfigs(key) || isFirst) this.#workers.look(key);
    }
  }

  /** Pods that this board has taken and that have not ended. */
  takenPods(): Pod[] {
    return this.#reconciler.admitted();
  }

  /** Ends a pod of this board, in the words that its status then shows. */
  evict(podKey: string, podUid: string, why: Ending): void {
    if (this.#reconciler.evict(podUid, why)) this.#workers.look(podKey);
  }

  /** Nothing of the pod is left in the engine, as last seen. */
  isGone(podUid: string): boolean {
    return this.#cache.ofPod(podUid).length === 0;
  }

  /** The log that a client asked for; rejects with a StatusError when there is none. */
  openLog(request: LogsRequest, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const waitingReason = this.#reconciler.waitingReason.bind(this.#reconciler);
    return containerLog(this.#cache, request, signal, waitingReason);
  }

  /** exec and attach; rejects with a StatusError when the container does not run. */
  startProcess(request: ProcessRequest): Promise<RuntimeProcess> {
    return containerProcess(this.#options.runtime, this.#cache, request);
  }

  /** @throws StatusError while the pod has none. */
  podNetwork(place: SessionPlace): PodNetwork {
    return podNetwork(this.#cache, place, this.#options.hostAddresses());
  }

  /** For a board that is short of disk: takes what no pod needs, and resolves with what that was, in words. */
  async reclaimDisk(): Promise<string | undefined> {
    const ended = this.#reconciler.dropEnded();
    for (const key of ended) this.#workers.look(key);
    if (ended.length > 0) return `containers of ${ended.length} pods that have ended`;
    const freedBytes = await this.#images.deleteUnused();
    return freedBytes > 0 ? `${freedBytes} bytes of images that nobody uses` : undefined;
  }

  #problemChanged(problem: Problem | undefined): void {
    this.#options.onProblem?.(problem);
    // Pods that had given up on the engine for a while are looked at with the next list.
    if (problem) this.#isSettled = false;
    else this.#images.changed();
  }

  #desiredChanged(keys: ReadonlySet<string>): void {
    const isFirst = this.#known.takeFirstCompleteSet();
    if (isFirst) void this.#sweepVolumes();
    this.#known.noteChange();
    this.#localVolumes.changed();
    for (const key of isFirst ? this.#allKeys() : keys) {
      this.#reconciler.retryConfigs(key);
      this.#workers.look(key);
    }
  }

  #engineChanged(keys: Iterable<string>): void {
    for (const key of new Set([...keys, ...(this.#isSettled ? [] : this.#allKeys())]))
      this.#workers.look(key);
    this.#isSettled = true;
  }

  async #reconcile(key: string) {
    if (!this.#engine.isListed) return {};
    try {
      return await this.#reconciler.reconcile(key);
    } catch (error) {
      this.#engine.suspect(error);
      throw error;
    }
  }

  #allKeys(): Set<string> {
    return new Set([...this.#reconciler.keys(), ...(this.#known.view()?.state.pods.keys() ?? [])]);
  }

  /** Folders of pods that neither the master nor this board knows, once the master has said what it knows. */
  async #sweepVolumes(): Promise<void> {
    const known = this.#known.view();
    if (!known?.isComplete || !this.#engine.isListed) return;
    const wanted = [...known.state.pods.values()].map((pod) => pod.metadata.uid);
    try {
      await this.#volumes.sweep(new Set([...wanted, ...this.#reconciler.uids()]));
    } catch (error) {
      this.#options.logger.warn(
        { error: String(error) },
        'folders of pods that are gone could not be removed',
      );
    }
  }

  #findMemoryDirectory(): Promise<string | undefined> {
    this.#memoryDirectory ??= ownMemoryDirectory(this.#options.dataDir);
    return this.#memoryDirectory;
  }

  async #clean(): Promise<void> {
    const { runtime, clock, logger, dataDir } = this.#options;
    await removeEverything(runtime, clock, logger);
    await removeFolder(join(dataDir, 'volumes'));
    const memory = await this.#findMemoryDirectory();
    if (memory) await removeFolder(memory);
  }

  #makeReconciler(): PodReconciler {
    const { runtime, clock, logger, sink, servedPods, dataDir } = this.#options;
    const volumes = this.#volumes;
    return assemblePods({
      ...(servedPods ? { servedPods } : {}),
      runtime,
      cache: this.#cache,
      clock,
      logger,
      sink,
      records: new FileRecordStore(join(dataDir, 'records'), logger),
      volumes,
      configs: this.#makeConfigSource(volumes),
      imagePulls: this.#images.pulls,
      pullSecrets: (pod) => this.#images.pullSecretsOf(pod),
      ensureInfraImage: () => this.#images.ensureInfraImage(),
      desired: () => this.#known.view(),
      podCIDR: () => this.#options.podCIDR(),
      podCIDRv6: () => this.#options.podCIDRv6?.(),
      devices: this.#options.devices,
      admit: (pod, admitted) => refusalBy(this.#options.room(), pod, admitted),
      admitResize: (pod, others) => resizeRefusalBy(this.#options.room(), pod, others),
      networkProblem: () => this.#known.networkProblem(),
      hostAddresses: () => this.#options.hostAddresses(),
      look: (key) => this.#workers.look(key),
      lookAfter: (key, delayMs) => this.#workers.lookAfter(key, delayMs),
    });
  }

  #makeConfigSource(volumes: PodVolumes): DesiredConfigSource {
    const { nodeName, clusterDomain, clusterDns } = this.#options;
    return new DesiredConfigSource({
      nodeName,
      volumes,
      clusterDomain,
      clusterDns,
      desired: () => this.#known.view()?.state,
      isProvisional: () => this.#known.view()?.isComplete === false,
      serviceVariables: (pod) => this.#known.serviceVariables(pod),
      hostAddresses: () => this.#options.hostAddresses(),
      hostResolver,
      imageUser: (image) => this.#options.runtime.imageUser(image),
      seccompFolder: join(this.#options.dataDir, 'seccomp'),
      boardMemoryBytes: totalmem(),
      boardHostname: hostname(),
      allocatable: () => allocatableTexts(this.#options.dataDir),
    });
  }
}
