// Binds claims and volumes, has volumes made, and follows both to their end. One worker over both kinds, so that no
// two decisions give the same volume away. https://kubernetes.io/docs/concepts/storage/persistent-volumes/
import { nodes } from '../../api/kinds/node.ts';
import { persistentVolumes } from '../../api/kinds/persistent-volume.ts';
import { persistentVolumeClaims } from '../../api/kinds/persistent-volume-claim.ts';
import { pods } from '../../api/kinds/pod.ts';
import { defaultStorageClass, storageClasses } from '../../api/kinds/storage-class.ts';
import {
  keyOf,
  type Node,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  type StorageClass,
} from '../../api/objects.ts';
import { claimKeysOf } from '../../api/pod-claims.ts';
import { isNotFound } from '../../api/status-error.ts';
import type { Component } from '../../base/component.ts';
import type { Informer } from '../../client/informer.ts';
import { WrittenObjects } from '../../client/written-objects.ts';
import { Controller, onAnyChange } from '../controller.ts';
import type { ControllerOptions } from '../controller-options.ts';
import { StorageWriter } from './binding.ts';
import { type ClaimAction, decideClaim, type StorageWorld } from './claim-decision.ts';
import { Provisioner } from './provisioner.ts';
import { ToldNews } from './told-news.ts';
import { decideVolume, type VolumeAction } from './volume-decision.ts';

const VOLUME = 'volume:';
const CLAIM = 'claim:';

export class PersistentVolumeBinder implements Component {
  readonly #options: ControllerOptions;
  readonly #volumes: WrittenObjects<PersistentVolume>;
  readonly #claims: WrittenObjects<PersistentVolumeClaim>;
  readonly #classes: Informer<StorageClass>;
  readonly #nodes: Informer<Node>;
  readonly #pods: Informer<Pod>;
  readonly #writer: StorageWriter;
  readonly #news: ToldNews;
  readonly #provisioner: Provisioner;
  readonly #controller: Controller;

  constructor(options: ControllerOptions) {
    this.#options = options;
    const { informers, client } = options;
    const volumes = informers.for(persistentVolumes);
    const claims = informers.for(persistentVolumeClaims);
    this.#volumes = new WrittenObjects(volumes);
    this.#claims = new WrittenObjects(claims);
    this.#classes = informers.for(storageClasses);
    this.#nodes = informers.for(nodes);
    this.#pods = informers.for(pods);
    this.#writer = new StorageWriter({ client, volumes: this.#volumes, claims: this.#claims });
    this.#news = new ToldNews(options.recorder);
    const [writer, news] = [this.#writer, this.#news];
    this.#provisioner = new Provisioner({ client, volumes: this.#volumes, writer, news });
    this.#controller = new Controller('persistent-volume-binder', (key) => this.#reconcile(key), options);
    this.#follow(volumes, claims);
  }

  start(): Promise<void> {
    return this.#controller.start();
  }

  stop(): Promise<void> {
    return this.#controller.stop();
  }

  #follow(volumes: Informer<PersistentVolume>, claims: Informer<PersistentVolumeClaim>): void {
    this.#controller.follows(
      volumes,
      onAnyChange((volume) => this.#volumeChanged(volume)),
    );
    this.#controller.follows(
      claims,
      onAnyChange((claim) => this.#claimChanged(claim)),
    );
    this.#controller.follows(
      this.#classes,
      onAnyChange(() => this.#lookAtUnbound()),
    );
    // Listed, not followed: a node matters when a claim names it.
    this.#controller.follows(this.#nodes, {});
    this.#controller.follows(this.#pods, {
      onAdd: (pod) => {
        if (pod.spec.nodeName) return;
        for (const key of claimKeysOf(pod)) this.#controller.enqueue(CLAIM + key);
      },
    });
  }

  #volumeChanged({ metadata, spec }: PersistentVolume): void {
    this.#controller.enqueue(VOLUME + metadata.name);
    const { claimRef } = spec;
    if (claimRef?.name) this.#controller.enqueue(`${CLAIM}${claimRef.namespace}/${claimRef.name}`);
    else this.#lookAtUnbound();
  }

  #claimChanged(claim: PersistentVolumeClaim): void {
    this.#controller.enqueue(CLAIM + keyOf(claim));
    if (claim.spec.volumeName) this.#controller.enqueue(VOLUME + claim.spec.volumeName);
    // A volume that was given to a claim which is gone, or that did not get as far as naming it.
    for (const volume of this.#volumes.list()) {
      const { claimRef } = volume.spec;
      const isNamed =
        claimRef?.name === claim.metadata.name && claimRef.namespace === claim.metadata.namespace;
      if (isNamed) this.#controller.enqueue(VOLUME + volume.metadata.name);
    }
  }

  #lookAtUnbound(): void {
    for (const claim of this.#claims.list()) {
      if (claim.status?.phase !== 'Bound') this.#controller.enqueue(CLAIM + keyOf(claim));
    }
  }

  async #reconcile(key: string): Promise<void> {
    try {
      if (key.startsWith(VOLUME)) await this.#lookAtVolume(key.slice(VOLUME.length));
      else await this.#lookAtClaim(key.slice(CLAIM.length));
    } catch (error) {
      // What is gone needs nothing more; its removal brings the other side here.
      if (!isNotFound(error)) throw error;
    }
  }

  async #lookAtVolume(name: string): Promise<void> {
    const volume = this.#volumes.get(name);
    if (!volume) return;
    await this.#doVolume(volume, decideVolume(volume, await this.#claimOf(volume)));
  }

  /** Asked for afresh where the cache does not know it: data must not go for want of news. */
  async #claimOf({ spec: { claimRef } }: PersistentVolume): Promise<PersistentVolumeClaim | undefined> {
    if (!claimRef?.uid) return undefined;
    const key = `${claimRef.namespace}/${claimRef.name}`;
    const cached = this.#claims.get(key);
    if (cached?.metadata.uid === claimRef.uid) return cached;
    try {
      return await this.#options.client.get(persistentVolumeClaims, key);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async #doVolume(volume: PersistentVolume, action: VolumeAction): Promise<void> {
    switch (action.do) {
      case 'setPhase':
        await this.#writer.volumeStatus(volume, { phase: action.phase });
        return;
      case 'fail':
        await this.#writer.volumeStatus(volume, { phase: 'Failed', message: action.said.message });
        return this.#news.say(volume, action.said);
      case 'unbind': {
        const { kind, apiVersion, namespace, name } = volume.spec.claimRef ?? {};
        const kept = action.keepName
          ? { kind, apiVersion, namespace, name, uid: null, resourceVersion: null }
          : null;
        await this.#writer.patchVolume(volume, { spec: { claimRef: kept } });
        return;
      }
      case 'delete':
        return this.#options.client.delete(persistentVolumes, keyOf(volume), {
          preconditions: { uid: volume.metadata.uid },
        });
    }
  }

  async #lookAtClaim(key: string): Promise<void> {
    const claim = this.#claims.get(key);
    if (!claim) {
      this.#news.forget(key);
      return;
    }
    const action = decideClaim(claim, this.#world());
    await this.#doClaim(claim, action);
  }

  #doClaim(claim: PersistentVolumeClaim, action: ClaimAction): Promise<unknown> {
    switch (action.do) {
      case 'bind':
        this.#news.forget(keyOf(claim));
        return this.#writer.bind(claim, action.volume);
      case 'wait':
        return this.#provisioner.wait(claim, action.said);
      case 'lose':
        this.#news.say(claim, action.said);
        return this.#writer.claimStatus(claim, { phase: 'Lost' });
      case 'provision':
        return this.#provisioner.makeLocal(claim, action.storageClass, action.node);
      case 'askProvisioner':
        return this.#provisioner.askOther(claim, action.provisioner);
      case 'setClass':
        return this.#writer.patchClaim(claim, { spec: { storageClassName: action.name } });
    }
  }

  #world(): StorageWorld {
    return {
      volume: (name) => this.#volumes.get(name),
      volumes: () => this.#volumes.list(),
      storageClass: (name) => this.#classes.lister.get(name),
      defaultClass: () => defaultStorageClass(this.#classes.lister.list())?.metadata.name,
      node: (name) => this.#nodes.lister.get(name),
      waitingPod: (claim) => {
        const isWaiting = (pod: Pod) => !pod.spec.nodeName && claimKeysOf(pod).includes(keyOf(claim));
        const pod = this.#pods.lister.inNamespace(claim.metadata.namespace ?? '').find(isWaiting);
        return pod?.metadata.name;
      },
    };
  }
}
