// What a board's kernel forwards where it has two families: what only IPv6 knows, and what is left when it goes.
import t from 'tap';
import { linkLocal } from '../../src/network/ipv6/ipv6-addresses.ts';
import { ipv6Kernel, kernelWorld } from '../support/kernel-lab.ts';
import { endpointsOf } from '../support/proxied-services.ts';

t.test('who has a link-local address alone is served by the sockets', ipv6Kernel.only, async (t) => {
  const { lab, a, near, update, service } = await kernelWorld(t, 40, ipv6Kernel);
  const socket = await lab.listen(a.namespace, '::', 0, 'socket');
  await update(service({}, { nodePort: socket, endpoints: endpointsOf([near], [near]) }));
  t.match(await lab.connect(lab.stranger, a.address, socket), /^near /);
  const ours = linkLocal(a.lab.address);
  t.match(await lab.connect(lab.stranger, `${ours}%lan`, socket), /^socket fe80::/, 'to such an address');
  await lab.ip(lab.stranger, `-6 address delete ${ipv6Kernel.lan}/64 dev lan`);
  await lab.ip(lab.stranger, `-6 route add ${a.address} dev lan`);
  t.match(await lab.connect(lab.stranger, a.address, socket), /^socket fe80::/, 'to any');
  await update(service({}, { nodePort: socket, endpoints: endpointsOf([]) }));
  t.match(await lab.connect(lab.stranger, a.address, socket), /^socket fe80::/, 'who then refuses');
});

t.test('a board that has one family from now on keeps no rule of the other', ipv6Kernel.only, async (t) => {
  const { lab, a, both, update, networks, service, desired } = await kernelWorld(t, 41, ipv6Kernel);
  await update(service({}, { endpoints: both }));
  t.match(await lab.run(a.namespace, 'nft', 'list', 'tables'), /table ip6 edge_services/);
  const { ipv6: _, ...single } = desired(a, []);
  await networks[0].update({ ...single, untold: ['ip6'] });
  t.notMatch(await lab.run(a.namespace, 'nft', 'list', 'tables'), /table ip6/);
});
