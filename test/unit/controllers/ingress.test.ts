// The status and the Events of Ingresses that boards serve.
import t, { type Test } from 'tap';
import { edgeIngressClass, INGRESS_BOARD_LABEL } from '../../../src/api/ingress/board-ingress.ts';
import { ingresses } from '../../../src/api/kinds/ingress.ts';
import { ingressClasses } from '../../../src/api/kinds/ingress-class.ts';
import { nodes } from '../../../src/api/kinds/node.ts';
import type { Ingress, IngressClass, Node } from '../../../src/api/objects.ts';
import { IngressController } from '../../../src/controllers/ingress.ts';
import { memoryCluster } from '../../support/memory-cluster.ts';
import { settles } from '../../support/settles.ts';

const apiVersion = 'networking.k8s.io/v1';

async function setUp(t: Test) {
  const cluster = await memoryCluster();
  t.teardown(() => cluster.stop());
  const { client } = cluster;
  await client.create<IngressClass>(ingressClasses, {
    apiVersion,
    kind: 'IngressClass',
    ...edgeIngressClass,
  });
  await cluster.run(new IngressController(cluster.options));
  return {
    ...cluster,
    board: async (name: string, address: string, serves: boolean, ready: 'True' | 'Unknown' = 'True') => {
      const labels: Record<string, string> = serves ? { [INGRESS_BOARD_LABEL]: 'true' } : {};
      const status = {
        addresses: [{ type: 'InternalIP', address }],
        conditions: [{ type: 'Ready', status: ready }],
      };
      const node = await client.create<Node>(nodes, {
        apiVersion: 'v1',
        kind: 'Node',
        metadata: { name, labels },
        spec: {},
      });
      await client.updateStatus(nodes, { ...node, status });
    },
    ingress: (spec: object = {}, annotations = {}) =>
      client.create<Ingress>(ingresses, {
        apiVersion,
        kind: 'Ingress',
        metadata: { name: 'web', namespace: 'default', annotations },
        spec: { defaultBackend: { service: { name: 'web', port: { number: 80 } } }, ...spec },
      }),
    shows: (...expected: string[]) =>
      settles(async () => {
        const { status } = await client.get(ingresses, 'default/web');
        return (status?.loadBalancer?.ingress ?? []).map(({ ip }) => ip).join() === expected.join();
      }),
  };
}

t.test('an Ingress shows the addresses of the boards that serve and are ready', async (t) => {
  const { client, board, ingress, shows } = await setUp(t);
  await board('b', '192.168.1.8', true);
  await board('a', '192.168.1.7', true);
  await board('plain', '192.168.1.9', false);
  await board('lost', '192.168.1.10', true, 'Unknown');
  await ingress();
  await shows('192.168.1.7', '192.168.1.8');
  await client.delete(nodes, 'a');
  await shows('192.168.1.8');
  t.pass();
});

t.test('where no board serves, what others wrote stays and what boards gave goes', async (t) => {
  const { client, board, ingress, shows } = await setUp(t);
  await board('a', '192.168.1.7', true);
  await ingress();
  await shows('192.168.1.7');
  const node = await client.get(nodes, 'a');
  await client.update(nodes, { ...node, metadata: { ...node.metadata, labels: {} } });
  await shows();
  const object = await client.get(ingresses, 'default/web');
  const loadBalancer = { ingress: [{ ip: '169.1.1.1' }, { ip: '192.168.1.7' }] };
  await client.updateStatus(ingresses, { ...object, status: { loadBalancer } });
  await shows('169.1.1.1');
  t.pass();
});

t.test("another controller's Ingress is left alone", async (t) => {
  const { client, board, ingress, recorder } = await setUp(t);
  await board('a', '192.168.1.7', true);
  await ingress({ ingressClassName: 'nginx' }, { 'nginx.ingress.kubernetes.io/auth-url': 'x' });
  await settles(async () => true);
  t.same((await client.get(ingresses, 'default/web')).status?.loadBalancer ?? {}, {});
  t.same(recorder.lines, []);
});

t.test('what cannot be served as it says is told once', async (t) => {
  const { board, ingress, shows, recorder } = await setUp(t);
  const resource = { apiGroup: 'x.io', kind: 'Bucket', name: 'b' };
  const paths = [{ path: '/(', pathType: 'ImplementationSpecific', backend: { resource } }];
  const annotations = { 'use-regex': 'true', 'auth-url': 'https://x' };
  await ingress(
    { rules: [{ http: { paths } }] },
    Object.fromEntries(Object.entries(annotations).map(([k, v]) => [`nginx.ingress.kubernetes.io/${k}`, v])),
  );
  const reasons = () => recorder.events.map(({ reason }) => reason).sort();
  const expected = ['InvalidAnnotation', 'InvalidPath', 'NoIngressBoard', 'UnsupportedBackend'];
  await settles(async () => reasons().join() === expected.join());
  t.match(
    recorder.lines.join('\n'),
    /auth-url is not supported: it protects, so all requests are answered with 503/,
  );
  await board('a', '192.168.1.7', true);
  await shows('192.168.1.7');
  t.same(reasons(), expected, 'a board that comes is no reason to say it again');
});
