import fc from 'fast-check';
import t from 'tap';
import type { Pod, ReplicationController } from '../../../src/api/objects.ts';
import { controllerReference } from '../../../src/controllers/claims.ts';
import { isActive } from '../../../src/controllers/pod-state.ts';
import { decideReplicas } from '../../../src/controllers/replica-decision.ts';
import { replicaPod } from '../../../src/controllers/replica-pod.ts';
import { makePod, type PodTraits } from '../../support/make-pod.ts';

const labels = { app: 'web' };
const mine = { uid: 'uid-rc' };

function rc(replicas: number, more: Partial<ReplicationController['metadata']> = {}): ReplicationController {
  return {
    apiVersion: 'v1',
    kind: 'ReplicationController',
    metadata: {
      name: 'rc',
      namespace: 'default',
      uid: 'uid-rc',
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
      ...more,
    },
    spec: {
      replicas,
      selector: labels,
      template: { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'x' }] } },
    },
  };
}

const names = (pods: readonly Pod[]) => pods.map(({ metadata }) => metadata.name);

t.test('too few are made, too many removed, enough left alone', async (t) => {
  const two = ['a', 'b'].map((name) => makePod({ name, labels, owner: mine }));
  t.match(decideReplicas(rc(5), two), { create: 3, remove: [], adopt: [], release: [] });
  t.match(decideReplicas(rc(2), two), { create: 0, remove: [] });
  t.equal(decideReplicas(rc(0), two).remove.length, 2);
});

const counted: [name: string, traits: PodTraits, counts: boolean][] = [
  ['a finished pod is replaced', { phase: 'Succeeded' }, false],
  ['a failed pod is replaced', { phase: 'Failed' }, false],
  ['a pod that is going is replaced', { deletedAt: '2026-01-01T00:00:00Z' }, false],
  ['a pending pod counts', { phase: 'Pending' }, true],
];
for (const [name, traits, counts] of counted) {
  t.test(name, async (t) => {
    const { create } = decideReplicas(rc(1), [makePod({ labels, owner: mine, ...traits })]);
    t.equal(create, counts ? 0 : 1);
  });
}

t.test('a matching orphan is adopted and counts at once', async (t) => {
  const decision = decideReplicas(rc(2), [makePod({ name: 'orphan', labels })]);
  t.same(names(decision.adopt), ['orphan']);
  t.equal(decision.create, 1);
});

t.test('pods of others, finished orphans and orphans that are going are not adopted', async (t) => {
  const others = [
    makePod({ name: 'theirs', labels, owner: { uid: 'another' } }),
    makePod({ name: 'done', labels, phase: 'Failed' }),
    makePod({ name: 'going', labels, deletedAt: '2026-01-01T00:00:00Z' }),
    makePod({ name: 'different' }),
  ];
  t.match(decideReplicas(rc(1), others), { adopt: [], release: [], create: 1 });
});

t.test('an own pod whose labels no longer match is released and replaced', async (t) => {
  const decision = decideReplicas(rc(1), [makePod({ name: 'strayed', owner: mine, labels: { app: 'x' } })]);
  t.same(names(decision.release), ['strayed']);
  t.equal(decision.create, 1);
});

t.test('a controller that is being deleted touches nothing', async (t) => {
  const going = rc(3, { deletionTimestamp: '2026-01-01T00:00:00Z' });
  const decision = decideReplicas(going, [makePod({ labels }), makePod({ name: 'b', labels, owner: mine })]);
  t.match(decision, { adopt: [], release: [], create: 0, remove: [] });
});

t.test('pods of its siblings crowd a board as its own do', async (t) => {
  const own = ['a', 'b'].map((board) =>
    makePod({ name: board, nodeName: board, labels, owner: mine, ready: true }),
  );
  const theirs = makePod({
    name: 'other',
    nodeName: 'b',
    labels,
    owner: { uid: 'uid-sibling' },
    ready: true,
  });
  const siblings = new Set(['uid-rc', 'uid-sibling']);
  t.same(names(decideReplicas(rc(1), [...own, theirs]).remove), ['a']);
  t.same(names(decideReplicas(rc(1), [...own, theirs], siblings).remove), ['b']);
});

t.test('a controller without any selector takes no pod', async (t) => {
  const blank = { ...rc(1), spec: { replicas: 1, template: { spec: { containers: [] } } } };
  t.same(decideReplicas(blank as ReplicationController, [makePod({ labels })]).adopt, []);
});

t.test('a pod is made from the template and belongs to its controller', async (t) => {
  const made = replicaPod(rc(1));
  t.match(made, {
    metadata: {
      generateName: 'rc-',
      namespace: 'default',
      labels,
      ownerReferences: [{ uid: 'uid-rc', controller: true }],
    },
    spec: { containers: [{ name: 'main', image: 'x' }] },
  });
});

t.test('from any world it comes to rest at the number asked for, and then does nothing', async () => {
  const pod = fc.record({
    owned: fc.constantFrom('mine', 'theirs', 'nobody'),
    app: fc.constantFrom('web', 'other'),
    phase: fc.constantFrom('Pending', 'Running', 'Succeeded', 'Failed', 'Unknown'),
    ready: fc.boolean(),
    going: fc.boolean(),
    nodeName: fc.constantFrom('', 'a', 'b'),
  });
  fc.assert(
    fc.property(fc.array(pod, { maxLength: 12 }), fc.integer({ min: 0, max: 8 }), (world, replicas) => {
      let pods = world.map(({ owned, app, going, ...traits }, i) =>
        makePod({
          name: `p${i}`,
          labels: { app },
          ...traits,
          ...(going ? { deletedAt: '2026-01-01T00:00:00Z' } : {}),
          ...(owned === 'nobody' ? {} : { owner: { uid: owned === 'mine' ? 'uid-rc' : 'another' } }),
        }),
      );
      const foreign = pods.filter(({ metadata }) => metadata.ownerReferences?.[0]?.uid === 'another');
      for (let pass = 0; pass < 3; pass++) pods = apply(rc(replicas), pods, pass);
      const rest = decideReplicas(rc(replicas), pods);
      if (rest.create + rest.remove.length + rest.adopt.length + rest.release.length > 0)
        throw new Error('restless');
      const count = pods.filter(
        (p) => isActive(p) && p.metadata.ownerReferences?.[0]?.uid === 'uid-rc',
      ).length;
      if (count !== replicas) throw new Error(`${count} instead of ${replicas}`);
      if (!foreign.every((p) => pods.includes(p))) throw new Error('touched what is not its own');
    }),
  );
});

function apply(controller: ReplicationController, pods: readonly Pod[], pass: number): Pod[] {
  const { adopt, release, create, remove } = decideReplicas(controller, pods);
  const owned = (pod: Pod, references: Pod['metadata']['ownerReferences']) => ({
    ...pod,
    metadata: { ...pod.metadata, ownerReferences: references ?? [] },
  });
  const kept = pods
    .filter((pod) => !remove.includes(pod))
    .map((pod) => {
      if (adopt.includes(pod)) return owned(pod, [controllerReference(controller)]);
      return release.includes(pod) ? owned(pod, []) : pod;
    });
  const made = Array.from({ length: create }, (_, i) =>
    makePod({ name: `new-${pass}-${i}`, labels, owner: mine, phase: 'Pending' }),
  );
  return [...kept, ...made];
}
