// Has a volume made for a claim that found none: by ourselves as a directory of a board, or by whoever the claim's
// class names. https://kubernetes.io/docs/concepts/storage/persistent-volumes/#dynamic
import { persistentVolumes } from '../../api/kinds/persistent-volume.ts';
import type { Node, PersistentVolume, PersistentVolumeClaim, StorageClass } from '../../api/objects.ts';
import { isAlreadyExists } from '../../api/status-error.ts';
import {
  LOCAL_PATH_PROVISIONER,
  STORAGE_PROVISIONER,
  STORAGE_PROVISIONER_BETA,
} from '../../api/storage-marks.ts';
import type { Client } from '../../client/client.ts';
import type { WrittenObjects } from '../../client/written-objects.ts';
import type { StorageWriter } from './binding.ts';
import type { Said } from './claim-decision.ts';
import { localPathName, localPathProblem, localPathVolume } from './local-path.ts';
import { classOfClaim } from './matching.ts';
import type { ToldNews } from './told-news.ts';

export interface ProvisionerOptions {
  client: Client;
  volumes: WrittenObjects<PersistentVolume>;
  writer: StorageWriter;
  news: ToldNews;
}

export class Provisioner {
  readonly #options: ProvisionerOptions;

  constructor(options: ProvisionerOptions) {
    this.#options = options;
  }

  /** The claim waits: for a volume, or for whoever may make one. */
  async wait(claim: PersistentVolumeClaim, said: Said): Promise<void> {
    this.#options.news.say(claim, said);
    await this.#options.writer.claimStatus(claim, { phase: 'Pending' });
  }

  async askOther(claim: PersistentVolumeClaim, provisioner: string): Promise<void> {
    const marked = await this.#mark(claim, provisioner);
    const message =
      `Waiting for a volume to be created either by the external provisioner '${provisioner}' ` +
      'or manually by the system administrator. If volume creation is delayed, please verify that the ' +
      'provisioner is running and correctly registered.';
    await this.wait(marked, { type: 'Normal', reason: 'ExternalProvisioning', message });
  }

  /** A directory of `node`. Nothing is made, and the claim is told why, where that cannot be. */
  async makeLocal(
    claim: PersistentVolumeClaim,
    storageClass: StorageClass,
    node: Node | undefined,
  ): Promise<void> {
    const marked = await this.#mark(claim, LOCAL_PATH_PROVISIONER);
    const problem = localPathProblem(claim, node);
    if (problem || !node) {
      const message = `failed to provision volume with StorageClass "${classOfClaim(claim)}": ${problem}`;
      return this.wait(marked, { type: 'Warning', reason: 'ProvisioningFailed', message });
    }
    const { client, volumes, news } = this.#options;
    const planned = localPathVolume(marked, storageClass, node);
    try {
      volumes.wrote(await client.create<PersistentVolume>(persistentVolumes, planned));
    } catch (error) {
      // By a pass before this one: the informer brings it.
      if (isAlreadyExists(error)) return;
      throw error;
    }
    const message = `Successfully provisioned volume ${localPathName(claim)}`;
    news.say(marked, { type: 'Normal', reason: 'ProvisioningSucceeded', message });
  }

  async #mark(claim: PersistentVolumeClaim, provisioner: string): Promise<PersistentVolumeClaim> {
    if (claim.metadata.annotations?.[STORAGE_PROVISIONER] === provisioner) return claim;
    const annotations = { [STORAGE_PROVISIONER]: provisioner, [STORAGE_PROVISIONER_BETA]: provisioner };
    return this.#options.writer.patchClaim(claim, { metadata: { annotations } });
  }
}
