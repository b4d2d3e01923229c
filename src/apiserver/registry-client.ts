// The Client of everything in the master's own process: the registry itself, without HTTP between.
import { namespaces } from '../api/kinds/namespace.ts';
import type { KubeObject, Namespace } from '../api/objects.ts';
import type { KindDefinition } from '../api/scheme.ts';
import type {
  Client,
  DeleteOptions,
  ListOptions,
  NewObject,
  ObjectList,
  Patch,
  WatchEvent,
  WatchOptions,
} from '../client/client.ts';
import type { Patcher } from './registry/patcher.ts';
import type { Registry } from './registry/registry.ts';
import { scaleOf } from './registry/scale.ts';
import type { WriteScope } from './registry/update.ts';
import type { WatchStream } from './registry/watch-stream.ts';

export class RegistryClient implements Client {
  readonly #registry: Registry;
  readonly #patcher: Patcher;

  constructor(registry: Registry, patcher: Patcher) {
    this.#registry = registry;
    this.#patcher = patcher;
  }

  async get<T extends KubeObject>(kind: KindDefinition<T>, key: string): Promise<T> {
    return this.#registry.get(kind, key);
  }

  async list<T extends KubeObject>(
    kind: KindDefinition<T>,
    options: ListOptions = {},
  ): Promise<ObjectList<T>> {
    const { resourceVersion, items } = this.#registry.list(generic(kind), options);
    return { resourceVersion, items: items as T[] };
  }

  watch<T extends KubeObject>(kind: KindDefinition<T>, options: WatchOptions): AsyncIterable<WatchEvent<T>> {
    const open = () => this.#registry.watch(generic(kind), options);
    return iterate(open, options.signal) as AsyncIterable<WatchEvent<T>>;
  }

  async create<T extends KubeObject>(kind: KindDefinition<T>, object: NewObject<T>): Promise<T> {
    const created = await this.#registry.create(
      generic(kind),
      structuredClone(object) as unknown as KubeObject,
    );
    return created as T;
  }

  update<T extends KubeObject>(kind: KindDefinition<T>, object: T): Promise<T> {
    return this.#write(kind, object, 'main');
  }

  updateStatus<T extends KubeObject>(kind: KindDefinition<T>, object: T): Promise<T> {
    return this.#write(kind, object, 'status');
  }

  async patch<T extends KubeObject>(
    kind: KindDefinition<T>,
    key: string,
    patch: Patch,
    subresource?: 'status' | 'scale' | 'resize',
  ): Promise<T> {
    const patched = await this.#patcher.patch(generic(kind), key, patch, { subresource });
    // As over HTTP: who patches the scale gets the scale.
    return (subresource === 'scale' ? scaleOf(kind, patched.object) : patched.object) as T;
  }

  async delete(kind: KindDefinition, key: string, options: DeleteOptions = {}): Promise<void> {
    await this.#registry.delete(kind, key, options);
  }

  bind(podKey: string, nodeName: string): Promise<void> {
    return this.#registry.bind(podKey, { name: nodeName });
  }

  async finalizeNamespace(namespace: Namespace): Promise<void> {
    await this.#write(namespaces, namespace, 'finalize');
  }

  async #write<T extends KubeObject>(kind: KindDefinition<T>, object: T, scope: WriteScope): Promise<T> {
    const { namespace, name } = object.metadata;
    const key = namespace && kind.namespaced ? `${namespace}/${name}` : name;
    const copy = structuredClone(object);
    const updated = await this.#registry.update(generic(kind), key, () => copy, { scope });
    return updated as T;
  }
}

/** The registry looks at metadata and hands the rest to the kind's own functions, so it may forget `T`. */
function generic<T extends KubeObject>(kind: KindDefinition<T>): KindDefinition {
  return kind as unknown as KindDefinition;
}

/** Opens the stream with the first `next()`, so an iterator that nobody uses holds nothing. */
async function* iterate(open: () => WatchStream, signal: AbortSignal) {
  if (signal.aborted) return;
  const stream = open();
  const close = () => stream.close();
  signal.addEventListener('abort', close, { once: true });
  try {
    for (let batch = await stream.next(); batch; batch = await stream.next()) {
      for (const event of batch) {
        if (signal.aborted) return;
        yield event;
      }
    }
  } finally {
    signal.removeEventListener('abort', close);
    stream.close();
  }
}
