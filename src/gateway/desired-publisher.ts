// nodes/N/desired/…, brought up to date for the boards that a change concerns. Items are sent before the index that names
// them, and removed after the index that no longer does.
import { configMaps } from '../api/kinds/config-map.ts';
import { nodes } from '../api/kinds/node.ts';
import { persistentVolumes } from '../api/kinds/persistent-volume.ts';
import { pods } from '../api/kinds/pod.ts';
import { runtimeClasses } from '../api/kinds/runtime-class.ts';
import { secrets } from '../api/kinds/secret.ts';
import { serviceAccounts } from '../api/kinds/service-account.ts';
import { boardOfLocalPath } from '../api/local-volume.ts';
import {
  type ConfigMap,
  type KubeObject,
  keyOf,
  type Node,
  type PersistentVolume,
  type Pod,
  type RuntimeClass,
  type Secret,
  type ServiceAccount,
} from '../api/objects.ts';
import { isFinished } from '../api/pod-phase.ts';
import { podReferences } from '../api/pod-references.ts';
import { REGISTRIES_CONFIG } from '../api/registries-config.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { ControllerRunner } from '../client/controller-runner.ts';
import type { Informer } from '../client/informer.ts';
import type { InformerFactory } from '../client/informer-factory.ts';
import { topics } from '../mqtt/topics.ts';
import { boardsOfClass, boardsRunningAs, boardsUsing } from './boards-concerned.ts';
import { DesiredContent, nothing, type Told } from './desired-content.ts';
import type { IngressSecrets } from './ingress-secrets.ts';
import { type PodTokenIssuer, PodTokens } from './pod-tokens.ts';
import { registrySecrets } from './registry-secrets.ts';
import type { VersionedTopics } from './versioned-topics.ts';

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

const SORTS = ['pods', 'configs', 'secrets', 'volumes'] as const;

export class DesiredPublisher {
  readonly #options: DesiredPublisherOptions;
  readonly #pods: Informer<Pod>;
  readonly #nodes: Informer<Node>;
  readonly #configMaps: Informer<ConfigMap>;
  readonly #secrets: Informer<Secret>;
  readonly #volumes: Informer<PersistentVolume>;
  readonly #accounts: Informer<ServiceAccount>;
  readonly #runtimeClasses: Informer<RuntimeClass>;
  readonly #tokens: PodTokens | undefined;
  readonly #content: DesiredContent;
  readonly #told = new Map<string, Told>();
  readonly #runner: ControllerRunner;
  #unsubscribe: (() => void)[] = [];

  constructor(options: DesiredPublisherOptions) {
    this.#options = options;
    const { informers, clock, logger, tokenIssuer: issuer } = options;
    this.#pods = informers.for(pods);
    this.#nodes = informers.for(nodes);
    this.#configMaps = informers.for(configMaps);
    this.#secrets = informers.for(secrets);
    this.#volumes = informers.for(persistentVolumes);
    this.#accounts = informers.for(serviceAccounts);
    this.#runtimeClasses = informers.for(runtimeClasses);
    const account = (key: string) => this.#accounts.lister.get(key);
    this.#tokens = issuer && new PodTokens({ issuer, account, clock });
    this.#content = new DesiredContent({ ...options, tokens: this.#tokens });
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
    const ofClass = ({ metadata }: RuntimeClass) =>
      lookAll(boardsOfClass(this.#pods.lister.list(), metadata.name));
    const all = <T extends KubeObject>(look: (object: T) => void) => ({
      onAdd: look,
      onUpdate: look,
      onDelete: look,
    });
    this.#unsubscribe = [
      this.#pods.subscribe(all(ofPod)),
      this.#pods.subscribe({ onDelete: ({ metadata }) => this.#tokens?.forget(metadata.uid) }),
      this.#accounts.subscribe(all(ofAccount)),
      this.#runtimeClasses.subscribe({ onAdd: ofClass, onDelete: ofClass }),
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
    const wanted = isKnown ? this.#content.tell(node) : nothing();
    // A board whose Node was deleted hears of an empty set first: what still runs there is stopped.
    if (isKnown || this.#told.has(node)) this.#content.tellIndex(node, wanted);
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
    const running = this.#content.podsFor(node).filter((pod) => !isFinished(pod));
    const requeueAfterMs = this.#tokens?.waitMs(running);
    return requeueAfterMs === undefined ? {} : { requeueAfterMs };
  }

  #forget(node: string): void {
    this.#told.delete(node);
    this.#options.topics.remove(topics.desiredIndex(node));
  }

  /** Those whose pods use it, and the one that it is a directory of. */
  #boardsOf(volume: PersistentVolume): Set<string> {
    const { namespace = '', name = '' } = volume.spec.claimRef ?? {};
    const boards = boardsUsing(this.#pods.lister.inNamespace(namespace), 'claims', name);
    const own = boardOfLocalPath(volume);
    if (own) boards.add(own);
    return boards;
  }

  #concernsRegistries(sort: 'configs' | 'secrets', key: string): boolean {
    if (sort === 'configs') return key === REGISTRIES_CONFIG;
    return registrySecrets(this.#configMaps.lister.get(REGISTRIES_CONFIG)).has(key);
  }
}
