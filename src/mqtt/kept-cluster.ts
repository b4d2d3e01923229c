// What the board last knew of the cluster around it: Services with their endpoints, and the boards with their pod
// ranges, its own among them. Kept over a power cut, so that names, Services and routes work with no master in sight.
import type { BoardService, BoardSlice } from '../api/board-service.ts';
import type { Component } from '../base/component.ts';
import type { LatestView } from './latest-view.ts';
import type { NetworkPeers } from './messages.ts';
import type { ServicesView } from './services-view.ts';

export interface KeptClusterOptions {
  services: ServicesView;
  peers: LatestView<NetworkPeers>;
  file: {
    load(): Promise<unknown>;
    changed(content: () => KeptContent | undefined): void;
    flush(): Promise<void>;
  };
}

export interface KeptContent {
  services: BoardService[];
  peers: NetworkPeers;
}

export class KeptCluster implements Component {
  readonly #options: KeptClusterOptions;
  #unsubscribe: (() => void)[] = [];

  constructor(options: KeptClusterOptions) {
    this.#options = options;
  }

  /** Fills the views, whose listeners hear of it as of any change. */
  async start(): Promise<void> {
    const { services, peers, file } = this.#options;
    const kept = (await file.load()) as KeptContent | undefined;
    if (kept) {
      if (!peers.current()) peers.put(kept.peers);
      services.restore(kept.services);
    }
    const note = () => file.changed(() => this.#content());
    this.#unsubscribe = [services.onChange(note), peers.onChange(note)];
  }

  async stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe();
    await this.#options.file.flush();
  }

  #content(): KeptContent | undefined {
    const services = this.#options.services.current();
    const peers = this.#options.peers.current();
    if (!services || !peers) return undefined;
    const inOrder = [...services.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
    // Without its history, so that whatever the master says next counts.
    return { services: inOrder.map(contentOf), peers: { ...peers, epoch: '', revision: 0 } };
  }
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

const sliceContentOf = ({ addressType, ports, endpoints }: BoardSlice): BoardSlice => ({
  addressType,
  ports,
  endpoints,
});
