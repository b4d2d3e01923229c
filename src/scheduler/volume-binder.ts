// Tells the volume controller which board a pod goes to, and waits until every claim of the pod has its volume: a free
// volume there gets the claim's name, for the rest the claim is annotated with the board.
// https://kubernetes.io/docs/concepts/storage/storage-classes/#volume-binding-mode
import { persistentVolumes } from '../api/kinds/persistent-volume.ts';
import { persistentVolumeClaims } from '../api/kinds/persistent-volume-claim.ts';
import {
  keyOf,
  type Node,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
} from '../api/objects.ts';
import { claimKeysOf } from '../api/pod-claims.ts';
import type { Clock } from '../base/clock.ts';
import type { Client } from '../client/client.ts';
import type { Informer } from '../client/informer.ts';
import { isBound } from './claims.ts';
import { planClaims, type VolumeChoice } from './volume-plan.ts';
import type { StorageView } from './world.ts';

export const SELECTED_NODE = 'volume.kubernetes.io/selected-node';
const BOUND_BY_CONTROLLER = 'pv.kubernetes.io/bound-by-controller';
/** Upstream's bindTimeoutSeconds. */
const BIND_TIMEOUT_MS = 600_000;

export interface VolumeBinderOptions {
  client: Client;
  clock: Clock;
  claims: Informer<PersistentVolumeClaim>;
  storage: StorageView;
}

export class VolumeBinder {
  readonly #options: VolumeBinderOptions;
  readonly #chosen = new Map<string, string>();

  constructor(options: VolumeBinderOptions) {
    this.#options = options;
  }

  /** `namespace/name` of the claim that a free volume was given to a moment ago. */
  chosenFor(volumeName: string): string | undefined {
    return this.#chosen.get(volumeName);
  }

  /** Resolves when all is bound; rejects when that failed, took too long or `signal` ended it. */
  async bind(pod: Pod, node: Node, signal: AbortSignal): Promise<void> {
    if (claimKeysOf(pod).length === 0) return;
    const { choices: plan, problems } = planClaims(pod, node, this.#options.storage);
    if (problems.size > 0) throw new Error(`binding volumes: no longer possible on ${node.metadata.name}`);
    if (plan.length === 0) return;
    const volumes = plan.flatMap(({ volume }) => volume?.metadata.name ?? []);
    for (const { volume, claim } of plan) if (volume) this.#chosen.set(volume.metadata.name, keyOf(claim));
    try {
      const waiting = new Map<string, number>();
      for (const choice of plan)
        waiting.set(keyOf(choice.claim), await this.#choose(choice, node.metadata.name));
      await this.#whenBound(waiting, node.metadata.name, signal);
    } finally {
      for (const name of volumes) this.#chosen.delete(name);
    }
  }

  /** Gives the revision from which on the claim carries the board's name. */
  async #choose({ claim, volume }: VolumeChoice, nodeName: string): Promise<number> {
    const { client } = this.#options;
    if (!volume) {
      const body = { metadata: { annotations: { [SELECTED_NODE]: nodeName } } };
      const patched = await client.patch(persistentVolumeClaims, keyOf(claim), { type: 'merge', body });
      return Number(patched.metadata.resourceVersion);
    }
    if (volume.spec.claimRef?.uid !== claim.metadata.uid) await this.#give(volume, claim);
    return Number.POSITIVE_INFINITY;
  }

  /** The revision guards against whoever gives the volume away at the same time. */
  async #give(volume: PersistentVolume, claim: PersistentVolumeClaim): Promise<void> {
    const { namespace, name, uid, resourceVersion } = claim.metadata;
    const claimRef = {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      namespace,
      name,
      uid,
      resourceVersion,
    };
    const metadata = {
      resourceVersion: volume.metadata.resourceVersion,
      annotations: { [BOUND_BY_CONTROLLER]: 'yes' },
    };
    const body = { metadata, spec: { claimRef } };
    await this.#options.client.patch(persistentVolumes, keyOf(volume), { type: 'merge', body });
  }

  /** `waiting`: claims, and from which revision on each must name the board. */
  #whenBound(waiting: Map<string, number>, nodeName: string, signal: AbortSignal): Promise<void> {
    const { clock, claims } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const fail = (why: string) => reject(new Error(`binding volumes: ${why}`));
    const look = (claim: PersistentVolumeClaim) => {
      const revision = waiting.get(keyOf(claim));
      if (revision === undefined) return;
      if (isBound(claim)) waiting.delete(keyOf(claim));
      // A provisioner that cannot do it on this board takes the board's name away.
      else if (isNewer(claim, revision) && claim.metadata.annotations?.[SELECTED_NODE] !== nodeName) {
        fail(`provisioning failed for PVC "${claim.metadata.name}"`);
      }
      if (waiting.size === 0) resolve();
    };
    const timer = clock.after(BIND_TIMEOUT_MS, () => fail('context deadline exceeded'));
    const onAbort = () => fail('the scheduler stops');
    signal.addEventListener('abort', onAbort);
    const unsubscribe = claims.subscribe({
      onAdd: look,
      onUpdate: look,
      onDelete: (claim) => {
        if (waiting.has(keyOf(claim))) fail(`persistentvolumeclaim "${claim.metadata.name}" not found`);
      },
    });
    return promise.finally(() => {
      timer.cancel();
      signal.removeEventListener('abort', onAbort);
      unsubscribe();
    });
  }
}

function isNewer({ metadata }: PersistentVolumeClaim, revision: number): boolean {
  return Number(metadata.resourceVersion) > revision;
}
