// All loops of the master together over the real registry: whatever people and boards do, the cluster comes to
// rest as it should be, and at rest writes nothing.
import fc from 'fast-check';
import t from 'tap';
import { deployments } from '../../src/api/kinds/deployment.ts';
import { endpoints } from '../../src/api/kinds/endpoints.ts';
import { nodes } from '../../src/api/kinds/node.ts';
import { pods } from '../../src/api/kinds/pod.ts';
import { replicationControllers } from '../../src/api/kinds/replication-controller.ts';
import { services } from '../../src/api/kinds/service.ts';
import {
  type Deployment,
  keyOf,
  type Pod,
  type ReplicationController,
  type Service,
} from '../../src/api/objects.ts';
import type { Client, DeleteOptions } from '../../src/client/client.ts';
import { allControllers } from '../../src/controllers/all-controllers.ts';
import { isNodeReady } from '../../src/controllers/node-taints.ts';
import { isActive, isReady } from '../../src/controllers/pod-state.ts';
import { Scheduler } from '../../src/scheduler/scheduler.ts';
import { addNode, type MemoryCluster, memoryCluster, setNodeReady } from '../support/memory-cluster.ts';
import { noSigner } from '../support/no-signer.ts';
import { quiet } from '../support/settles.ts';

const BOARDS = ['a', 'b', 'c'];
const APPS = ['red', 'blue'];

const operation = fc.oneof(
  fc.record({ do: fc.constant('scale' as const), app: fc.constantFrom(...APPS), replicas: fc.nat(5) }),
  fc.record({ do: fc.constant('roll' as const), version: fc.nat(2), replicas: fc.nat(5) }),
  fc.record({ do: fc.constant('kill' as const), index: fc.nat(9) }),
  fc.record({ do: fc.constant('relabel' as const), index: fc.nat(9), app: fc.constantFrom(...APPS, 'none') }),
  fc.record({ do: fc.constant('lose' as const), board: fc.constantFrom(...BOARDS) }),
  fc.record({ do: fc.constant('return' as const), board: fc.constantFrom(...BOARDS) }),
  fc.record({
    do: fc.constant('remove' as const),
    app: fc.constantFrom(...APPS),
    policy: fc.constantFrom('Orphan', 'Background', 'Foreground'),
  }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(100, 6000) }),
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

async function boardsInReach(client: Client): Promise<Set<string>> {
  const { items } = await client.list(nodes);
  return new Set(items.filter(isNodeReady).map(({ metadata }) => metadata.name));
}

/** The boards' part: runs what is bound to boards in reach, and answers for what is to go. */
async function actAsBoards({ client }: MemoryCluster): Promise<boolean> {
  const up = await boardsInReach(client);
  let acted = false;
  for (const pod of (await client.list(pods)).items) {
    if (!up.has(pod.spec.nodeName ?? '') || (isReady(pod) && !pod.metadata.deletionTimestamp)) continue;
    acted = true;
    if (pod.metadata.deletionTimestamp) {
      await client.delete(pods as never, keyOf(pod), { gracePeriodSeconds: 0 });
      continue;
    }
    const number = Number(pod.metadata.uid.slice(-6));
    const podIP = `10.40.${number >> 8}.${number & 255}`;
    const body = { status: { phase: 'Running', podIP, conditions: [{ type: 'Ready', status: 'True' }] } };
    await client.patch(pods, keyOf(pod), { type: 'strategic', body }, 'status');
  }
  return acted;
}

async function perform(cluster: MemoryCluster, step: Operation): Promise<void> {
  const { client, clock } = cluster;
  const nth = async (index: number): Promise<Pod | undefined> => {
    const { items } = await client.list(pods);
    return items[index % Math.max(items.length, 1)];
  };
  if (step.do === 'scale') {
    const body = { spec: { replicas: step.replicas } };
    await client.patch(replicationControllers, `default/${step.app}`, { type: 'merge', body });
  } else if (step.do === 'roll') {
    const template = templateOf('green', step.version);
    const body = { spec: { replicas: step.replicas, template } };
    await client.patch(deployments, 'default/green', { type: 'strategic', body });
  } else if (step.do === 'kill') {
    const pod = await nth(step.index);
    if (pod) await client.delete(pods as never, keyOf(pod));
  } else if (step.do === 'relabel') {
    const pod = await nth(step.index);
    const body = { metadata: { labels: { app: step.app } } };
    if (pod) await client.patch(pods, keyOf(pod), { type: 'merge', body });
  } else if (step.do === 'lose') await setNodeReady(client, step.board, 'Unknown', clock.now());
  else if (step.do === 'return') await setNodeReady(client, step.board, 'True', clock.now());
  else if (step.do === 'remove') {
    const propagationPolicy = step.policy as NonNullable<DeleteOptions['propagationPolicy']>;
    await client.delete(replicationControllers as never, `default/${step.app}`, { propagationPolicy });
  } else await clock.advance(step.ms);
}

const templateOf = (app: string, version = 1) => ({
  metadata: { labels: { app } },
  spec: { containers: [{ name: 'c', image: `e.com/c:${version}` }] },
});

async function begin(): Promise<MemoryCluster> {
  const cluster = await memoryCluster();
  const { client, options } = cluster;
  for (const board of BOARDS) await addNode(client, board);
  for (const app of APPS) {
    const labels = { app };
    const template = templateOf(app);
    const metadata = { name: app, namespace: 'default' };
    const rc = {
      apiVersion: 'v1',
      kind: 'ReplicationController',
      metadata,
      spec: { replicas: 2, selector: labels, template },
    };
    await client.create<ReplicationController>(replicationControllers, rc);
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { selector: labels, ports: [{ port: 80 }] },
    };
    await client.create<Service>(services, service);
  }
  await client.create<Deployment>(deployments, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'green', namespace: 'default' },
    spec: { replicas: 2, selector: { matchLabels: { app: 'green' } }, template: templateOf('green') },
  });
  await cluster.run(
    allControllers({ ...options, rootCaPem: 'CA', certificateSigner: noSigner }),
    new Scheduler(options),
  );
  return cluster;
}

/** Of 12 s each: longer than boards that were lost together are held back. */
const CALM_ROUNDS = 12;

/** Time passes and boards answer until nothing moves any more. */
async function comeToRest(cluster: MemoryCluster): Promise<void> {
  let calm = 0;
  for (let round = 0; round < 60 && calm < CALM_ROUNDS; round++) {
    await quiet(60);
    const acted = await actAsBoards(cluster);
    await quiet(60);
    await cluster.clock.advance(12_000);
    calm = acted ? 0 : calm + 1;
  }
  if (calm < CALM_ROUNDS) throw new Error('never came to rest');
}

async function check({ client, clock }: MemoryCluster): Promise<void> {
  const all = (await client.list(pods)).items;
  const ofRc = (uid: string) =>
    all.filter((p) => isActive(p) && p.metadata.ownerReferences?.[0]?.uid === uid);
  for (const rc of (await client.list(replicationControllers)).items) {
    if (rc.metadata.deletionTimestamp) {
      // It waits for pods of boards that are out of reach, and for nothing else.
      const owned = all.some(({ metadata }) => metadata.ownerReferences?.[0]?.uid === rc.metadata.uid);
      if (!owned) throw new Error(`${keyOf(rc)} never goes`);
      continue;
    }
    const own = ofRc(rc.metadata.uid);
    if (own.length !== rc.spec.replicas)
      throw new Error(`${keyOf(rc)} has ${own.length} of ${rc.spec.replicas}`);
    if (rc.status?.replicas !== own.length) throw new Error(`${keyOf(rc)} says ${rc.status?.replicas}`);
    if (own.some(({ metadata }) => metadata.labels?.app !== rc.metadata.name))
      throw new Error('a stranger is kept');
  }
  await checkDeployment(client, all);
  const up = await boardsInReach(client);
  for (const pod of all) {
    const isHere = up.has(pod.spec.nodeName ?? '');
    if (isActive(pod) && !(isHere && isReady(pod))) throw new Error(`${keyOf(pod)} does not run`);
    if (!isActive(pod) && isHere) throw new Error(`${keyOf(pod)} never goes`);
  }
  for (const app of APPS) {
    const { subsets } = await client.get(endpoints, `default/${app}`);
    const listed = (subsets ?? []).flatMap(({ addresses }) => (addresses ?? []).map(({ ip }) => ip)).sort();
    const running = all
      .filter((pod) => isActive(pod) && isReady(pod) && pod.metadata.labels?.app === app)
      .map((pod) => pod.status?.podIP)
      .sort();
    if (listed.join() !== running.join()) throw new Error(`${app} lists ${listed} and runs ${running}`);
  }
  const before = (await client.list(pods)).resourceVersion;
  await clock.advance(600_000);
  await quiet(60);
  if ((await client.list(pods)).resourceVersion !== before) throw new Error('something is written at rest');
}

async function checkDeployment(client: Client, all: readonly Pod[]): Promise<void> {
  const { spec, status } = await client.get(deployments, 'default/green');
  const own = all.filter((pod) => isActive(pod) && pod.metadata.labels?.app === 'green');
  const image = spec.template?.spec?.containers[0]?.image;
  if (own.length !== spec.replicas) throw new Error(`green has ${own.length} of ${spec.replicas}`);
  if (own.some((pod) => pod.spec.containers[0]?.image !== image)) throw new Error('green runs old pods');
  if ((status?.availableReplicas ?? 0) !== own.length) throw new Error('green says otherwise');
}

t.test('whatever happens, the cluster comes to rest as it should be and then writes nothing', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { maxLength: 12 }), async (steps) => {
      const cluster = await begin();
      try {
        for (const step of steps) {
          // What a person asks for may be gone by then: that is an answer, not a failure.
          await perform(cluster, step).catch((error: Error & { code?: number }) => {
            if (error.code !== 404 && error.code !== 409) throw error;
          });
          if (step.do !== 'wait') await quiet(5);
        }
        // At least one board is in reach in the end, or nothing could run.
        await setNodeReady(cluster.client, 'a', 'True', cluster.clock.now());
        await comeToRest(cluster);
        await check(cluster);
      } finally {
        await cluster.stop();
      }
    }),
    { numRuns: 40 },
  );
});
