// What boards are told of Ingresses and their certificates.
import t from 'tap';
import { edgeIngressClass, INGRESS_BOARD_LABEL } from '../../../src/api/ingress/board-ingress.ts';
import { ingresses } from '../../../src/api/kinds/ingress.ts';
import { ingressClasses } from '../../../src/api/kinds/ingress-class.ts';
import { nodes } from '../../../src/api/kinds/node.ts';
import { secrets } from '../../../src/api/kinds/secret.ts';
import type { Ingress, IngressClass, Secret } from '../../../src/api/objects.ts';
import { IngressView } from '../../../src/mqtt/ingress-view.ts';
import { topics } from '../../../src/mqtt/topics.ts';
import { birth, GatewayLab } from '../../support/gateway-lab.ts';

const defaultBackend = { service: { name: 'web', port: { number: 80 } } };

async function withClass(t: Parameters<typeof GatewayLab.start>[0]): Promise<GatewayLab> {
  return GatewayLab.start(t, ({ client }) =>
    client.create<IngressClass>(ingressClasses, {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'IngressClass',
      ...edgeIngressClass,
    }),
  );
}

function addIngress(lab: GatewayLab, name: string, spec: object, annotations = {}): Promise<Ingress> {
  return lab.client.create<Ingress>(ingresses, {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name, namespace: 'default', annotations },
    spec: { defaultBackend, ...spec },
  });
}

function addSecret(lab: GatewayLab, name: string): Promise<Secret> {
  const metadata = { name, namespace: 'default' };
  const data = { 'tls.crt': 'Yw==', 'tls.key': 'aw==' };
  return lab.client.create<Secret>(secrets, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata,
    type: 'Opaque',
    data,
  });
}

const serving = { ...birth, labels: { ...birth.labels, [INGRESS_BOARD_LABEL]: 'true' } };
const secretTopics = (lab: GatewayLab, node: string) =>
  lab.bus.topics(`edge/v1/nodes/${node}/desired/secrets/#`).map((topic) => topic.split('/').at(-1));

t.test('Ingresses of our class are retained topics, those of other controllers are not', async (t) => {
  const lab = await withClass(t);
  const annotations = { 'nginx.ingress.kubernetes.io/rewrite-target': '/', 'example.com/note': 'private' };
  await addIngress(lab, 'web', {}, annotations);
  await addIngress(lab, 'foreign', { ingressClassName: 'nginx' });
  await addIngress(lab, 'old', {}, { 'kubernetes.io/ingress.class': 'nginx' });
  await lab.pass(200);
  t.same(
    Object.keys(lab.bus.at(topics.ingressIndex).ingresses),
    ['default/web'],
    'the default class is ours',
  );
  const told = lab.bus.at(topics.ingress('default/web'));
  t.match(told, { key: 'default/web', spec: { ingressClassName: 'edge', defaultBackend } });
  t.same(Object.keys(told.annotations), ['nginx.ingress.kubernetes.io/rewrite-target']);
  const view = new IngressView();
  view.index(lab.bus.at(topics.ingressIndex));
  t.equal(view.current(), undefined, 'a part is not shown');
  view.put(told);
  t.same([...(view.current()?.keys() ?? [])], ['default/web']);
  await lab.client.delete(ingresses, 'default/web');
  await lab.pass(200);
  t.same(lab.bus.topics('edge/v1/ingress/#'), [topics.ingressIndex]);
  view.index(lab.bus.at(topics.ingressIndex));
  t.equal(view.current()?.size, 0);
});

t.test('certificates go to boards that serve, and to no other', async (t) => {
  const lab = await withClass(t);
  lab.state('pi', { session: 's1', birth: serving });
  await lab.join('other');
  await addSecret(lab, 'cert');
  await addSecret(lab, 'unrelated');
  await addIngress(lab, 'web', { tls: [{ secretName: 'cert' }, { secretName: 'late' }] });
  await addIngress(lab, 'foreign', { ingressClassName: 'nginx', tls: [{ secretName: 'unrelated' }] });
  await lab.pass(200);
  t.same(secretTopics(lab, 'pi'), ['cert']);
  t.same(secretTopics(lab, 'other'), []);
  await addSecret(lab, 'late');
  await lab.pass(200);
  t.same(secretTopics(lab, 'pi').sort(), ['cert', 'late']);
  await lab.client.delete(ingresses, 'default/web');
  await lab.pass(200);
  t.same(secretTopics(lab, 'pi'), []);
});

t.test('what pods are judged by goes to boards that serve too, of the own namespace alone', async (t) => {
  const lab = await withClass(t);
  lab.state('pi', { session: 's1', birth: serving });
  await addSecret(lab, 'trust');
  const asking = (key: string) => ({ 'nginx.ingress.kubernetes.io/proxy-ssl-secret': key });
  await addIngress(lab, 'other', {}, asking('kube-system/trust'));
  await lab.pass(200);
  t.same(secretTopics(lab, 'pi'), []);
  await addIngress(lab, 'web', {}, asking('default/trust'));
  await lab.pass(200);
  t.same(secretTopics(lab, 'pi'), ['trust']);
  await lab.client.delete(ingresses, 'default/web');
  await lab.pass(200);
  t.same(secretTopics(lab, 'pi'), []);
});

t.test('a board that serves no more loses its label and its certificates', async (t) => {
  const lab = await withClass(t);
  lab.state('pi', { session: 's1', birth: serving });
  await addSecret(lab, 'cert');
  await addIngress(lab, 'web', { tls: [{ secretName: 'cert' }] });
  await lab.pass(200);
  t.same(secretTopics(lab, 'pi'), ['cert']);
  lab.state('pi', { session: 's2', birth });
  await lab.pass(200);
  t.notOk((await lab.client.get(nodes, 'pi')).metadata.labels?.[INGRESS_BOARD_LABEL]);
  t.same(secretTopics(lab, 'pi'), []);
});
