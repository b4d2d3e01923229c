import t from 'tap';

import { gatewayOf } from '../../../../../src/kubelet/runtime/podman/network.ts';

t.test('the gateway is the first address of the range', async (t) => {
  t.equal(gatewayOf('10.40.2.0/23'), '10.40.2.1');
  t.throws(() => gatewayOf('fd00::/64'), /not an IPv4 range/);
});
