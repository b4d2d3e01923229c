// The gateway on a master in memory, and boards that are only their messages.
import type { Test } from 'tap';
import { pods } from '../../src/api/kinds/pod.ts';
import type { Pod } from '../../src/api/objects.ts';
import { allKinds } from '../../src/api/scheme-table.ts';
import { Gateway, type GatewayOptions } from '../../src/gateway/gateway.ts';
import { PASSING, RETAINED } from '../../src/mqtt/message-bus.ts';
import type { NodeBirth, NodeState } from '../../src/mqtt/messages.ts';
import { topics } from '../../src/mqtt/topics.ts';
import { settle } from './fake-clock.ts';
import { MemoryBus } from './memory-bus.ts';
import { type MemoryCluster, memoryCluster } from './memory-cluster.ts';

export const birth: NodeBirth = {
  addresses: [{ type: 'InternalIP', address: '192.168.1.7' }],
  capacity: { cpu: '4', memory: '4Gi', pods: '110' },
  allocatable: { cpu: '4', memory: '3Gi', pods: '110' },
  nodeInfo: { osImage: 'Debian', kernelVersion: '6', architecture: 'arm64', kubeletVersion: 'v1' } as never,
  labels: { 'kubernetes.io/hostname': 'pi', 'example.com/stolen': 'label' },
};

export class GatewayLab {
  readonly cluster: MemoryCluster;
  readonly bus: MemoryBus;
  readonly gateway: Gateway;

  private constructor(cluster: MemoryCluster, bus: MemoryBus, gateway: Gateway) {
    this.cluster = cluster;
    this.bus = bus;
    this.gateway = gateway;
  }

  /** `prepare` fills the store before the gateway starts, as on a restart of the master. */
  static async start(
    t: Test,
    prepare?: (cluster: MemoryCluster) => Promise<unknown>,
    more: Partial<GatewayOptions> = {},
  ): Promise<GatewayLab> {
    const cluster = await memoryCluster();
    t.teardown(() => cluster.stop());
    await prepare?.(cluster);
    const bus = new MemoryBus();
    const gateway = new Gateway({ ...cluster.options, bus, epoch: 'e', kinds: allKinds, ...more });
    await cluster.run(gateway);
    await settle();
    return new GatewayLab(cluster, bus, gateway);
  }

  get client() {
    return this.cluster.client;
  }

  state(node: string, state: Partial<NodeState> & { session: string }): void {
    this.bus.publish(topics.state(node), { online: true, ...state }, RETAINED);
  }

  /** A board comes and is registered. */
  async join(node: string, session = 's1'): Promise<void> {
    this.state(node, { session, birth });
    await this.pass(1);
  }

  beat(node: string, session = 's1'): void {
    this.bus.publish(topics.heartbeat(node), { session, cpu: {}, memory: {}, time: 'now' }, PASSING);
  }

  report(node: string, pod: Pod, phase: string, more: object = {}): void {
    const { uid, namespace, name } = pod.metadata;
    const message = { session: 's1', uid, status: { phase }, terminated: false, ...more };
    this.bus.publish(topics.observedPod(node, `${namespace}/${name}`), message, RETAINED);
  }

  /** Time passes, in steps that let every loop run. */
  async pass(ms: number): Promise<void> {
    for (let turn = 0; turn < 20; turn += 1) await settle();
    await this.cluster.clock.advance(ms);
    for (let turn = 0; turn < 20; turn += 1) await settle();
  }

  addPod(name: string, nodeName: string | undefined, spec: object = {}): Promise<Pod> {
    const container = { name: 'c', image: 'i', ...spec };
    return this.client.create<Pod>(pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'default' },
      spec: { containers: [container], ...(nodeName ? { nodeName } : {}) },
    });
  }
}
