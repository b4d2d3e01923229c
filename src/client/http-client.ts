// The Client over HTTPS, for everything that is not in the master's process.

import { namespaces } from '../api/kinds/namespace.ts';
import { pods } from '../api/kinds/pod.ts';
import { type core, type KubeObject, keyOf, type meta, type Namespace, splitKey } from '../api/objects.ts';
import { apiVersionOf, type KindDefinition } from '../api/scheme.ts';
import { isExpired, StatusError } from '../api/status-error.ts';
import type {
  Client,
  DeleteOptions,
  ListOptions,
  NewObject,
  ObjectList,
  Patch,
  WatchEvent,
  WatchOptions,
} from './client.ts';
import { HttpConnection, type HttpConnectionOptions, unreachable } from './http-connection.ts';
import { jsonLines } from './json-lines.ts';
import { collectionPath, objectPath, withQuery } from './resource-path.ts';

/** As kubectl: large lists come in parts, so that neither side holds one huge body. */
const PAGE_SIZE = 500;

const patchContentTypes = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
} as const;

interface WireList<T> {
  metadata: { resourceVersion: string; continue?: string };
  items: T[];
}

type WireEvent<T extends KubeObject> = WatchEvent<T> | { type: 'ERROR'; object: meta.Status };

export class HttpClient implements Client {
  readonly #server: string;
  readonly #connection: HttpConnection;

  constructor(options: HttpConnectionOptions) {
    this.#server = options.server;
    this.#connection = new HttpConnection(options);
  }

  /** Ends what is open, watches too. */
  close(): void {
    this.#connection.close();
  }

  get<T extends KubeObject>(kind: KindDefinition<T>, key: string): Promise<T> {
    return this.#connection.json<T>({ method: 'GET', path: objectPath(kind, key) });
  }

  async list<T extends KubeObject>(
    kind: KindDefinition<T>,
    options: ListOptions = {},
  ): Promise<ObjectList<T>> {
    try {
      return await this.#listPages(kind, options, PAGE_SIZE);
    } catch (error) {
      // The pages' revision left the history while we read: only one whole answer is consistent then.
      if (isExpired(error)) return this.#listPages(kind, options, undefined);
      throw error;
    }
  }

  async *watch<T extends KubeObject>(
    kind: KindDefinition<T>,
    options: WatchOptions,
  ): AsyncGenerator<WatchEvent<T>> {
    const { signal, namespace, ...query } = options;
    const path = withQuery(collectionPath(kind, namespace), {
      ...query,
      watch: 1,
      allowWatchBookmarks: true,
    });
    try {
      const response = await this.#connection.stream({ method: 'GET', path, signal });
      for await (const event of jsonLines<WireEvent<T>>(response)) {
        if (event.type === 'ERROR') throw StatusError.fromStatus(event.object);
        yield event;
      }
    } catch (error) {
      if (signal.aborted) return;
      throw error instanceof StatusError ? error : unreachable(this.#server, error);
    }
  }

  create<T extends KubeObject>(kind: KindDefinition<T>, object: NewObject<T>): Promise<T> {
    const path = collectionPath(kind, object.metadata.namespace);
    return this.#connection.json<T>({ method: 'POST', path, body: object });
  }

  update<T extends KubeObject>(kind: KindDefinition<T>, object: T): Promise<T> {
    return this.#put<T>(objectPath(kind, keyOf(object)), object);
  }

  updateStatus<T extends KubeObject>(kind: KindDefinition<T>, object: T): Promise<T> {
    return this.#put<T>(objectPath(kind, keyOf(object), 'status'), object);
  }

  patch<T extends KubeObject>(
    kind: KindDefinition<T>,
    key: string,
    patch: Patch,
    subresource?: 'status' | 'scale' | 'resize',
  ): Promise<T> {
    return this.#connection.json<T>({
      method: 'PATCH',
      path: objectPath(kind, key, subresource),
      body: patch.body,
      contentType: patchContentTypes[patch.type],
    });
  }

  async delete(kind: KindDefinition, key: string, options: DeleteOptions = {}): Promise<void> {
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', ...options };
    await this.#connection.json({ method: 'DELETE', path: objectPath(kind, key), body });
  }

  async finalizeNamespace(namespace: Namespace): Promise<void> {
    await this.#put(objectPath(namespaces, namespace.metadata.name, 'finalize'), namespace);
  }

  async bind(podKey: string, nodeName: string): Promise<void> {
    const { namespace, name } = splitKey(podKey);
    const body: core.Binding = {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name, ...(namespace ? { namespace } : {}) },
      target: { apiVersion: 'v1', kind: 'Node', name: nodeName },
    };
    await this.#connection.json({ method: 'POST', path: objectPath(pods, podKey, 'binding'), body });
  }

  #put<T>(path: string, body: unknown): Promise<T> {
    return this.#connection.json<T>({ method: 'PUT', path, body });
  }

  async #listPages<T extends KubeObject>(
    kind: KindDefinition<T>,
    { namespace, ...selectors }: ListOptions,
    limit: number | undefined,
  ): Promise<ObjectList<T>> {
    const items: T[] = [];
    let next: string | undefined;
    let resourceVersion: string;
    do {
      const query = { ...selectors, limit, continue: next };
      const path = withQuery(collectionPath(kind, namespace), query);
      const page: WireList<T> = await this.#connection.json({ method: 'GET', path });
      for (const item of page.items) items.push(withType(kind, item));
      resourceVersion = page.metadata.resourceVersion;
      next = page.metadata.continue;
    } while (next);
    return { resourceVersion, items };
  }
}

/** Items of a list come without apiVersion and kind. */
function withType<T extends KubeObject>(kind: KindDefinition<T>, item: T): T {
  return { ...item, apiVersion: apiVersionOf(kind), kind: kind.kind };
}
