// The status and the Events of Ingresses that boards serve.
import t, { type Test } from 'tap';
import { edgeIngressClass, INGRESS_BOARD_LABEL } from '../../../src/api/ingress/board-ingress.ts';
import { ingresses } from '../../../src/api/kinds/ingress.ts';
import { ingressClasses } from '../../../src/api/kinds/ingress-class.ts';
import { nodes } from '../../../src/api/kinds/node.ts';
import { secrets } from '../../../src/api/kinds/secret.ts';
import type { Ingress, IngressClass, Node, Secret } from '../../../src/api/objects.ts';
import { IngressController } from '../../../src/controllers/ingress.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { memoryCluster } from '../../support/memory-cluster.ts';
import { quiet, settles } from '../../support/settles.ts';
import { tlsSecret } from '../../support/tls-secret.ts';

const apiVersion = 'networking.k8s.io/v1';
const DAY_MS = 86_400_000;

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

t.test(
  'a certificate that cannot be shown is told once for each cause, and again when it comes back',
  async (t) => {
    const { client, clock, board, ingress, shows, recorder } = await setUp(t);
    await board('a', '192.168.1.7', true);
    await ingress({ tls: [{ hosts: ['a.test'], secretName: 'cert' }] });
    await shows('192.168.1.7');
    const told = (...expected: string[]) =>
      settles(async () => recorder.events.map(({ reason }) => reason).join() === expected.join());
    await clock.advance(4_000);
    await quiet();
    t.same(recorder.events, [], 'it may be on its way');
    await clock.advance(1_000);
    await told('TLSSecretNotFound');
    const { metadata: _, ...good } = await tlsSecret(['a.test']);
    const metadata = { name: 'cert', namespace: 'default' };
    await client.create<Secret>(secrets, { ...good, metadata, type: 'Opaque', data: {} });
    await told('TLSSecretNotFound', 'InvalidTLSSecret');
    const put = async (data: Secret['data']) => {
      const secret = await client.get(secrets, 'default/cert');
      await client.update(secrets, { ...secret, data });
    };
    await put(good.data);
    await client.patch(ingresses, 'default/web', {
      type: 'merge',
      body: { metadata: { labels: { a: 'b' } } },
    });
    await quiet();
    t.equal(recorder.events.length, 2, 'nothing more of a good one');
    await put({});
    await told('TLSSecretNotFound', 'InvalidTLSSecret', 'InvalidTLSSecret');
    t.match(recorder.events.at(-1), { type: 'Warning', object: { kind: 'Ingress' } });
  },
);

t.test(
  'a Secret that comes right behind its Ingress, or goes for a moment, is nothing to tell',
  async (t) => {
    const { client, clock, board, ingress, shows, recorder } = await setUp(t);
    await board('a', '192.168.1.7', true);
    await ingress({ tls: [{ hosts: ['a.test'], secretName: 'cert' }] });
    await shows('192.168.1.7');
    const { metadata: _, ...good } = await tlsSecret(['a.test'], { clock });
    const comes = () =>
      client.create<Secret>(secrets, { ...good, metadata: { name: 'cert', namespace: 'default' } });
    for (const time of ['first', 'again']) {
      await clock.advance(4_000);
      await comes();
      await clock.advance(60_000);
      await quiet();
      t.same(recorder.lines, [], time);
      await client.delete(secrets, 'default/cert');
      await quiet();
    }
    await clock.advance(5_000);
    await settles(async () => recorder.events.map(({ reason }) => reason).join() === 'TLSSecretNotFound');
  },
);

t.test('a certificate that ends is told when it does', async (t) => {
  const { client, clock, board, ingress, shows, recorder } = await setUp(t);
  await board('a', '192.168.1.7', true);
  const { metadata: _, ...good } = await tlsSecret(['a.test'], {
    // Ten years, but for these days.
    clock: new FakeClock(clock.now() - (3650 - 3.5) * DAY_MS),
  });
  await client.create<Secret>(secrets, { ...good, metadata: { name: 'cert', namespace: 'default' } });
  await ingress({ tls: [{ hosts: ['a.test'], secretName: 'cert' }] });
  await shows('192.168.1.7');
  await clock.advance(3 * DAY_MS);
  await quiet();
  t.same(recorder.lines, []);
  await clock.advance(DAY_MS);
  await settles(async () => recorder.events.map(({ reason }) => reason).join() === 'CertificateExpired');
  await clock.advance(5 * DAY_MS);
  await quiet();
  t.equal(recorder.events.length, 1, 'once');
});
