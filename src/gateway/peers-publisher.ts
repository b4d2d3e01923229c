// network/peers: which board has which address and which pods, for the routes between boards.
import { nodes } from '../api/kinds/node.ts';
import type { Node } from '../api/objects.ts';
import { zoneOf } from '../api/zone.ts';
import type { ClusterNetwork } from '../base/cluster-network.ts';
import type { Informer } from '../client/informer.ts';
import type { InformerFactory } from '../client/informer-factory.ts';
import type { NetworkPeers } from '../mqtt/messages.ts';
import { topics } from '../mqtt/topics.ts';
import type { VersionedTopics } from './versioned-topics.ts';

export interface PeersPublisherOptions {
  informers: InformerFactory;
  topics: VersionedTopics;
  network: ClusterNetwork;
}

export class PeersPublisher {
  readonly #options: PeersPublisherOptions;
  readonly #nodes: Informer<Node>;
  #unsubscribe: (() => void) | undefined;

  constructor(options: PeersPublisherOptions) {
    this.#options = options;
    this.#nodes = options.informers.for(nodes);
  }

  start(): void {
    const publish = () => this.#publish();
    const handler = { onAdd: publish, onUpdate: publish, onDelete: publish };
    this.#unsubscribe = this.#nodes.subscribe(handler);
    publish();
  }

  stop(): void {
    this.#unsubscribe?.();
  }

  #publish(): void {
    const { podRange, serviceRange, ipv6 } = this.#options.network;
    const second = ipv6 && { podRange: ipv6.podRange, serviceRange: ipv6.serviceRange };
    this.#options.topics.put(topics.networkPeers, {
      revision: this.#nodes.revision,
      content: () => ({
        podRange,
        serviceRange,
        ...(second ? { ipv6: second } : {}),
        peers: peersOf(this.#nodes.lister.list(), second !== undefined),
      }),
    });
  }
}

/** In the order of their names, so that the same peers are the same message. */
function peersOf(all: readonly Node[], hasIpv6: boolean): NetworkPeers['peers'] {
  const peers: NetworkPeers['peers'] = {};
  const byName = [...all].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  for (const node of byName) {
    const { metadata, spec, status } = node;
    const address = status?.addresses?.find(({ type }) => type === 'InternalIP')?.address;
    const podCIDRv6 = hasIpv6 ? spec.podCIDRs?.find((range) => range.includes(':')) : undefined;
    const zone = zoneOf(node);
    if (address && spec.podCIDR)
      peers[metadata.name] = {
        address,
        podCIDR: spec.podCIDR,
        ...(podCIDRv6 ? { podCIDRv6 } : {}),
        ...(zone ? { zone } : {}),
      };
  }
  return peers;
}
