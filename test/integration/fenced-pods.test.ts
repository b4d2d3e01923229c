// What must not run twice: pods of a StatefulSet, and pods that share a ReadWriteOnce claim. Boards are cut off and
// return in any order, pods are deleted; a board that is cut off goes on with what it has.
import fc from 'fast-check';
import t from 'tap';
import { persistentVolumes } from '../../src/api/kinds/persistent-volume.ts';
import { persistentVolumeClaims } from '../../src/api/kinds/persistent-volume-claim.ts';
import { pods } from '../../src/api/kinds/pod.ts';
import { replicaSets } from '../../src/api/kinds/replica-set.ts';
import { statefulSets } from '../../src/api/kinds/stateful-set.ts';
import { keyOf, type Pod, type ReplicaSet, type StatefulSet } from '../../src/api/objects.ts';
import { allControllers } from '../../src/controllers/all-controllers.ts';
import { isReady } from '../../src/controllers/pod-state.ts';
import { Scheduler } from '../../src/scheduler/scheduler.ts';
import { setPodStatus } from '../support/acting-boards.ts';
import { addNode, type MemoryCluster, memoryCluster, setNodeReady } from '../support/memory-cluster.ts';
import { noSigner } from '../support/no-signer.ts';
import { quiet } from '../support/settles.ts';

const BOARDS = ['a', 'b', 'c'];
const RUNS = process.env.EDGE_TEST_LONG === '1' ? 300 : 25;

const operation = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('lose' as const), board: fc.constantFrom(...BOARDS) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('return' as const), board: fc.constantFrom(...BOARDS) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(100, 6000, 200_000) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete' as const), index: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('scale' as const), replicas: fc.nat(4) }) },
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

/** What really runs: each board's pods by uid. A board out of reach neither hears nor says anything. */
class Boards {
  readonly running = new Map(BOARDS.map((board) => [board, new Map<string, Pod>()]));
  readonly lost = new Set<string>();

  /** One pass of every board in reach; true when anything was done. */
  async act({ client, clock }: MemoryCluster): Promise<boolean> {
    let acted = false;
    const { items } = await client.list(pods);
    for (const board of BOARDS.filter((name) => !this.lost.has(name))) {
      const wanted = items.filter(({ spec }) => spec.nodeName === board);
      const here = this.running.get(board) ?? new Map();
      for (const uid of here.keys())
        if (!wanted.some(({ metadata }) => metadata.uid === uid)) here.delete(uid);
      for (const pod of wanted) acted = (await this.#actOn(pod, here, client, clock.now())) || acted;
    }
    return acted;
  }

  async #actOn(
    pod: Pod,
    here: Map<string, Pod>,
    client: MemoryCluster['client'],
    nowMs: number,
  ): Promise<boolean> {
    if (pod.metadata.deletionTimestamp) {
      here.delete(pod.metadata.uid);
      await client.delete(pods, keyOf(pod), {
        gracePeriodSeconds: 0,
        preconditions: { uid: pod.metadata.uid },
      });
      return true;
    }
    if (here.has(pod.metadata.uid) && isReady(pod)) return false;
    here.set(pod.metadata.uid, pod);
    await setPodStatus(client, pod, 'True', nowMs);
    return true;
  }

  /** Names, or claims, that run more than once now. */
  twice(): string[] {
    const all = [...this.running.values()].flatMap((here) => [...here.values()].map(identity));
    return all.filter((name, i) => all.indexOf(name) !== i);
  }
}

function identity({ metadata, spec }: Pod): string {
  return (
    spec.volumes?.find((volume) => volume.persistentVolumeClaim)?.persistentVolumeClaim?.claimName ??
    metadata.name
  );
}

const template = (app: string, spec: object = {}) => ({
  metadata: { labels: { app } },
  spec: { containers: [{ name: 'c', image: 'e.com/c:1' }], ...spec },
});

async function fill({ client }: MemoryCluster): Promise<void> {
  for (const board of BOARDS) await addNode(client, board);
  const set = {
    serviceName: 'db',
    replicas: 3,
    selector: { matchLabels: { app: 'db' } },
    template: template('db'),
  };
  const metadata = { name: 'db', namespace: 'default' };
  await client.create<StatefulSet>(statefulSets, {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata,
    spec: set,
  });
  const accessModes = ['ReadWriteOnce'];
  const storage = '1Gi';
  await client.create(persistentVolumes, {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: 'v' },
    spec: { accessModes, capacity: { storage }, storageClassName: '', nfs: { server: 'nas', path: '/' } },
  } as never);
  const claim = {
    accessModes,
    volumeName: 'v',
    storageClassName: '',
    resources: { requests: { storage } },
  };
  await client.create(persistentVolumeClaims, {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'disk', namespace: 'default' },
    spec: claim,
  } as never);
  const volumes = [{ name: 'd', persistentVolumeClaim: { claimName: 'disk' } }];
  const only = {
    replicas: 1,
    selector: { matchLabels: { app: 'one' } },
    template: template('one', { volumes }),
  };
  await client.create<ReplicaSet>(replicaSets, {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name: 'one', namespace: 'default' },
    spec: only as never,
  });
}

async function perform(cluster: MemoryCluster, boards: Boards, step: Operation): Promise<void> {
  const { client, clock } = cluster;
  if (step.do === 'lose' && !boards.lost.has(step.board)) {
    boards.lost.add(step.board);
    await setNodeReady(client, step.board, 'Unknown', clock.now());
  } else if (step.do === 'return') {
    boards.lost.delete(step.board);
    await setNodeReady(client, step.board, 'True', clock.now());
  } else if (step.do === 'wait') await clock.advance(step.ms);
  else if (step.do === 'scale') {
    await client.patch(statefulSets, 'default/db', {
      type: 'merge',
      body: { spec: { replicas: step.replicas } },
    });
  } else if (step.do === 'delete') {
    const { items } = await client.list(pods);
    const pod = items[step.index % Math.max(items.length, 1)];
    if (pod) await client.delete(pods, keyOf(pod));
  }
}

async function rest(cluster: MemoryCluster, boards: Boards): Promise<void> {
  for (let round = 0; round < 60; round++) {
    await quiet(30);
    const acted = await boards.act(cluster);
    const twice = boards.twice();
    if (twice.length > 0) throw new Error(`runs twice: ${twice}`);
    if (!acted) return;
  }
}

t.test('no fenced pod ever runs twice, and all run when the boards are back', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { minLength: 3, maxLength: 14 }), async (steps) => {
      const cluster = await memoryCluster();
      try {
        await fill(cluster);
        const boards = new Boards();
        await cluster.run(
          allControllers({ ...cluster.options, rootCaPem: 'ca', certificateSigner: noSigner }),
          new Scheduler(cluster.options),
        );
        await rest(cluster, boards);
        for (const step of steps) {
          await perform(cluster, boards, step);
          await rest(cluster, boards);
        }
        for (const board of BOARDS) await perform(cluster, boards, { do: 'return', board });
        await perform(cluster, boards, { do: 'scale', replicas: 3 });
        for (let i = 0; i < 4; i++) {
          await rest(cluster, boards);
          await cluster.clock.advance(10_000);
        }
        const names = [...boards.running.values()].flatMap((here) => [...here.values()].map(identity));
        const wanted = ['db-0', 'db-1', 'db-2', 'disk'];
        if (names.sort().join() !== wanted.join()) throw new Error(`at the end run: ${names}`);
      } finally {
        await cluster.stop();
      }
    }),
    { numRuns: RUNS },
  );
  t.pass('in every history');
});
