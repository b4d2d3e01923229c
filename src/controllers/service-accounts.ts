// Keeps ServiceAccount `default` in every namespace, and for every account one Secret that holds a token of it,
// named in its `secrets`: clients of the older Kubernetes wait for that. Secrets of a deleted account go with it.
// https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/
import { namespaces } from '../api/kinds/namespace.ts';
import { secrets } from '../api/kinds/secret.ts';
import { serviceAccounts } from '../api/kinds/service-account.ts';
import { keyOf, type Namespace, type Secret, type ServiceAccount, splitKey } from '../api/objects.ts';
import { isAlreadyExists, isNotFound } from '../api/status-error.ts';
import type { Component } from '../base/component.ts';
import type { Informer } from '../client/informer.ts';
import { Controller, onAnyChange } from './controller.ts';
import type { ControllerOptions } from './controller-options.ts';

const DEFAULT = 'default';
const TOKEN_TYPE = 'kubernetes.io/service-account-token';
const NAME_ANNOTATION = 'kubernetes.io/service-account.name';
const UID_ANNOTATION = 'kubernetes.io/service-account.uid';

export class ServiceAccountController implements Component {
  readonly #options: ControllerOptions;
  readonly #namespaces: Informer<Namespace>;
  readonly #accounts: Informer<ServiceAccount>;
  readonly #secrets: Informer<Secret>;
  readonly #controller: Controller;
  /** By the uid of its account: the Secret just made, until the informer shows it. */
  readonly #made = new Map<string, Secret>();

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#namespaces = options.informers.for(namespaces);
    this.#accounts = options.informers.for(serviceAccounts);
    this.#secrets = options.informers.for(secrets);
    this.#controller = new Controller('service-account-controller', (key) => this.#reconcile(key), options);
    this.#controller.follows(this.#namespaces, {
      onAdd: ({ metadata }) => this.#controller.enqueue(`${metadata.name}/${DEFAULT}`),
    });
    this.#controller.follows(
      this.#accounts,
      onAnyChange((account) => this.#controller.enqueue(keyOf(account))),
    );
    this.#controller.follows(
      this.#secrets,
      onAnyChange((secret) => this.#secretChanged(secret)),
    );
  }

  start(): Promise<void> {
    return this.#controller.start();
  }

  async stop(): Promise<void> {
    await this.#controller.stop();
    this.#made.clear();
  }

  #secretChanged(secret: Secret): void {
    this.#made.delete(secret.metadata.annotations?.[UID_ANNOTATION] ?? '');
    const account = accountOf(secret);
    if (account) this.#controller.enqueue(`${secret.metadata.namespace}/${account}`);
  }

  async #reconcile(key: string): Promise<void> {
    const { namespace = '', name } = splitKey(key);
    const place = this.#namespaces.lister.get(namespace);
    if (!place || place.metadata.deletionTimestamp) return;
    const account = this.#accounts.lister.get(key);
    if (!account && name === DEFAULT) return this.#makeDefault(namespace);
    const { uid } = account?.metadata ?? {};
    for (const secret of this.#tokensOf(namespace, name)) {
      if (secret.metadata.annotations?.[UID_ANNOTATION] !== uid) await this.#delete(secret);
    }
    if (account && !account.metadata.deletionTimestamp) await this.#ensureToken(account);
  }

  async #makeDefault(namespace: string): Promise<void> {
    const metadata = { name: DEFAULT, namespace };
    try {
      await this.#options.client.create<ServiceAccount>(serviceAccounts, {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata,
      });
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
  }

  async #ensureToken(account: ServiceAccount): Promise<void> {
    const { namespace = '', name, uid } = account.metadata;
    const held = this.#tokensOf(namespace, name).find(
      ({ metadata }) => metadata.annotations?.[UID_ANNOTATION] === uid,
    );
    const token = held ?? this.#made.get(uid) ?? (await this.#makeToken(account));
    const listed = account.secrets ?? [];
    if (listed.some((reference) => reference.name === token.metadata.name)) return;
    const isThere = (secret = '') => this.#secrets.lister.get(`${namespace}/${secret}`) !== undefined;
    const kept = listed.filter((reference) => isThere(reference.name));
    await this.#options.client.update(serviceAccounts, {
      ...account,
      secrets: [...kept, { name: token.metadata.name }],
    });
  }

  /** The API server puts the token in. */
  async #makeToken({ metadata: { namespace = '', name, uid } }: ServiceAccount): Promise<Secret> {
    const made = await this.#options.client.create<Secret>(secrets, {
      apiVersion: 'v1',
      kind: 'Secret',
      type: TOKEN_TYPE,
      metadata: {
        generateName: `${name}-token-`,
        namespace,
        annotations: { [NAME_ANNOTATION]: name, [UID_ANNOTATION]: uid },
      },
    });
    if (!this.#secrets.lister.get(keyOf(made))) this.#made.set(uid, made);
    return made;
  }

  #tokensOf(namespace: string, account: string): Secret[] {
    return this.#secrets.lister.inNamespace(namespace).filter((secret) => accountOf(secret) === account);
  }

  async #delete(secret: Secret): Promise<void> {
    const { uid } = secret.metadata;
    try {
      await this.#options.client.delete(secrets, keyOf(secret), { preconditions: { uid } });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

const accountOf = ({ type, metadata }: Secret): string | undefined =>
  type === TOKEN_TYPE ? metadata.annotations?.[NAME_ANNOTATION] : undefined;
