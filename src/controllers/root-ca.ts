// Keeps ConfigMap `kube-root-ca.crt` in every namespace: with it pods know the API server for the real one.
// https://kubernetes.io/docs/concepts/configuration/configmap/ and RootCAConfigMap of upstream's controller manager
import { configMaps } from '../api/kinds/config-map.ts';
import { namespaces } from '../api/kinds/namespace.ts';
import type { ConfigMap, Namespace } from '../api/objects.ts';
import type { Component } from '../base/component.ts';
import type { Informer } from '../client/informer.ts';
import { Controller, onAnyChange } from './controller.ts';
import type { ControllerOptions } from './controller-options.ts';

export interface RootCaOptions extends ControllerOptions {
  /** The cluster's CA certificate, PEM. */
  rootCaPem: string;
}

const NAME = 'kube-root-ca.crt';
const KEY = 'ca.crt';
const DESCRIPTION =
  'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.';

export class RootCaController implements Component {
  readonly #options: RootCaOptions;
  readonly #namespaces: Informer<Namespace>;
  readonly #configMaps: Informer<ConfigMap>;
  readonly #controller: Controller;

  constructor(options: RootCaOptions) {
    this.#options = options;
    this.#namespaces = options.informers.for(namespaces);
    this.#configMaps = options.informers.for(configMaps);
    this.#controller = new Controller('root-ca-controller', (key) => this.#reconcile(key), options);
    this.#controller.follows(this.#namespaces, {
      onAdd: ({ metadata }) => this.#controller.enqueue(metadata.name),
    });
    this.#controller.follows(
      this.#configMaps,
      onAnyChange(({ metadata }) => {
        if (metadata.name === NAME) this.#controller.enqueue(metadata.namespace ?? '');
      }),
    );
  }

  start(): Promise<void> {
    return this.#controller.start();
  }

  stop(): Promise<void> {
    return this.#controller.stop();
  }

  async #reconcile(namespace: string): Promise<void> {
    const place = this.#namespaces.lister.get(namespace);
    if (!place || place.metadata.deletionTimestamp) return;
    const data = { [KEY]: this.#options.rootCaPem };
    const current = this.#configMaps.lister.get(`${namespace}/${NAME}`);
    if (!current) {
      const annotations = { 'kubernetes.io/description': DESCRIPTION };
      const metadata = { name: NAME, namespace, annotations };
      await this.#options.client.create<ConfigMap>(configMaps, {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata,
        data,
      });
    } else if (current.data?.[KEY] !== data[KEY] || Object.keys(current.data).length > 1) {
      await this.#options.client.update(configMaps, { ...current, data });
    }
  }
}
