// Points per board as upstream's plugins give them.
// Source: pkg/scheduler/framework/plugins/{noderesources,imagelocality,podtopologyspread}
import t from 'tap';
import type { Node, Pod } from '../../../src/api/objects.ts';
import { podLoad } from '../../../src/scheduler/node-usage.ts';
import { imageLocality } from '../../../src/scheduler/scores/image-locality.ts';
import { balancedAllocation, leastAllocated } from '../../../src/scheduler/scores/resources.ts';
import type { Score } from '../../../src/scheduler/scores/score.ts';
import { spreadOverTopology } from '../../../src/scheduler/scores/topology-spread.ts';
import { makeNode, makePod } from '../../support/make-pod.ts';
import { makeWorld } from '../../support/scheduler-world.ts';

function points(score: Score, pod: Pod, nodes: Node[], pods: Pod[] = []) {
  const world = makeWorld({ nodes, pods });
  return score({ load: podLoad(pod), world, usages: world.usages, siblings: undefined });
}

const MiB = 1024 * 1024;
const board = (cpu: string, memory: string, name = 'a') => makeNode({ name, allocatable: { cpu, memory } });
const on = (nodeName: string, cpu: string, memory: string) =>
  makePod({ name: `${cpu}-${memory}`, nodeName, cpu, memory });

const cases: [name: string, actual: () => number[] | undefined, expected: number[] | undefined][] = [
  [
    'a pod that takes as much of either leaves a board as even as it was',
    () => points(balancedAllocation, makePod({ cpu: '1', memory: '1Gi' }), [board('4', '4Gi')]),
    [75],
  ],
  [
    'one that evens a board out is worth more, one that tilts it less',
    () =>
      points(
        balancedAllocation,
        makePod({ cpu: '2', memory: '0' }),
        [board('4', '4Gi'), board('4', '4Gi', 'b')],
        [on('a', '0', '2Gi')],
      ),
    // 100 after 75 before, and 75 after 100.
    [50 + Math.trunc((50 + 25) / 2), 50 + Math.trunc((50 - 25) / 2)],
  ],
  [
    'one that requests nothing is none of its business',
    () => points(balancedAllocation, makePod(), [board('4', '4Gi')]),
    undefined,
  ],
  [
    'a resource that the board does not have counts neither way',
    () =>
      points(leastAllocated, makePod({ cpu: '1', memory: '1Gi' }), [board('4', '0'), board('0', '0', 'b')]),
    [75, 0],
  ],
  [
    'each container without requests is taken for 100m and 200Mi, also beside one that has some',
    () => {
      const asking = { name: 'asking', resources: { requests: { cpu: '100m', memory: '200Mi' } } };
      const silent = { name: 'silent' };
      return points(leastAllocated, makePod({ spec: { containers: [asking, silent] } }), [
        board('1', '1000Mi'),
      ]);
    },
    [70],
  ],
  [
    'one that asks for 0 is taken at its word',
    () => points(leastAllocated, makePod({ cpu: '0', memory: '0' }), [board('1', '1000Mi')]),
    [100],
  ],
  [
    'what a pod asks for as a whole stands for its containers, overhead on top',
    () => {
      const spec = { resources: { requests: { cpu: '500m' } }, overhead: { cpu: '250m', memory: '300Mi' } };
      return points(leastAllocated, makePod({ cpu: '100m', memory: '200Mi', spec }), [board('1', '1000Mi')]);
    },
    // 25 of CPU and 50 of memory.
    [37],
  ],
  [
    'an empty selector counts no pod',
    () => {
      const topologySpreadConstraints = [
        {
          maxSkew: 1,
          topologyKey: 'kubernetes.io/hostname',
          whenUnsatisfiable: 'ScheduleAnyway',
          labelSelector: {},
        },
      ];
      const nodes = ['a', 'b'].map((name) => makeNode({ name, labels: { 'kubernetes.io/hostname': name } }));
      return points(spreadOverTopology, makePod({ spec: { topologySpreadConstraints } }), nodes, [
        on('a', '1', '1Gi'),
      ]);
    },
    [100, 100],
  ],
  [
    'pods on boards outside of another constraint of the pod do not count',
    () => {
      const labels = { app: 'web' };
      const constraint = (topologyKey: string) => ({
        maxSkew: 1,
        topologyKey,
        whenUnsatisfiable: 'ScheduleAnyway',
        labelSelector: { matchLabels: labels },
      });
      const topologySpreadConstraints = [constraint('zone'), constraint('rack')];
      const nodes = [
        makeNode({ name: 'a', labels: { zone: '1', rack: '1' } }),
        makeNode({ name: 'b', labels: { zone: '2', rack: '2' } }),
        makeNode({ name: 'unracked', labels: { zone: '1' } }),
      ];
      const there = makePod({ name: 'x', labels, nodeName: 'unracked' });
      return points(spreadOverTopology, makePod({ labels, spec: { topologySpreadConstraints } }), nodes, [
        there,
      ]);
    },
    [100, 100, 0],
  ],
  [
    'an image counts by its size and how many boards hold it, a mounted one too',
    () => {
      const holding = (name: string, ...images: [string, number][]): Node => {
        const node = makeNode({ name });
        const held = images.map(([image, mib]) => ({ names: [image], sizeBytes: mib * MiB }));
        return { ...node, status: { ...node.status, images: held } };
      };
      const containers = [{ name: 'main', image: 'registry:5000/web' }];
      const volumes = [{ name: 'model', image: { reference: 'model:1' } }] as never;
      const nodes = [
        holding('a', ['registry:5000/web:latest', 500]),
        holding('b', ['model:1', 1000]),
        holding('c'),
      ];
      return points(imageLocality, makePod({ spec: { containers, volumes } }), nodes);
    },
    // (500 / 3 - 23) and (1000 / 3 - 23) of 977 MiB.
    [14, 31, 0],
  ],
];

for (const [name, actual, expected] of cases) t.test(name, async (t) => t.same(actual(), expected));
