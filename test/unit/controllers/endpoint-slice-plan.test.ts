import fc from 'fast-check';
import t from 'tap';
import type { EndpointSlice, Service } from '../../../src/api/objects.ts';
import { MAX_ENDPOINTS, planSlices } from '../../../src/controllers/endpoint-slice-plan.ts';
import { endpointEntries } from '../../../src/controllers/endpoint-subsets.ts';
import { makePod, makeService, type PodTraits } from '../../support/make-pod.ts';

const labels = { app: 'web' };
const service = (more: Partial<Service['spec']> = {}) =>
  makeService('web', { selector: labels, ports: [{ port: 80, targetPort: 'http' }], ...more });
const pod = (number: number, traits: PodTraits = {}) =>
  makePod({
    name: `p${number}`,
    labels,
    podIP: `10.40.${number >> 8}.${number & 255}`,
    ready: true,
    spec: { containers: [{ name: 'c', image: 'c', ports: [{ name: 'http', containerPort: 8080 }] }] },
    ...traits,
  });
const podOnPort = (number: number, containerPort: number) =>
  pod(number, {
    spec: { containers: [{ name: 'c', image: 'c', ports: [{ name: 'http', containerPort }] }] },
  });
const plan = (numbers: number[], present: EndpointSlice[]) =>
  planSlices(
    endpointEntries(
      service(),
      numbers.map((number) => pod(number)),
    ),
    present,
    false,
  );

/** What the store holds after the plan. */
function apply(present: EndpointSlice[], { create, keep, remove }: ReturnType<typeof planSlices>) {
  const kept = keep.map(({ slice, content }) => ({ ...slice, ...content }));
  const made = create.map((content, i) => newSlice(`new-${present.length}-${i}-${Math.random()}`, content));
  if (kept.length + remove.length !== present.length) throw new Error('a slice was forgotten');
  return [...kept, ...made];
}

function newSlice(name: string, content: Pick<EndpointSlice, 'endpoints' | 'ports'>): EndpointSlice {
  const metadata = { name, uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' };
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata,
    addressType: 'IPv4',
    ...content,
  };
}

const conditions: [name: string, traits: PodTraits, publishAll: boolean, expected: object][] = [
  ['a ready pod', {}, false, { ready: true, serving: true, terminating: false }],
  ['a pod that is not ready', { ready: false }, false, { ready: false, serving: false, terminating: false }],
  [
    'a pod that is going',
    { deletedAt: '2026-01-01T00:00:00Z' },
    false,
    { ready: false, serving: true, terminating: true },
  ],
  [
    'a pod published whatever it is',
    { ready: false },
    true,
    { ready: true, serving: false, terminating: false },
  ],
];
for (const [name, traits, publishAll, expected] of conditions) {
  t.test(`conditions of ${name}`, async (t) => {
    const { create } = planSlices(endpointEntries(service(), [pod(1, traits)]), [], publishAll);
    t.same(create[0]?.endpoints[0]?.conditions, expected);
    t.match(create[0], { ports: [{ name: '', port: 8080, protocol: 'TCP' }] });
  });
}

const boards: Readonly<Record<string, string>> = { 'pi-1': 'kitchen', 'pi-2': 'shed' };
const distributions: [distribution: string | undefined, expected: object | undefined][] = [
  [undefined, undefined],
  ['PreferClose', { forZones: [{ name: 'shed' }] }],
  ['PreferSameZone', { forZones: [{ name: 'shed' }] }],
  ['PreferSameNode', { forZones: [{ name: 'shed' }], forNodes: [{ name: 'pi-2' }] }],
];
for (const [distribution, expected] of distributions) {
  t.test(`zone and hints with the traffic distribution ${distribution}`, async (t) => {
    const placement = { zoneOf: (nodeName: string) => boards[nodeName], distribution };
    const of = (...found: ReturnType<typeof pod>[]) =>
      planSlices(endpointEntries(service(), found), [], false, placement).create[0]?.endpoints ?? [];
    const [ready, notReady] = of(pod(1, { nodeName: 'pi-2' }), pod(2, { nodeName: 'pi-1', ready: false }));
    t.equal(ready?.zone, 'shed');
    t.strictSame(ready?.hints, expected);
    t.strictSame([notReady?.zone, notReady?.hints], ['kitchen', undefined]);
    const [unplaced] = of(pod(3, { nodeName: 'pi-9' }));
    const ofNode = distribution === 'PreferSameNode' ? { forNodes: [{ name: 'pi-9' }] } : undefined;
    t.strictSame([unplaced?.zone, unplaced?.hints], [undefined, ofNode], 'a board of no zone');
  });
}

t.test('a Service that nothing is behind has one empty slice', async (t) => {
  const first = apply([], plan([], []));
  t.equal(first.length, 1);
  t.same(first[0]?.endpoints, []);
  t.equal(apply(first, plan([1], first)).length, 1);
  t.equal(apply(apply(first, plan([1], first)), plan([], apply(first, plan([1], first)))).length, 1);
});

t.test('pods whose named port differs stand in slices of their own', async (t) => {
  const entries = endpointEntries(service(), [podOnPort(1, 8080), podOnPort(2, 9090)]);
  t.same(
    planSlices(entries, [], false).create.map(({ ports }) => ports[0]?.port),
    [8080, 9090],
  );
});

t.test(
  'a pod without the named port stands in a slice without ports: it has a name all the same',
  async (t) => {
    const entries = endpointEntries(service(), [podOnPort(1, 8080), pod(2, { spec: { containers: [] } })]);
    t.same(
      planSlices(entries, [], false).create.map(({ ports, endpoints }) => [
        ports[0]?.port,
        endpoints[0]?.addresses,
      ]),
      [
        [undefined, ['10.40.0.2']],
        [8080, ['10.40.0.1']],
      ],
    );
  },
);

t.test('one more or less of 250 changes one slice only', async (t) => {
  const numbers = Array.from({ length: 250 }, (_, i) => i + 1);
  const slices = apply([], plan(numbers, []));
  t.same(
    slices.map(({ endpoints }) => endpoints?.length),
    [100, 100, 50],
  );
  const changed = (next: ReturnType<typeof planSlices>) =>
    next.keep.filter(
      ({ slice, content }) => JSON.stringify(slice.endpoints) !== JSON.stringify(content.endpoints),
    );
  const less = plan(numbers.slice(1), slices);
  t.equal(changed(less).length, 1);
  const more = plan([...numbers, 300], slices);
  t.equal(changed(more).length, 1);
  t.same([...less.create, ...less.remove, ...more.create, ...more.remove], []);
});

t.test(
  'whatever comes and goes, each endpoint is there once, no slice is too large and a second look does nothing',
  async () => {
    const world = fc.uniqueArray(fc.integer({ min: 1, max: 400 }), { maxLength: 350 });
    fc.assert(
      fc.property(fc.array(world, { minLength: 1, maxLength: 4 }), (worlds) => {
        let slices: EndpointSlice[] = [];
        for (const numbers of worlds) {
          slices = apply(slices, plan(numbers, slices));
          const uids = slices.flatMap(({ endpoints }) =>
            (endpoints ?? []).map(({ targetRef }) => targetRef?.uid),
          );
          const expected = numbers.map((number) => `uid-p${number}`);
          if (uids.sort().join() !== expected.sort().join()) throw new Error('not the pods that are there');
          if (slices.some(({ endpoints }) => (endpoints ?? []).length > MAX_ENDPOINTS))
            throw new Error('too large');
          const again = plan(numbers, slices);
          const isSame = again.keep.every(
            ({ slice, content }) => JSON.stringify(slice.endpoints) === JSON.stringify(content.endpoints),
          );
          if (!isSame || again.create.length + again.remove.length > 0) throw new Error('does not rest');
        }
      }),
      { numRuns: 60 },
    );
  },
);
