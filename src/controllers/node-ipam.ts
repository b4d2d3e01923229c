// Gives each board its share of the pod range, or of each family's, once: what a board has is never changed.
// https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/node-v1/#NodeSpec
import { nodes, podRangesOf } from '../api/kinds/node.ts';
import { keyOf, type Node } from '../api/objects.ts';
import { isNotFound } from '../api/status-error.ts';
import type { ClusterNetwork, PodPlan } from '../base/cluster-network.ts';
import type { Component } from '../base/component.ts';
import { parseRange } from '../base/ip.ts';
import type { Informer } from '../client/informer.ts';
import { WrittenObjects } from '../client/written-objects.ts';
import { Controller } from './controller.ts';
import type { ControllerOptions } from './controller-options.ts';
import { freePodCidr } from './pod-cidr.ts';

export interface NodeIpamOptions extends ControllerOptions {
  network: ClusterNetwork;
}

const COMPONENT = 'node-ipam-controller';

export class NodeIpamController implements Component {
  readonly #options: NodeIpamOptions;
  readonly #nodes: Informer<Node>;
  /** Two boards that come together must not be given the same share. */
  readonly #written: WrittenObjects<Node>;
  readonly #controller: Controller;

  constructor(options: NodeIpamOptions) {
    this.#options = options;
    this.#nodes = options.informers.for(nodes);
    this.#written = new WrittenObjects(this.#nodes);
    // One worker: shares are given out one at a time.
    this.#controller = new Controller(COMPONENT, (key) => this.#reconcile(key), options, 1);
    this.#controller.follows(this.#nodes, {
      onAdd: (node) => this.#enqueueNeedy(node),
      onUpdate: (node) => this.#enqueueNeedy(node),
      // A share is free again: somebody may wait for it.
      onDelete: () =>
        this.#nodes.lister.list().forEach((node) => {
          this.#enqueueNeedy(node);
        }),
    });
  }

  start(): Promise<void> {
    return this.#controller.start();
  }

  stop(): Promise<void> {
    return this.#controller.stop();
  }

  #enqueueNeedy(node: Node): void {
    if (this.#lacking(node).length > 0) this.#controller.enqueue(keyOf(node));
  }

  /** The first family comes first; a board that was there before the second gets that added. */
  #lacking({ spec }: Node): PodPlan[] {
    const { network } = this.#options;
    const has = podRangesOf(spec).map(familyOfRange);
    const plans: PodPlan[] = network.ipv6 ? [network, network.ipv6] : [network];
    return plans.filter(({ podRange }) => !has.includes(familyOfRange(podRange)));
  }

  async #reconcile(name: string): Promise<void> {
    const node = this.#written.get(name);
    const lacking = node ? this.#lacking(node) : [];
    if (!node || lacking.length === 0) return;
    const taken = this.#written.list().flatMap(({ spec }) => podRangesOf(spec));
    const given = lacking.map((plan) => freePodCidr(plan, taken));
    const full = lacking[given.indexOf(undefined)];
    if (full) return this.#reportFull(node, full);
    const podCIDRs = [...podRangesOf(node.spec), ...given];
    const { resourceVersion } = node.metadata;
    const body = { metadata: { resourceVersion }, spec: { podCIDR: podCIDRs[0], podCIDRs } };
    try {
      this.#written.wrote(await this.#options.client.patch(nodes, name, { type: 'merge', body }));
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  #reportFull(node: Node, { podRange, nodePrefix }: PodPlan): void {
    this.#options.recorder.record({
      object: node,
      type: 'Warning',
      reason: 'CIDRNotAvailable',
      message: `Node ${node.metadata.name} status is now: CIDRNotAvailable: no /${nodePrefix} is free in ${podRange}; remove nodes that are gone or widen the pod range`,
      component: COMPONENT,
    });
  }
}

const familyOfRange = (range: string) => parseRange(range)?.family;
