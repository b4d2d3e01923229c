// What a rolling update asks of the API server: the ReplicationControllers of one namespace and their pods.
import type { Pod, ReplicationController } from '../api/objects.ts';
import { isNotFound } from '../api/status-error.ts';
import { collectionPath, objectPath } from '../client/resource-path.ts';
import { patchObject, readObject } from './chosen-objects.ts';
import type { CommandContext } from './command-context.ts';
import type { Resource } from './discovery.ts';
import { listObjects } from './list-pages.ts';

type Controller = ReplicationController;

/** All of them reject with a StatusError where they don't say otherwise. */
export class RollingRequests {
  readonly #context: CommandContext;
  readonly #controllers: Resource;
  readonly #pods: Resource;

  constructor(context: CommandContext, resources: { rc: Resource; pods: Resource }) {
    this.#context = context;
    this.#controllers = resources.rc;
    this.#pods = resources.pods;
  }

  list(): Promise<Controller[]> {
    const { connection, namespace } = this.#context;
    return listObjects<Controller>(connection, this.#controllers, { namespace });
  }

  /** `undefined` when there is none of that name. */
  find(name: string): Promise<Controller | undefined> {
    return this.#read(name).catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
  }

  /** As it is now. */
  get({ metadata: { name } }: Controller): Promise<Controller> {
    return this.#read(name);
  }

  patch({ metadata: { name } }: Controller, body: object): Promise<Controller> {
    return patchObject<Controller>(this.#context, this.#chosen(name), { type: 'merge', body });
  }

  scale(rc: Controller, replicas: number): Promise<Controller> {
    return this.patch(rc, { spec: { replicas } });
  }

  create(body: object): Promise<Controller> {
    const path = collectionPath(this.#controllers, this.#context.namespace);
    return this.#context.connection.json<Controller>({ method: 'POST', path, body });
  }

  /** One that is gone already is fine. */
  async delete(name: string, propagationPolicy: 'Background' | 'Orphan'): Promise<void> {
    const path = objectPath(this.#controllers, this.#chosen(name).key);
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy };
    await ifThere(this.#context.connection.json({ method: 'DELETE', path, body }));
  }

  podsOf({ spec, metadata }: Controller): Promise<Pod[]> {
    const labelSelector = Object.entries(spec.selector ?? {})
      .map(([key, value]) => `${key}=${value}`)
      .join(',');
    const namespace = metadata.namespace ?? this.#context.namespace;
    return listObjects<Pod>(this.#context.connection, this.#pods, { namespace, labelSelector });
  }

  /** A pod that is gone needs no label. */
  async labelPod({ metadata }: Pod, labels: Record<string, string>): Promise<void> {
    const chosen = { resource: this.#pods, key: `${metadata.namespace}/${metadata.name}` };
    await ifThere(patchObject(this.#context, chosen, { type: 'merge', body: { metadata: { labels } } }));
  }

  async #read(name: string): Promise<Controller> {
    return readObject<Controller>(this.#context, this.#chosen(name));
  }

  #chosen(name: string): { resource: Resource; key: string } {
    return { resource: this.#controllers, key: `${this.#context.namespace}/${name}` };
  }
}

async function ifThere(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
