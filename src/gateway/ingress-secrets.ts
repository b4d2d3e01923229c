// Which Secrets a board needs for Ingress: the certificates of all Ingresses of our classes, on boards that serve.
import { isServedByBoards, secretsOf, servesIngress } from '../api/ingress/board-ingress.ts';
import { ingresses } from '../api/kinds/ingress.ts';
import { ingressClasses } from '../api/kinds/ingress-class.ts';
import { nodes } from '../api/kinds/node.ts';
import { secrets } from '../api/kinds/secret.ts';
import { type Ingress, type IngressClass, keyOf, type Node, type Secret } from '../api/objects.ts';
import type { Informer } from '../client/informer.ts';
import type { InformerFactory } from '../client/informer-factory.ts';

export class IngressSecrets {
  readonly #nodes: Informer<Node>;
  readonly #ingresses: Informer<Ingress>;
  readonly #classes: Informer<IngressClass>;
  readonly #secrets: Informer<Secret>;

  constructor(informers: InformerFactory) {
    this.#nodes = informers.for(nodes);
    this.#ingresses = informers.for(ingresses);
    this.#classes = informers.for(ingressClasses);
    this.#secrets = informers.for(secrets);
  }

  /** Keys `namespace/name`. */
  of(nodeName: string): ReadonlySet<string> {
    const node = this.#nodes.lister.get(nodeName);
    return node && servesIngress(node) ? this.#named() : new Set();
  }

  /** `look` is called with each board for which {@link of} or one of its Secrets may be another one now. */
  onChange(look: (nodeName: string) => void): () => void {
    const lookAll = () => {
      for (const node of this.#nodes.lister.list()) if (servesIngress(node)) look(node.metadata.name);
    };
    const ofIngress = (ingress: Ingress) => {
      if (secretsOf(ingress).length > 0) lookAll();
    };
    const ofSecret = (secret: Secret) => {
      if (this.#named().has(keyOf(secret))) lookAll();
    };
    const ofNode = (node: Node, previous: Node) => {
      if (servesIngress(node) !== servesIngress(previous)) look(node.metadata.name);
    };
    const unsubscribe = [
      this.#nodes.subscribe({ onUpdate: ofNode }),
      this.#classes.subscribe({ onAdd: lookAll, onUpdate: lookAll, onDelete: lookAll }),
      this.#secrets.subscribe({ onAdd: ofSecret, onUpdate: ofSecret, onDelete: ofSecret }),
      this.#ingresses.subscribe({
        onAdd: ofIngress,
        onDelete: ofIngress,
        onUpdate: (ingress, previous) => {
          ofIngress(previous);
          ofIngress(ingress);
        },
      }),
    ];
    return () => {
      for (const end of unsubscribe) end();
    };
  }

  #named(): ReadonlySet<string> {
    const classNamed = (name: string) => this.#classes.lister.get(name);
    const ours = this.#ingresses.lister.list().filter((ingress) => isServedByBoards(ingress, classNamed));
    return new Set(ours.flatMap(secretsOf));
  }
}
