// Services of one and two families of addresses, on the real registry.
import t, { type Test } from 'tap';
import { services } from '../../../../src/api/kinds/service.ts';
import type { core, Service } from '../../../../src/api/objects.ts';
import { type ClusterNetwork, defaultClusterNetwork } from '../../../../src/base/cluster-network.ts';
import type { Client, NewObject } from '../../../../src/client/client.ts';
import { memoryCluster } from '../../../support/memory-cluster.ts';

const ipv6 = { podRange: 'fd00:10:40::/48', nodePrefix: 64, serviceRange: 'fd00:10:48::/112' };
const dual: ClusterNetwork = { ...defaultClusterNetwork, ipv6 };
const V6 = /^fd00:10:48::/;

const service = (name: string, spec: object = {}): NewObject<Service> => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'default' },
  spec: { selector: { app: 'web' }, ports: [{ port: 80 }], ...spec },
});

function test(name: string, body: (t: Test, client: Client) => Promise<void>, network = dual) {
  t.test(name, async (t) => {
    const cluster = await memoryCluster(network);
    t.teardown(() => cluster.stop());
    await body(t, cluster.client);
  });
}

const families = ({ spec }: Service) => [
  spec.ipFamilyPolicy,
  spec.ipFamilies?.join(),
  spec.clusterIPs?.length,
];
const patch = (client: Client, spec: object) =>
  client.patch(services, 'default/a', { type: 'merge', body: { spec } });
const withSpec = (made: Service, spec: Partial<core.ServiceSpec>): Service => {
  return { ...made, spec: { ...made.spec, ...spec } };
};

const asked: [string, object, (string | number | undefined)[]][] = [
  ['nothing', {}, ['SingleStack', 'IPv4', 1]],
  ['PreferDualStack', { ipFamilyPolicy: 'PreferDualStack' }, ['PreferDualStack', 'IPv4,IPv6', 2]],
  ['RequireDualStack', { ipFamilyPolicy: 'RequireDualStack' }, ['RequireDualStack', 'IPv4,IPv6', 2]],
  ['IPv6', { ipFamilies: ['IPv6'] }, ['SingleStack', 'IPv6', 1]],
  [
    'IPv6 first',
    { ipFamilyPolicy: 'PreferDualStack', ipFamilies: ['IPv6'] },
    ['PreferDualStack', 'IPv6,IPv4', 2],
  ],
  ['an IPv6 address', { clusterIP: 'fd00:10:48::77' }, ['SingleStack', 'IPv6', 1]],
  ['headless', { clusterIP: 'None', ipFamilyPolicy: 'PreferDualStack' }, ['PreferDualStack', 'IPv4,IPv6', 1]],
  ['headless for nobody', { clusterIP: 'None', selector: {} }, ['RequireDualStack', 'IPv4,IPv6', 1]],
  [
    'headless of one family',
    { clusterIP: 'None', selector: {}, ipFamilyPolicy: 'SingleStack' },
    ['SingleStack', 'IPv4', 1],
  ],
];
for (const [what, spec, expected] of asked) {
  test(`who asks for ${what} gets ${expected.join(' ')}`, async (t, client) => {
    t.same(families(await client.create(services, service('a', spec))), expected);
  });
}

test('addresses stand in the order of the families, the first in the older field too', async (t, client) => {
  const spec = { ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv6', 'IPv4'] };
  const made = await client.create(services, service('a', spec));
  t.match(made.spec.clusterIP, V6);
  t.match(made.spec.clusterIPs, [made.spec.clusterIP, /^10\.48\./]);
});

test('a second address is taken and given back as the policy changes, the first stays', async (t, client) => {
  const made = await client.create(services, service('a'));
  const both = await patch(client, { ipFamilyPolicy: 'PreferDualStack' });
  t.same(families(both), ['PreferDualStack', 'IPv4,IPv6', 2]);
  t.equal(both.spec.clusterIPs?.[0], made.spec.clusterIP);
  const second = both.spec.clusterIPs?.[1];
  t.match(second, V6);
  const again = await client.update(services, withSpec(both, { clusterIPs: undefined as never }));
  t.equal(again.spec.clusterIPs?.[1], second, 'an update that leaves it out keeps it');
  await t.rejects(client.create(services, service('b', { clusterIP: second })), {
    message: /already allocated/,
  });
  const one = await patch(client, { ipFamilyPolicy: 'SingleStack' });
  t.same(families(one), ['SingleStack', 'IPv4', 1]);
  t.ok(await client.create(services, service('b', { clusterIP: second })), 'another may have it');
});

test('both addresses are given back with the Service', async (t, client) => {
  const made = await client.create(services, service('a', { ipFamilyPolicy: 'RequireDualStack' }));
  const { clusterIP, clusterIPs } = made.spec;
  await client.delete(services as never, 'default/a');
  const again = service('b', { clusterIP, clusterIPs, ipFamilyPolicy: 'RequireDualStack' });
  t.same((await client.create(services, again)).spec.clusterIPs, clusterIPs);
});

test('a Service that cannot have its second address takes no first', async (t, client) => {
  await client.create(services, service('a', { clusterIP: 'fd00:10:48::9' }));
  const clusterIPs = ['10.48.0.9', 'fd00:10:48::9'];
  const both = service('b', { clusterIP: '10.48.0.9', clusterIPs, ipFamilyPolicy: 'RequireDualStack' });
  await t.rejects(client.create(services, both), { reason: 'Invalid', message: /already allocated/ });
  t.ok(await client.create(services, service('c', { clusterIP: '10.48.0.9' })));
});

const refused: [string, object, string, RegExp][] = [
  ['two families for one', { ipFamilies: ['IPv4', 'IPv6'] }, 'spec.ipFamilyPolicy', /multiple IP families/],
  ['the same family twice', { ipFamilies: ['IPv4', 'IPv4'] }, 'spec.ipFamilies[1]', /Duplicate value/],
  ['an unknown family', { ipFamilies: ['IPv5'] }, 'spec.ipFamilies[0]', /Unsupported value/],
  [
    'two addresses of one family',
    { clusterIP: '10.48.0.7', clusterIPs: ['10.48.0.7', '10.48.0.8'] },
    'spec.clusterIPs',
    /no more than one IP for each IP family/,
  ],
  [
    'an address of another family than asked for',
    { clusterIP: '10.48.0.7', ipFamilies: ['IPv6'] },
    'spec.clusterIPs[0]',
    /expected an IPv6 value as indicated by `ipFamilies\[0\]`/,
  ],
  [
    'addresses in the newer field alone',
    { clusterIPs: ['10.48.0.7'] },
    'spec.clusterIPs',
    /must be empty when/,
  ],
  [
    'fields that disagree',
    { clusterIP: '10.48.0.7', clusterIPs: ['10.48.0.8'] },
    'spec.clusterIPs',
    /first value must match/,
  ],
];
for (const [what, spec, field, message] of refused) {
  test(`${what} is refused`, async (t, client) => {
    const create = client.create(services, service('a', spec));
    await t.rejects(create, { reason: 'Invalid', code: 422, message, details: { causes: [{ field }] } });
  });
}

const unchangeable: [string, object, string, RegExp][] = [
  [
    'its second address for another',
    { clusterIPs: ['10.48.0.7', 'fd00:10:48::ffff'] },
    'spec.clusterIPs[1]',
    /may not change once set/,
  ],
  ['its first family', { ipFamilies: ['IPv6', 'IPv4'] }, 'spec.clusterIPs[0]', /expected an IPv6 value/],
  [
    'its second address alone',
    { clusterIPs: ['10.48.0.7'] },
    'spec.ipFamilyPolicy',
    /must be 'SingleStack' to release the secondary cluster IP/,
  ],
  [
    'its second family alone',
    { ipFamilies: ['IPv4'] },
    'spec.ipFamilyPolicy',
    /must be 'SingleStack' to release the secondary IP family/,
  ],
];
for (const [what, spec, field, message] of unchangeable) {
  test(`a Service cannot change ${what}`, async (t, client) => {
    await client.create(
      services,
      service('a', { clusterIP: '10.48.0.7', ipFamilyPolicy: 'RequireDualStack' }),
    );
    await t.rejects(patch(client, spec), { reason: 'Invalid', message, details: { causes: [{ field }] } });
  });
}

test(
  'a cluster of one family gives one, and says what it has not',
  async (t, client) => {
    const made = await client.create(services, service('a', { ipFamilyPolicy: 'PreferDualStack' }));
    t.same(families(made), ['PreferDualStack', 'IPv4', 1]);
    const refusal = (spec: object) => client.create(services, service('b', spec));
    await t.rejects(refusal({ ipFamilyPolicy: 'RequireDualStack' }), {
      message: /not configured for dual-stack/,
    });
    await t.rejects(refusal({ ipFamilies: ['IPv6'] }), { message: /"IPv6": not configured on this cluster/ });
    await t.rejects(refusal({ clusterIP: 'fd00::1' }), { message: /IPv6 is not configured on this cluster/ });
    const bare = await client.create(services, service('c', { clusterIP: 'None', selector: {} }));
    t.same(families(bare), ['RequireDualStack', 'IPv4,IPv6', 1]);
  },
  defaultClusterNetwork,
);
