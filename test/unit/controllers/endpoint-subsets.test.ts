import fc from 'fast-check';
import t from 'tap';
import type { core, Pod } from '../../../src/api/objects.ts';
import { endpointSubsets, ownsEndpoints } from '../../../src/controllers/endpoint-subsets.ts';
import { makePod, makeService, type PodTraits } from '../../support/make-pod.ts';

const labels = { app: 'web' };
const service = (spec: Partial<core.ServiceSpec> = {}) =>
  makeService('web', { selector: labels, ports: [{ port: 80, targetPort: 8080, protocol: 'TCP' }], ...spec });
const pod = (name: string, traits: PodTraits = {}) =>
  makePod({
    name,
    labels,
    podIP: `10.40.0.${name.charCodeAt(0)}`,
    nodeName: 'board',
    ready: true,
    ...traits,
  });
const brief = (subsets: readonly core.EndpointSubset[]) =>
  subsets.map(({ addresses, notReadyAddresses, ports }) => ({
    ready: (addresses ?? []).map(({ targetRef }) => targetRef?.name),
    not: (notReadyAddresses ?? []).map(({ targetRef }) => targetRef?.name),
    ports: (ports ?? []).map(({ name, port }) => `${name ?? ''}:${port}`),
  }));

t.test('ready pods are addresses, others stand apart, both sorted', async (t) => {
  const pods = [pod('c'), pod('a'), pod('b', { ready: false })];
  t.same(brief(endpointSubsets(service(), pods)), [{ ready: ['a', 'c'], not: ['b'], ports: [':8080'] }]);
});

t.test('an address says whose it is and on which board', async (t) => {
  t.same(endpointSubsets(service(), [pod('a')]), [
    {
      addresses: [
        {
          ip: '10.40.0.97',
          nodeName: 'board',
          targetRef: { kind: 'Pod', name: 'a', uid: 'uid-a', namespace: 'default' },
        },
      ],
      ports: [{ port: 8080, protocol: 'TCP' }],
    },
  ]);
});

const left: [name: string, traits: PodTraits][] = [
  ['a pod without an address', { podIP: '' }],
  ['a pod that is going', { deletedAt: '2026-01-01T00:00:00Z' }],
  ['a pod that has ended', { phase: 'Succeeded' }],
  ['a pod that failed', { phase: 'Failed' }],
  ['a pod with other labels', { labels: { app: 'x' } }],
];
for (const [name, traits] of left) {
  t.test(`${name} is left out`, async (t) => t.same(endpointSubsets(service(), [pod('a', traits)]), []));
}

t.test('publishNotReadyAddresses counts every living pod as ready, also one that is going', async (t) => {
  const pods = [
    pod('a', { ready: false }),
    pod('b', { deletedAt: '2026-01-01T00:00:00Z' }),
    pod('c', { phase: 'Failed' }),
  ];
  const subsets = endpointSubsets(service({ publishNotReadyAddresses: true }), pods);
  t.same(brief(subsets), [{ ready: ['a', 'b'], not: [], ports: [':8080'] }]);
});

t.test('a named port may be another number in each pod', async (t) => {
  const named = (name: string, containerPort: number, protocol = 'TCP') =>
    pod(name, { spec: { containers: [{ name: 'm', ports: [{ name: 'http', containerPort, protocol }] }] } });
  const web = service({ ports: [{ port: 80, targetPort: 'http', name: 'web' }] });
  const pods = [named('a', 8080), named('b', 9090), named('c', 8080), pod('d'), named('e', 53, 'UDP')];
  t.same(brief(endpointSubsets(web, pods)), [
    { ready: ['a', 'c'], not: [], ports: ['web:8080'] },
    { ready: ['b'], not: [], ports: ['web:9090'] },
  ]);
});

t.test('a named port may be a sidecar’s, and no other init container’s', async (t) => {
  const of = (name: string, restartPolicy?: string) => {
    const ports = [{ name: 'http', containerPort: 8080 }];
    const initContainers = [{ name: 'i', ports, ...(restartPolicy ? { restartPolicy } : {}) }];
    return pod(name, { spec: { containers: [{ name: 'm' }], initContainers } });
  };
  const web = service({ ports: [{ port: 80, targetPort: 'http' }] });
  t.same(brief(endpointSubsets(web, [of('a', 'Always'), of('b')])), [
    { ready: ['a'], not: [], ports: [':8080'] },
  ]);
});

t.test('without a target port the Service port is meant', async (t) => {
  t.same(brief(endpointSubsets(service({ ports: [{ port: 80 }] }), [pod('a')]))[0]?.ports, [':80']);
});

t.test(
  'a headless Service without ports lists bare addresses, with the host names pods ask for',
  async (t) => {
    const headless = service({ clusterIP: 'None', ports: [] });
    const named = pod('a', { spec: { hostname: 'zero', subdomain: 'web' } });
    const [subset] = endpointSubsets(headless, [named]);
    t.equal(subset?.addresses?.[0]?.hostname, 'zero');
    t.equal(subset?.ports, undefined);
  },
);

t.test('Services without a selector and external names are their users’ own', async (t) => {
  t.equal(ownsEndpoints(service()), true);
  t.equal(ownsEndpoints(service({ selector: {} })), false);
  t.equal(ownsEndpoints(service({ type: 'ExternalName' })), false);
});

t.test('the order of pods never shows, and no address is listed twice', async () => {
  const traits = fc.record({ ready: fc.boolean(), port: fc.constantFrom(8080, 9090) });
  fc.assert(
    fc.property(fc.array(traits, { maxLength: 8 }), fc.nat(), (world, seed) => {
      const web = service({ ports: [{ port: 80, targetPort: 'http' }] });
      const pods = world.map(({ ready, port }, i) =>
        pod(String.fromCharCode(97 + i), {
          ready,
          spec: { containers: [{ name: 'm', ports: [{ name: 'http', containerPort: port }] }] },
        }),
      );
      const turned: Pod[] = [
        ...pods.slice(seed % (pods.length + 1)),
        ...pods.slice(0, seed % (pods.length + 1)),
      ];
      const subsets = endpointSubsets(web, pods);
      if (JSON.stringify(subsets) !== JSON.stringify(endpointSubsets(web, turned)))
        throw new Error('order shows');
      const all = subsets.flatMap((s) => [...(s.addresses ?? []), ...(s.notReadyAddresses ?? [])]);
      if (all.length !== pods.length) throw new Error('an address is missing or doubled');
    }),
  );
});
