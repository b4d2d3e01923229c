import t from 'tap';
import { IngressView } from '../../../src/mqtt/ingress-view.ts';
import { KeptCluster, type KeptContent } from '../../../src/mqtt/kept-cluster.ts';
import { LatestView } from '../../../src/mqtt/latest-view.ts';
import type { NetworkPeers } from '../../../src/mqtt/messages.ts';
import { ServicesView } from '../../../src/mqtt/services-view.ts';

class MemoryFile {
  text: string | undefined;
  #content: () => KeptContent | undefined = () => undefined;

  async load(): Promise<unknown> {
    return this.text === undefined ? undefined : JSON.parse(this.text);
  }
  changed(content: () => KeptContent | undefined): void {
    this.#content = content;
  }
  async flush(): Promise<void> {
    const content = this.#content();
    if (content) this.text = JSON.stringify(content);
  }
}

function stand(file: MemoryFile) {
  const services = new ServicesView();
  const peers = new LatestView<NetworkPeers>();
  const ingresses = new IngressView();
  return { services, peers, ingresses, kept: new KeptCluster({ services, peers, ingresses, file }) };
}

const said = (revision: number): NetworkPeers => ({
  epoch: 'e',
  revision,
  podRange: '10.40.0.0/13',
  serviceRange: '10.48.0.0/16',
  peers: { pi: { address: '192.168.1.7', podCIDR: '10.40.0.0/23' } },
});
const spec = { clusterIP: '10.48.3.7', ports: [{ port: 80 }] };

function tell({ services, peers }: ReturnType<typeof stand>, revision: number): void {
  peers.put(said(revision));
  const entry = { uid: 'u', revision };
  services.put({ epoch: 'e', ...entry, key: 'default/web', spec });
  services.put({
    epoch: 'e',
    ...entry,
    key: 'default/web/web-1',
    addressType: 'IPv4',
    ports: [{ port: 80 }],
    endpoints: [{ addresses: ['10.40.0.2'] }],
  });
  services.index({ epoch: 'e', revision, services: { 'default/web': entry, 'default/web/web-1': entry } });
}

t.test('Services, endpoints and peers are known after a boot, and listeners hear of them', async (t) => {
  const file = new MemoryFile();
  const first = stand(file);
  await first.kept.start();
  tell(first, 7);
  await first.kept.stop();
  const next = stand(file);
  const heard: string[] = [];
  next.services.onChange((keys) => heard.push(...keys));
  next.peers.onChange(({ peers }) => heard.push(...Object.keys(peers)));
  await next.kept.start();
  t.same(heard.sort(), ['default/web', 'pi']);
  const service = next.services.current()?.get('default/web');
  t.same(service?.slices[0]?.endpoints, [{ addresses: ['10.40.0.2'] }]);
  t.equal(next.peers.current()?.peers.pi?.podCIDR, '10.40.0.0/23');
});

t.test('Ingresses are kept where they are served, until the master says what is now', async (t) => {
  const file = new MemoryFile();
  const first = stand(file);
  await first.kept.start();
  tell(first, 7);
  const entry = { uid: 'i', revision: 7 };
  const site = { key: 'default/site', createdAt: '2026-01-01T00:00:00Z', spec: { ingressClassName: 'edge' } };
  first.ingresses.put({ epoch: 'e', ...entry, ...site });
  first.ingresses.index({ epoch: 'e', revision: 7, ingresses: { 'default/site': entry } });
  await first.kept.stop();
  const next = stand(file);
  const heard: string[][] = [];
  next.ingresses.onChange((known) => heard.push([...known.keys()]));
  await next.kept.start();
  t.match(next.ingresses.current()?.get('default/site'), { uid: 'i', ...site });
  next.ingresses.index({ epoch: 'f', revision: 1, ingresses: {} });
  t.equal(next.ingresses.current()?.size, 0);
  t.same(heard, [['default/site'], []]);
});

t.test('whatever the master says next counts, also with a lower revision', async (t) => {
  const file = new MemoryFile();
  const first = stand(file);
  await first.kept.start();
  tell(first, 7);
  await first.kept.stop();
  const next = stand(file);
  await next.kept.start();
  next.peers.put({ ...said(3), peers: {} });
  t.same(next.peers.current()?.peers, {});
  next.services.index({ epoch: 'e', revision: 3, services: {} });
  t.equal(next.services.current()?.size, 0);
});

t.test('revisions alone change nothing in what is kept', async (t) => {
  const file = new MemoryFile();
  const first = stand(file);
  await first.kept.start();
  tell(first, 7);
  await file.flush();
  const before = file.text;
  tell(first, 8);
  await first.kept.stop();
  t.equal(file.text, before);
});

t.test('half of a cluster is not kept', async (t) => {
  const file = new MemoryFile();
  const first = stand(file);
  await first.kept.start();
  first.peers.put(said(1));
  await first.kept.stop();
  t.equal(file.text, undefined);
});
