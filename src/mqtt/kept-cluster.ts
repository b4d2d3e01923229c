// What the board last knew of the cluster around it: Services with their endpoints, the boards with their pod ranges,
// its own among them, and the Ingresses where it serves them. Kept over a power cut, so that names, Services, routes and
// Ingress work with no master in sight.
import type { BoardService, BoardSlice } from '../api/board-service.ts';
import type { BoardIngress } from '../api/ingress/board-ingress.ts';
import type { Component } from '../base/component.ts';
import type { IngressView } from './ingress-view.ts';
import type { LatestView } from './latest-view.ts';
import type { NetworkPeers } from './messages.ts';
import type { ServicesView } from './services-view.ts';

export interface KeptClusterOptions {
  services: ServicesView;
  peers: LatestView<NetworkPeers>;
  ingresses: IngressView;
  file: {
    load(): Promise<unknown>;
    changed(content: () => KeptContent | undefined): void;
    flush(): Promise<void>;
  };
}

export interface KeptContent {
  services: BoardService[];
  peers: NetworkPeers;
  /** Absent where the board serves none, and in files from before they were kept. */
  ingresses?: BoardIngress[];
}

export class KeptCluster implements Component {
  readonly #options: KeptClusterOptions;
  #unsubscribe: (() => void)[] = [];

  constructor(options: KeptClusterOptions) {
    this.#options = options;
  }

  /** Fills the views, whose listeners hear of it as of any change. */
  async start(): Promise<void> {
    const { services, peers, ingresses, file } = this.#options;
    const kept = (await file.load()) as KeptContent | undefined;
    if (kept) {
      if (!peers.current()) peers.put(kept.peers);
      services.restore(kept.services);
      if (kept.ingresses) ingresses.restore(kept.ingresses);
    }
    const note = () => file.changed(() => this.#content());
    this.#unsubscribe = [services, peers, ingresses].map((view) => view.onChange(note));
  }

  async stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe();
    await this.#options.file.flush();
  }

  #content(): KeptContent | undefined {
    const services = this.#options.services.current();
    const peers = this.#options.peers.current();
    if (!services || !peers) return undefined;
    const ingresses = this.#options.ingresses.current();
    return {
      services: inOrder(services.values()).map(contentOf),
      // Without its history, so that whatever the master says next counts.
      peers: { ...peers, epoch: '', revision: 0 },
      ...(ingresses ? { ingresses: inOrder(ingresses.values()).map(ingressContentOf) } : {}),
    };
  }
}

function inOrder<T extends { key: string }>(items: Iterable<T>): T[] {
  return [...items].sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** Without epochs and revisions, which move while nothing else does. */
function contentOf({ key, uid, annotations, spec, loadBalancerIPs, slices }: BoardService): BoardService {
  return {
    key,
    uid,
    ...(annotations ? { annotations } : {}),
    spec,
    ...(loadBalancerIPs ? { loadBalancerIPs } : {}),
    slices: slices.map(sliceContentOf),
  };
}

function ingressContentOf({ key, uid, createdAt, annotations, spec }: BoardIngress): BoardIngress {
  return { key, uid, createdAt, ...(annotations ? { annotations } : {}), spec };
}

const sliceContentOf = ({ addressType, ports, endpoints }: BoardSlice): BoardSlice => ({
  addressType,
  ports,
  endpoints,
});
