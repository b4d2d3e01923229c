import t, { type Test } from 'tap';
import { leases } from '../../../src/api/kinds/lease.ts';
import { namespaces } from '../../../src/api/kinds/namespace.ts';
import { nodes } from '../../../src/api/kinds/node.ts';
import type { Lease } from '../../../src/api/objects.ts';
import { topics } from '../../../src/mqtt/topics.ts';
import { GatewayLab } from '../../support/gateway-lab.ts';
import { reasonOf } from '../../support/reason-of.ts';

const KEY = 'kube-node-lease/pi';

const startLab = (t: Test) =>
  GatewayLab.start(t, ({ client }) =>
    client.create(namespaces, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'kube-node-lease' },
    }),
  );

async function beatFor(lab: GatewayLab, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 1000) {
    lab.beat('pi');
    await lab.pass(1000);
  }
}

t.test('a board that is heard has a lease of its Node, as upstream’s kubelet keeps it', async (t) => {
  const lab = await startLab(t);
  await lab.join('pi');
  lab.beat('pi');
  await lab.pass(1);
  const { uid } = (await lab.client.get(nodes, 'pi')).metadata;
  const lease = await lab.client.get(leases, KEY);
  t.same(lease.metadata.ownerReferences, [{ apiVersion: 'v1', kind: 'Node', name: 'pi', uid }]);
  t.match(lease.spec, { holderIdentity: 'pi', leaseDurationSeconds: 40 });
  t.match(lease.spec?.renewTime, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  const shown = [...lab.bus.retained(topics.object('coordination.k8s.io', 'leases', KEY))];
  t.equal(shown.length, 1, 'people see it too');
});

/** When the lease was renewed, in milliseconds since the epoch; grows. */
function renewalsOf(lab: GatewayLab): number[] {
  const renewals: number[] = [];
  const note = ({ spec }: Lease) => void renewals.push(Date.parse(spec?.renewTime ?? ''));
  lab.cluster.options.informers.for(leases).subscribe({ onAdd: note, onUpdate: note });
  return renewals;
}

const between = (times: readonly number[]) => times.slice(1).map((time, i) => time - (times[i] ?? 0));

t.test('it is renewed every ten seconds, and not at all while the board is silent', async (t) => {
  const lab = await startLab(t);
  await lab.join('pi');
  const renewals = renewalsOf(lab);
  await beatFor(lab, 35_000);
  t.same(between(renewals), [10_000, 10_000, 10_000]);
  await lab.pass(60_000);
  lab.beat('pi', 'of-no-session');
  await lab.pass(1);
  t.equal(renewals.length, 4);
});

t.test('a beat that comes a little early renews it too', async (t) => {
  const lab = await startLab(t);
  await lab.join('pi');
  const renewals = renewalsOf(lab);
  for (const ms of [5000, 4900, 5100, 4900, 0]) {
    lab.beat('pi');
    await lab.pass(ms);
  }
  t.same(between(renewals), [9900, 10_000]);
});

t.test('what another wrote into it stays, and one that was deleted comes back', async (t) => {
  const lab = await startLab(t);
  await lab.join('pi');
  await beatFor(lab, 1000);
  const lease = await lab.client.get(leases, KEY);
  const metadata = { ...lease.metadata, labels: { mine: 'yes' } };
  await lab.client.update(leases, { ...lease, metadata, spec: { ...lease.spec, leaseTransitions: 3 } });
  await beatFor(lab, 11_000);
  t.match(await lab.client.get(leases, KEY), {
    metadata: { labels: { mine: 'yes' } },
    spec: { leaseTransitions: 3 },
  });
  await lab.client.delete(leases, KEY);
  t.equal(await reasonOf(lab.client.get(leases, KEY)), 'NotFound');
  await beatFor(lab, 11_000);
  t.equal((await lab.client.get(leases, KEY)).spec?.holderIdentity, 'pi');
});
