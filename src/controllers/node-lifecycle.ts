// What follows from a board's Ready condition: its taints, and for a board that says nothing its pods' Ready
// condition, so that Services leave them at once. Who sets the node's condition is the gateway.
// https://kubernetes.io/docs/concepts/architecture/nodes/#node-controller
import { withCondition } from '../api/conditions.ts';
import { nodes } from '../api/kinds/node.ts';
import { pods } from '../api/kinds/pod.ts';
import { keyOf, type Node, type Pod } from '../api/objects.ts';
import { isNotFound } from '../api/status-error.ts';
import type { Component } from '../base/component.ts';
import type { Informer } from '../client/informer.ts';
import { addNodeNameIndex, podsOnNode } from '../client/pods-on-node.ts';
import { Controller } from './controller.ts';
import type { ControllerOptions } from './controller-options.ts';
import { isLifecycleTaint, readiness, taintsFor } from './node-taints.ts';
import { isReady } from './pod-state.ts';

const COMPONENT = 'node-controller';

export class NodeLifecycleController implements Component {
  readonly #options: ControllerOptions;
  readonly #nodes: Informer<Node>;
  readonly #pods: Informer<Pod>;
  readonly #controller: Controller;

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#nodes = options.informers.for(nodes);
    this.#pods = options.informers.for(pods);
    this.#controller = new Controller(COMPONENT, (key) => this.#reconcile(key), options);
    this.#controller.follows(this.#nodes, {
      onAdd: (node) => {
        this.#tell(node, 'RegisteredNode', 'Registered Node', 'in Controller');
        this.#controller.enqueue(keyOf(node));
      },
      onUpdate: (node) => this.#controller.enqueue(keyOf(node)),
      onDelete: (node) => this.#tell(node, 'RemovingNode', 'Removing Node', 'from Controller'),
    });
    this.#controller.follows(this.#pods, {
      onAdd: (pod) => this.#podChanged(pod),
      onUpdate: (pod) => this.#podChanged(pod),
    });
  }

  async start(): Promise<void> {
    addNodeNameIndex(this.#pods);
    await this.#controller.start();
  }

  stop(): Promise<void> {
    return this.#controller.stop();
  }

  /** As upstream: at each start of the master for all there are. */
  #tell(node: Node, reason: string, what: string, where: string): void {
    const { name } = node.metadata;
    const message = `Node ${name} event: ${what} ${name} ${where}`;
    this.#options.recorder.record({ object: node, type: 'Normal', reason, message, component: COMPONENT });
  }

  /** A pod that calls itself ready on a board that is out of reach, such as one that was bound a moment ago. */
  #podChanged(pod: Pod): void {
    const node = this.#nodes.lister.get(pod.spec.nodeName ?? '');
    if (node && readiness(node) === 'Unknown' && isReady(pod)) this.#controller.enqueue(keyOf(node));
  }

  async #reconcile(name: string): Promise<void> {
    const node = this.#nodes.lister.get(name);
    if (!node) return;
    // Endpoints first: every moment sends connections to a board that is not there.
    if (readiness(node) === 'Unknown') await this.#markPodsNotReady(node);
    await this.#writeTaints(node);
  }

  async #writeTaints(node: Node): Promise<void> {
    const taints = taintsFor(node, this.#options.clock.now());
    if (!taints) return;
    const { name, resourceVersion } = node.metadata;
    const body = { metadata: { resourceVersion }, spec: { taints } };
    await this.#options.client.patch(nodes, name, { type: 'merge', body });
    const wasLost = (node.spec.taints ?? []).some(isLifecycleTaint);
    if (!wasLost && taints.some(isLifecycleTaint)) {
      const message = `Node ${name} status is now: NodeNotReady`;
      this.#options.recorder.record({
        object: node,
        type: 'Normal',
        reason: 'NodeNotReady',
        message,
        component: COMPONENT,
      });
    }
  }

  async #markPodsNotReady(node: Node): Promise<void> {
    const ready = podsOnNode(this.#pods, node.metadata.name).filter(isReady);
    if (ready.length === 0) return;
    // Pods and nodes come by different streams. A board that is back by now has spoken for its pods already,
    // and nobody would correct us: so the node is read afresh after the pods, and each pod's revision guards.
    const fresh = await this.#options.client.get(nodes, node.metadata.name);
    if (readiness(fresh) !== 'Unknown') return;
    await Promise.all(ready.map((pod) => this.#markNotReady(pod)));
  }

  async #markNotReady(pod: Pod): Promise<void> {
    const { client, clock, recorder } = this.#options;
    const condition = {
      type: 'Ready',
      status: 'False',
      reason: 'NodeNotReady',
      message: 'Node is not ready',
    };
    const conditions = withCondition(pod.status?.conditions, condition, clock.now());
    try {
      await client.updateStatus(pods, { ...pod, status: { ...pod.status, conditions } });
    } catch (error) {
      if (isNotFound(error)) return;
      throw error;
    }
    recorder.record({
      object: pod,
      type: 'Warning',
      reason: 'NodeNotReady',
      message: condition.message,
      component: COMPONENT,
    });
  }
}
