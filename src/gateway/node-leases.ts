// The Lease of each board in kube-node-lease, renewed for it while it is heard: a board speaks MQTT only, and people,
// `kubectl describe node` first, read there when it was last alive. Leases never touch the disk.
// https://kubernetes.io/docs/concepts/architecture/leases/#node-heart-beats
import { leases } from '../api/kinds/lease.ts';
import { type Lease, microTime, type Node } from '../api/objects.ts';
import { isNotFound } from '../api/status-error.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Client } from '../client/client.ts';
import { ControllerRunner } from '../client/controller-runner.ts';
import type { Informer } from '../client/informer.ts';

/** Upstream's kubelet: 40 s, renewed at a quarter of it. */
const LEASE_DURATION_SECONDS = 40;
const RENEW_INTERVAL_MS = 10_000;
/** Beats are measured before they are sent, so no two are equally far apart: one a little early must not be lost. */
const EARLY_MS = 500;
const NAMESPACE = 'kube-node-lease';

export interface NodeLeasesOptions {
  client: Client;
  nodes: Informer<Node>;
  clock: Clock;
  logger: Logger;
}

export class NodeLeases {
  readonly #options: NodeLeasesOptions;
  readonly #runner: ControllerRunner;
  /** Monotonic, by node. */
  readonly #renewedAtMs = new Map<string, number>();
  #unsubscribe: (() => void) | undefined;

  constructor(options: NodeLeasesOptions) {
    this.#options = options;
    const { clock, logger } = options;
    const reconcile = (node: string) => this.#renew(node);
    this.#runner = new ControllerRunner({ name: 'node-leases', reconcile, clock, logger });
  }

  async start(): Promise<void> {
    this.#unsubscribe = this.#options.nodes.subscribe({
      onDelete: ({ metadata }) => this.#renewedAtMs.delete(metadata.name),
    });
    await this.#runner.start();
  }

  async stop(): Promise<void> {
    this.#unsubscribe?.();
    this.#renewedAtMs.clear();
    await this.#runner.stop();
  }

  /** The board was heard just now. */
  heard(node: string): void {
    const nowMs = this.#options.clock.monotonicMs();
    const sinceMs = nowMs - (this.#renewedAtMs.get(node) ?? Number.NEGATIVE_INFINITY);
    if (sinceMs < RENEW_INTERVAL_MS - EARLY_MS) return;
    this.#renewedAtMs.set(node, nowMs);
    this.#runner.enqueue(node);
  }

  async #renew(name: string): Promise<void> {
    const { client, nodes, clock } = this.#options;
    const node = nodes.lister.get(name);
    // Not registered yet: the next beat finds it.
    if (!node) return void this.#renewedAtMs.delete(name);
    const stored = await this.#stored(name);
    const spec = renewed(stored, name, clock.now());
    const metadata = { name, namespace: NAMESPACE, ownerReferences: [ownerOf(node)] };
    if (stored)
      await client.update(leases, { ...stored, metadata: { ...stored.metadata, ...metadata }, spec });
    else await client.create(leases, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec });
  }

  async #stored(name: string): Promise<Lease | undefined> {
    try {
      return await this.#options.client.get(leases, `${NAMESPACE}/${name}`);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }
}

/** What a person wrote beside it stays. */
function renewed(stored: Lease | undefined, node: string, nowMs: number): NonNullable<Lease['spec']> {
  const own = { holderIdentity: node, leaseDurationSeconds: LEASE_DURATION_SECONDS };
  return { ...stored?.spec, ...own, renewTime: microTime(nowMs) };
}

/** The lease goes with its Node; one of a former Node of that name is taken over. */
const ownerOf = ({ metadata: { name, uid } }: Node) => ({ apiVersion: 'v1', kind: 'Node', name, uid });
