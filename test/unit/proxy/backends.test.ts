// What the ports of one Service have in common, also when it goes and comes again.
import t from 'tap';
import { Backends } from '../../../src/proxy/backends.ts';
import { type ForwarderPlan, planForwarders } from '../../../src/proxy/forwarder-plan.ts';
import type { HostPort } from '../../../src/proxy/host-ports.ts';
import type { ServiceView } from '../../../src/proxy/service-view.ts';
import { endpointsOf, inputOf, tcpService } from '../../support/proxied-services.ts';

const endpoints = endpointsOf([{ ip: '10.40.0.5', port: 8080 }]);
const PORT = 'default/web tcp 80';

function planOf(services: ServiceView[], hostPorts: HostPort[] = []): ForwarderPlan['backends'] {
  return planForwarders({ ...inputOf(...services), hostPorts, listenAddress: '127.0.0.1' }).backends;
}
const web = (uid: string, maxConnections?: number) =>
  planOf([
    tcpService(
      { uid, options: { balance: 'round-robin', ...(maxConnections ? { maxConnections } : {}) } },
      { endpoints },
    ),
  ]);

t.test('a Service that was replaced between two looks is bound by its new limit, and counted', async (t) => {
  const backends = new Backends();
  backends.replace(web('before'));
  backends.replace(web('after', 1));
  const load = backends.get(PORT)?.load;
  t.equal(load?.enter(), true);
  t.equal(load?.enter(), false, 'one more than the limit');
  t.match(backends.figures().get('default/web'), {
    active: 1,
    overLimit: 1,
    endpoints: [{ endpoint: '10.40.0.5:8080' }],
  });
});

t.test('connections that outlive their Service count against the one that has its name', async (t) => {
  const backends = new Backends();
  backends.replace(web('before'));
  backends.get(PORT)?.load.enter();
  backends.replace(planOf([]));
  backends.forgetIdle(planOf([]), new Set([PORT]));
  backends.replace(web('after', 1));
  t.equal(backends.get(PORT)?.load.enter(), false);
});

t.test('of a Service that is gone with its connections nothing is left', async (t) => {
  const backends = new Backends();
  backends.replace(web('before'));
  backends.forgetIdle(planOf([]), new Set());
  t.equal(backends.get(PORT), undefined);
  t.equal(backends.figures().size, 0);
});

t.test('host ports of pods are no Services, whatever their namespaces are called', async (t) => {
  const backends = new Backends();
  const endpoint = { ip: '10.40.0.5', port: 80 };
  const pod = { key: 'default/web', uid: 'u-pod' };
  const hostPort: HostPort = { pod, protocol: 'TCP', hostIP: '', port: 8888, endpoint };
  backends.replace(planOf([tcpService({ key: 'pod/web' }, { endpoints })], [hostPort]));
  t.same([...backends.figures().keys()], ['pod/web']);
});
