// What a Job's controller does to pods: each write survives being done twice, and is seen by the next look at once.
import { jobs } from '../api/kinds/job.ts';
import { pods } from '../api/kinds/pod.ts';
import { type Job, keyOf, type Pod } from '../api/objects.ts';
import { isConflict, isNotFound } from '../api/status-error.ts';
import type { Client } from '../client/client.ts';
import type { WrittenObjects } from '../client/written-objects.ts';
import { controllerReference } from './claims.ts';
import { failureMarks } from './job-index-failures.ts';
import { isTracked, jobPod, TRACKING_FINALIZER } from './job-pod.ts';

export class JobPodWrites {
  readonly #client: Client;
  readonly #written: WrittenObjects<Pod>;

  constructor(client: Client, written: WrittenObjects<Pod>) {
    this.#client = client;
    this.#written = written;
  }

  /** `replaced` is the pod whose failures its index goes on to count. */
  async create(job: Job, index: number | undefined, replaced: Pod | undefined): Promise<Pod> {
    const pod = await this.#client.create(pods, jobPod(job, index, failureMarks(job, replaced)));
    this.#written.wrote(pod);
    return pod;
  }

  /** False when it was gone already. */
  async delete(pod: Pod): Promise<boolean> {
    const preconditions = { uid: pod.metadata.uid };
    try {
      await this.#client.delete(pods, keyOf(pod), { preconditions });
    } catch (error) {
      if (isNotFound(error) || isConflict(error)) return false;
      throw error;
    }
    // One that is held stays, and is read again as being deleted.
    if (!isTracked(pod)) this.#written.deleted(pod);
    return true;
  }

  /** Lets the pod go: from here on nothing of it is counted that was not before. */
  async untrack(pod: Pod): Promise<void> {
    if (!isTracked(pod)) return;
    const body = {
      metadata: { uid: pod.metadata.uid, '$deleteFromPrimitiveList/finalizers': [TRACKING_FINALIZER] },
    };
    await this.#patch(pod, 'strategic', body);
  }

  /** Throws when the job is going or was replaced: the cache may be behind, and pods must not go with it. */
  async adopt(job: Job, pod: Pod): Promise<void> {
    const fresh = await this.#client.get(jobs, keyOf(job));
    if (fresh.metadata.uid !== job.metadata.uid || fresh.metadata.deletionTimestamp) {
      throw new Error(`job ${keyOf(job)} is being deleted or was replaced`);
    }
    const { uid, resourceVersion, ownerReferences = [], finalizers = [] } = pod.metadata;
    const tracked = isTracked(pod) ? finalizers : [...finalizers, TRACKING_FINALIZER];
    const owners = [...ownerReferences, controllerReference(job)];
    await this.#patch(pod, 'merge', {
      metadata: { uid, resourceVersion, ownerReferences: owners, finalizers: tracked },
    });
  }

  async release(job: Job, pod: Pod): Promise<void> {
    const { uid, resourceVersion, ownerReferences = [], finalizers = [] } = pod.metadata;
    await this.#patch(pod, 'merge', {
      metadata: {
        uid,
        resourceVersion,
        ownerReferences: ownerReferences.filter((owner) => owner.uid !== job.metadata.uid),
        finalizers: finalizers.filter((name) => name !== TRACKING_FINALIZER),
      },
    });
  }

  async #patch(pod: Pod, type: 'merge' | 'strategic', body: object): Promise<void> {
    try {
      this.#written.wrote(await this.#client.patch(pods, keyOf(pod), { type, body }));
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}
