// An informer of @kubernetes/client-node that begins again after every error, as its users are told to do, and keeps
// account of what it was told about each object.
import {
  type KubeConfig,
  type KubernetesListObject,
  ListWatch,
  type V1ConfigMap,
  Watch,
} from '@kubernetes/client-node';

export interface Told {
  verb: 'add' | 'update' | 'delete';
  resourceVersion: number;
}

export interface InformerUnderTest {
  /** Path of the collection, such as `/api/v1/configmaps`. */
  path: string;
  labelSelector?: string;
  list(): Promise<KubernetesListObject<V1ConfigMap>>;
}

export class CountingInformer {
  /** By `namespace/name`. */
  readonly told = new Map<string, Told[]>();
  lists = 0;
  errors = 0;
  readonly #informer: ListWatch<V1ConfigMap>;
  #restarting: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(config: KubeConfig, { path, labelSelector, list }: InformerUnderTest) {
    const counted = () => {
      this.lists++;
      return list();
    };
    const noDelay = { delayFn: async () => undefined };
    const watch = new Watch(config);
    this.#informer = new ListWatch(path, watch, counted, false, labelSelector, undefined, noDelay);
    for (const verb of ['add', 'update', 'delete'] as const) {
      this.#informer.on(verb, (object) => this.#tell(verb, object));
    }
    this.#informer.on('error', () => this.#again());
  }

  async start(): Promise<void> {
    await this.#informer.start();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#restarting);
    await this.#informer.stop();
  }

  /** What it holds now: `namespace/name` to resourceVersion. */
  cache(): Map<string, string> {
    return new Map(
      this.#informer.list().map(({ metadata }) => [keyOf(metadata), metadata?.resourceVersion ?? '']),
    );
  }

  /**
   * What cannot have been: a revision that does not grow, something told twice or out of turn. A deletion that only
   * a new list has shown (`relisted`) comes with the last state that was seen.
   */
  contradictions({ relisted }: { relisted: boolean }): string[] {
    return [...this.told].flatMap(([key, told]) =>
      told.flatMap((now, i) => contradiction(key, told[i - 1], now, relisted)),
    );
  }

  #tell(verb: Told['verb'], { metadata }: V1ConfigMap): void {
    const key = keyOf(metadata);
    const told = this.told.get(key) ?? [];
    told.push({ verb, resourceVersion: Number(metadata?.resourceVersion) });
    this.told.set(key, told);
  }

  #again(): void {
    if (this.#isStopped) return;
    this.errors++;
    clearTimeout(this.#restarting);
    this.#restarting = setTimeout(() => void this.#informer.start(), 5);
  }
}

export const keyOf = (metadata?: { namespace?: string; name?: string }): string =>
  `${metadata?.namespace}/${metadata?.name}`;

function contradiction(key: string, before: Told | undefined, now: Told, relisted: boolean): string[] {
  const say = (what: string) => [`${key}: ${what}: ${JSON.stringify([before, now])}`];
  const isThere = before !== undefined && before.verb !== 'delete';
  if (isThere === (now.verb === 'add'))
    return say(isThere ? 'it is added twice' : 'it goes on after its end');
  if (!before || now.resourceVersion > before.resourceVersion) return [];
  const isOldState = relisted && now.verb === 'delete' && now.resourceVersion === before.resourceVersion;
  return isOldState ? [] : say('its revision does not grow');
}
