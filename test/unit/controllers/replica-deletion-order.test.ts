import t from 'tap';
import type { Pod } from '../../../src/api/objects.ts';
import { replicasToDelete } from '../../../src/controllers/replica-deletion-order.ts';
import { makePod, type PodTraits } from '../../support/make-pod.ts';

const plain: PodTraits = { nodeName: 'a', ready: true, createdAt: '2026-01-01T00:00:00Z' };
const first = (pods: Pod[]) => replicasToDelete(pods, 1).map(({ metadata }) => metadata.name);

const cases: [rule: string, goes: PodTraits, stays: PodTraits][] = [
  ['one without a board before one with', { nodeName: '' }, {}],
  ['pending before unknown', { phase: 'Pending' }, { phase: 'Unknown' }],
  ['unknown before running', { phase: 'Unknown' }, {}],
  ['not ready before ready', { ready: false }, {}],
  ['a lower deletion cost first', { annotations: cost('-5') }, { annotations: cost('3') }],
  ['ready for a shorter time first', { ready: '2026-01-02T00:00:00Z' }, { ready: '2026-01-01T00:00:00Z' }],
  ['more often restarted first', { restarts: 3 }, { restarts: 1 }],
  ['younger first', { createdAt: '2026-01-03T00:00:00Z' }, { createdAt: '2026-01-02T00:00:00Z' }],
  ['no board outweighs ready', { nodeName: '', ready: true }, { ready: false }],
  ['not ready outweighs cost', { ready: false, annotations: cost('9') }, { annotations: cost('1') }],
];

function cost(text: string) {
  return { 'controller.kubernetes.io/pod-deletion-cost': text };
}

for (const [rule, goes, stays] of cases) {
  t.test(rule, async (t) => {
    // A name that would lose the tie-break, so that only the rule can decide.
    const goer = makePod({ ...plain, ...goes, name: 'z-goes' });
    const stayer = makePod({ ...plain, ...stays, name: 'a-stays' });
    t.same(first([goer, stayer]), ['z-goes']);
    t.same(first([stayer, goer]), ['z-goes']);
  });
}

t.test('the board with most replicas gives first', async (t) => {
  const pods = [
    makePod({ ...plain, name: 'a-lonely', nodeName: 'b' }),
    makePod({ ...plain, name: 'y' }),
    makePod({ ...plain, name: 'z' }),
  ];
  t.same(first(pods), ['y']);
});

t.test('a cost that is no number counts as none', async (t) => {
  const odd = makePod({ ...plain, name: 'b', annotations: cost('cheap') });
  t.same(first([odd, makePod({ ...plain, name: 'a', annotations: cost('-1') })]), ['a']);
});

t.test('the board with most pods of the whole Deployment gives first', async (t) => {
  const own = [
    makePod({ ...plain, name: 'a', nodeName: 'a' }),
    makePod({ ...plain, name: 'z', nodeName: 'b' }),
  ];
  const others = ['o1', 'o2'].map((name) => makePod({ ...plain, name, nodeName: 'b' }));
  t.same(
    replicasToDelete(own, 1, [...own, ...others]).map(({ metadata }) => metadata.name),
    ['z'],
  );
});
