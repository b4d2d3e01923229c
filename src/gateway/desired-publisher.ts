// nodes/N/desired/…: the pods bound to a board, each ConfigMap, Secret and volume that they name once, and volumes that
// the board is to remove. Items are
// sent before the index that names them, and removed after the index that no longer does.
import { configMaps } from '../api/kinds/config-map.ts';
import { nodes } from '../api/kinds/node.ts';
import { persistentVolumes } from '../api/kinds/persistent-volume.ts';
import { pods } from '../api/kinds/pod.ts';
import { secrets } from '../api/kinds/secret.ts';
import { serviceAccounts } from '../api/kinds/service-account.ts';
import { boardOfLocalPath, isToBeRemoved } from '../api/local-volume.ts';
import {
  type ConfigMap,
  type KubeObject,
  keyOf,
  type Node,
  type PersistentVolume,
  type Pod,
  type Secret,
  type ServiceAccount,
} from '../api/objects.ts';
import { isFinished } from '../api/pod-phase.ts';
import { podReferences } from '../api/pod-references.ts';
import { REGISTRIES_CONFIG } from '../api/registries-config.ts';
import { isMirrorPod } from '../api/static-pod.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { ControllerRunner } from '../client/controller-runner.ts';
import type { Informer } from '../client/informer.ts';
import type { InformerFactory } from '../client/informer-factory.ts';
import { addNodeNameIndex, podsOnNode } from '../client/pods-on-node.ts';
import type { IndexEntry } from '../mqtt/messages.ts';
import { type DesiredSort, topics } from '../mqtt/topics.ts';
import { boardsRunningAs, boardsUsing } from './boards-concerned.ts';
import { desiredPod } from './desired-pod.ts';
import type { IngressSecrets } from './ingress-secrets.ts';
import { type PodTokenIssuer, PodTokens } from './pod-tokens.ts';
import { registrySecrets } from './registry-secrets.ts';
import type { VersionedTopics } from './versioned-topics.ts';
import { isHeldElsewhere } from './volume-fence.ts';
import { withoutManagedFields } from './without-managed-fields.ts';

export interface DesiredPublisherOptions {
  informers: InformerFactory;
  topics: VersionedTopics;
  /** Certificates of the Ingresses that a board serves. */
  ingressSecrets: IngressSecrets;
  /** Without it pods get no tokens, and those that ask for one wait. */
  tokenIssuer?: PodTokenIssuer | undefined;
  clock: Clock;
  logger: Logger;
}

const CLAIM_INDEX = 'claim';
const claimOfVolume = ({ spec: { claimRef } }: PersistentVolume) =>
  claimRef ? [`${claimRef.namespace}/${claimRef.name}`] : [];

/** What one board was told: the keys of each sort. */
type Told = Record<DesiredSort, Map<string, IndexEntry>>;

const nothing = (): Told => ({
  pods: new Map(),
  configs: new Map(),
  secrets: new Map(),
  volumes: new Map(),
});
const SORTS = ['pods', 'configs', 'secrets', 'volumes'] as const;

export class DesiredPublisher {
  readonly #options: DesiredPublisherOptions;
  readonly #pods: Informer<Pod>;
  readonly #nodes: Informer<Node>;
  readonly #configMaps: Informer<ConfigMap>;
  readonly #secrets: Informer<Secret>;
  readonly #volumes: Informer<PersistentVolume>;
  readonly #accounts: Informer<ServiceAccount>;
  readonly #tokens: PodTokens | undefined;
  readonly #told = new Map<string, Told>();
  readonly #runner: ControllerRunner;
  #unsubscribe: (() => void)[] = [];

  constructor(options: DesiredPublisherOptions) {
    this.#options = options;
    const { informers, clock, logger, tokenIssuer: issuer } = options;
    this.#pods = informers.for(pods);
    addNodeNameIndex(this.#pods);
    this.#nodes = informers.for(nodes);
    this.#configMaps = informers.for(configMaps);
    this.#secrets = informers.for(secrets);
    this.#volumes = informers.for(persistentVolumes);
    this.#volumes.addIndex(CLAIM_INDEX, claimOfVolume);
    this.#accounts = informers.for(serviceAccounts);
    const account = (key: string) => this.#accounts.lister.get(key);
    this.#tokens = issuer && new PodTokens({ issuer, account, clock });
    this.#runner = new ControllerRunner({
      name: 'desired',
      reconcile: async (node) => this.#reconcile(node),
      clock,
      logger,
    });
  }

  async start(): Promise<void> {
    const look = (node: string | undefined) => node && this.#runner.enqueue(node);
    const around = (object: KubeObject) => this.#pods.lister.inNamespace(object.metadata.namespace ?? '');
    const lookAll = (boards: Iterable<string>) => [...boards].forEach(look);
    const ofPod = (pod: Pod) => {
      look(pod.spec.nodeName);
      // What it held, or no longer holds, another board may be waiting for.
      for (const name of podReferences(pod).claims) lookAll(boardsUsing(around(pod), 'claims', name));
    };
    const ofNode = (node: Node) => look(node.metadata.name);
    const everyBoard = () => this.#nodes.lister.list().map(({ metadata }) => metadata.name);
    const ofSort = (sort: 'configs' | 'secrets') => (object: KubeObject) => {
      const isForAll = this.#concernsRegistries(sort, keyOf(object));
      lookAll(isForAll ? everyBoard() : boardsUsing(around(object), sort, object.metadata.name));
    };
    const ofAccount = (account: ServiceAccount) => lookAll(boardsRunningAs(around(account), keyOf(account)));
    const all = <T extends KubeObject>(look: (object: T) => void) => ({
      onAdd: look,
      onUpdate: look,
      onDelete: look,
    });
    this.#unsubscribe = [
      this.#pods.subscribe(all(ofPod)),
      this.#pods.subscribe({ onDelete: ({ metadata }) => this.#tokens?.forget(metadata.uid) }),
      this.#accounts.subscribe(all(ofAccount)),
      this.#nodes.subscribe({ onAdd: ofNode, onDelete: ofNode }),
      this.#options.ingressSecrets.onChange(look),
      this.#configMaps.subscribe(all(ofSort('configs'))),
      this.#secrets.subscribe(all(ofSort('secrets'))),
      this.#volumes.subscribe(all((volume) => lookAll(this.#boardsOf(volume)))),
    ];
    await this.#runner.start();
  }

  async stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe();
    await this.#runner.stop();
  }

  #reconcile(node: string): { requeueAfterMs?: number } {
    const before = this.#told.get(node) ?? nothing();
    const isKnown = this.#nodes.lister.get(node) !== undefined;
    const wanted = isKnown ? this.#tell(node) : nothing();
    // A board whose Node was deleted hears of an empty set first: what still runs there is stopped.
    if (isKnown || this.#told.has(node)) this.#tellIndex(node, wanted);
    for (const sort of SORTS) {
      for (const key of before[sort].keys()) {
        if (!wanted[sort].has(key)) this.#options.topics.remove(topics.desired(node, sort, key));
      }
    }
    if (!isKnown) {
      this.#forget(node);
      return {};
    }
    this.#told.set(node, wanted);
    const running = this.#podsFor(node).filter((pod) => !isFinished(pod));
    const requeueAfterMs = this.#tokens?.waitMs(running);
    return requeueAfterMs === undefined ? {} : { requeueAfterMs };
  }

  #forget(node: string): void {
    this.#told.delete(node);
    this.#options.topics.remove(topics.desiredIndex(node));
  }

  /** A board knows its static pods from their files. */
  #podsFor(node: string): Pod[] {
    return podsOnNode(this.#pods, node).filter((pod) => !isMirrorPod(pod));
  }

  #tell(node: string): Told {
    const told = nothing();
    this.#tellRegistries(node, told);
    for (const pod of this.#podsFor(node)) {
      told.pods.set(
        keyOf(pod),
        this.#put(node, 'pods', pod, () => ({ pod: desiredPod(pod) })),
      );
      if (!isFinished(pod)) this.#tellReferences(node, pod, told);
    }
    for (const volume of this.#volumes.lister.list()) {
      if (boardOfLocalPath(volume) === node && isToBeRemoved(volume)) this.#tellVolume(node, volume, told);
    }
    for (const key of this.#options.ingressSecrets.of(node)) this.#tellSecret(node, key, told);
    return told;
  }

  /** Those whose pods use it, and the one that it is a directory of. */
  #boardsOf(volume: PersistentVolume): Set<string> {
    const { namespace = '', name = '' } = volume.spec.claimRef ?? {};
    const boards = boardsUsing(this.#pods.lister.inNamespace(namespace), 'claims', name);
    const own = boardOfLocalPath(volume);
    if (own) boards.add(own);
    return boards;
  }

  #tellVolume(node: string, volume: PersistentVolume, told: Told): void {
    const content = () => ({ volume: withoutManagedFields(volume) });
    told.volumes.set(keyOf(volume), this.#put(node, 'volumes', volume, content));
  }

  #tellConfig(node: string, key: string, told: Told): void {
    const config = this.#configMaps.lister.get(key);
    if (!config) return;
    const content = () => ({ config: withoutManagedFields(config) });
    told.configs.set(key, this.#put(node, 'configs', config, content));
  }

  #tellSecret(node: string, key: string, told: Told): void {
    const secret = this.#secrets.lister.get(key);
    if (!secret) return;
    const content = () => ({ secret: withoutManagedFields(secret) });
    told.secrets.set(key, this.#put(node, 'secrets', secret, content));
  }

  /** Every board has to know where images come from, and to show what is asked for there. */
  #tellRegistries(node: string, told: Told): void {
    this.#tellConfig(node, REGISTRIES_CONFIG, told);
    for (const key of registrySecrets(this.#configMaps.lister.get(REGISTRIES_CONFIG)))
      this.#tellSecret(node, key, told);
  }

  #concernsRegistries(sort: 'configs' | 'secrets', key: string): boolean {
    if (sort === 'configs') return key === REGISTRIES_CONFIG;
    return registrySecrets(this.#configMaps.lister.get(REGISTRIES_CONFIG)).has(key);
  }

  #tellReferences(node: string, pod: Pod, told: Told): void {
    const references = podReferences(pod);
    const { namespace } = pod.metadata;
    for (const name of references.configMaps) this.#tellConfig(node, `${namespace}/${name}`, told);
    for (const name of references.secrets) this.#tellSecret(node, `${namespace}/${name}`, told);
    for (const name of references.claims) {
      const volumes = this.#volumes.lister.byIndex(CLAIM_INDEX, `${pod.metadata.namespace}/${name}`);
      for (const volume of volumes) {
        const isFree = !isHeldElsewhere(
          volume,
          node,
          this.#pods.lister.inNamespace(pod.metadata.namespace ?? ''),
        );
        if (volume.status?.phase === 'Bound' && isFree) this.#tellVolume(node, volume, told);
      }
    }
    this.#tellTokens(node, pod, told);
  }

  /** A pod whose token cannot be made yet waits on its board as for a Secret that is missing. */
  #tellTokens(node: string, pod: Pod, told: Told): void {
    const tokens = this.#tokens?.of(pod);
    if (!tokens) return;
    const { uid } = pod.metadata;
    const revision = this.#options.topics.put(topics.desired(node, 'secrets', tokens.key), {
      revision: this.#revision,
      source: `${uid} ${tokens.generation}`,
      content: () => ({ secret: tokens.secret() }),
    });
    told.secrets.set(tokens.key, { uid, revision });
  }

  #put(node: string, sort: DesiredSort, object: KubeObject, content: () => object): IndexEntry {
    const { uid, resourceVersion } = object.metadata;
    const revision = this.#options.topics.put(topics.desired(node, sort, keyOf(object)), {
      revision: Number(resourceVersion),
      source: `${uid} ${resourceVersion}`,
      content,
    });
    return { uid, revision };
  }

  #tellIndex(node: string, told: Told): void {
    const revision = this.#revision;
    const content = () => ({
      pods: Object.fromEntries(told.pods),
      configs: Object.fromEntries(told.configs),
      secrets: Object.fromEntries(told.secrets),
      volumes: Object.fromEntries(told.volumes),
    });
    this.#options.topics.put(topics.desiredIndex(node), { revision, content });
  }

  /** All of the caches is at least of this revision. */
  get #revision(): number {
    const informers = [this.#pods, this.#configMaps, this.#secrets, this.#volumes];
    return Math.max(...informers.map(({ revision }) => revision));
  }
}
