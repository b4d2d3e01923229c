// Keeps each board's Node object as its presence has it: registers boards that come, and turns Ready to Unknown
// for those that went silent. Writes only when something but times changes.
import { nodes } from '../api/kinds/node.ts';
import type { core, Node } from '../api/objects.ts';
import { isAlreadyExists } from '../api/status-error.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Client } from '../client/client.ts';
import { ControllerRunner } from '../client/controller-runner.ts';
import type { Informer } from '../client/informer.ts';
import { withImages } from './node-images.ts';
import type { NodePresence, Presence } from './node-presence.ts';
import { boardLabels, withBoardLabels, withPresence } from './node-status.ts';

export interface NodeRegistrarOptions {
  client: Client;
  nodes: Informer<Node>;
  presence: NodePresence;
  /** As last heard; `undefined`: nothing yet, what is stored stands. */
  imagesOf(node: string): core.ContainerImage[] | undefined;
  clock: Clock;
  logger: Logger;
}

export class NodeRegistrar {
  readonly #options: NodeRegistrarOptions;
  readonly #runner: ControllerRunner;
  #unsubscribe: (() => void) | undefined;

  constructor(options: NodeRegistrarOptions) {
    this.#options = options;
    const { clock, logger } = options;
    const reconcile = (node: string) => this.#reconcile(node);
    this.#runner = new ControllerRunner({ name: 'node-registrar', reconcile, clock, logger });
  }

  async start(): Promise<void> {
    const { nodes, presence } = this.#options;
    const look = ({ metadata: { name } }: Node) => {
      presence.expect(name);
      this.look(name);
    };
    this.#unsubscribe = nodes.subscribe({
      onAdd: look,
      onUpdate: look,
      onDelete: ({ metadata: { name } }) => presence.forget(name),
    });
    await this.#runner.start();
  }

  async stop(): Promise<void> {
    this.#unsubscribe?.();
    await this.#runner.stop();
  }

  look(node: string): void {
    this.#runner.enqueue(node);
  }

  async #reconcile(name: string): Promise<void> {
    const { client, presence, clock } = this.#options;
    const seen = presence.get(name);
    if (!seen) return;
    const stored = this.#options.nodes.lister.get(name) ?? (await this.#register(name, seen));
    if (!stored) return;
    const labelled = seen.standing === 'online' ? withBoardLabels(stored, seen.birth) : stored;
    const written = labelled === stored ? stored : await client.update(nodes, labelled);
    const present = withPresence(written, seen, clock.now());
    const reported = withImages(present, this.#options.imagesOf(name));
    if (reported !== written) await client.updateStatus(nodes, reported);
  }

  async #register(name: string, { standing, birth }: Presence): Promise<Node | undefined> {
    if (standing !== 'online' || !birth) return undefined;
    const { client, logger } = this.#options;
    const metadata = { name, labels: boardLabels(birth) };
    try {
      const node = await client.create<Node>(nodes, { apiVersion: 'v1', kind: 'Node', metadata, spec: {} });
      logger.info({ node: name }, 'board registered');
      return node;
    } catch (error) {
      if (isAlreadyExists(error)) return client.get(nodes, name);
      throw error;
    }
  }
}
