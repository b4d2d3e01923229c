// edgectl port-forward: how ports are written.
import t from 'tap';
import type { Pod } from '../../../src/api/objects.ts';
import { parsePorts } from '../../../src/cli/port-forward.ts';
import { podPort } from '../../../src/cli/service-port.ts';
import { FakeApi, fakeContext, fakeTerminal } from './fake-api.ts';

t.test('ports are a pair, one for both, or any here', async (t) => {
  t.same(parsePorts('8080:80'), { local: 8080, remote: 80 });
  t.same(parsePorts('80'), { local: 80, remote: 80 });
  t.same(parsePorts(':80'), { local: 0, remote: 80 });
});

t.test('what is no pair of ports is refused with an example', async (t) => {
  for (const wrong of ['', 'http', '80:', '0', '1:70000', '70000:1', '1:2:3', '-1']) {
    t.throws(() => parsePorts(wrong), /no pair of ports: write 8080:80/, wrong);
  }
});

t.test('ports of a Service are those of its pods, by number or by name', async (t) => {
  const spec = {
    ports: [{ port: 80, targetPort: 8080 }, { port: 443, targetPort: 'tls' }, { port: 53 }],
  };
  const api = new FakeApi({ 'GET /api/v1/namespaces/default/services/web': { kind: 'Service', spec } });
  const context = fakeContext(api, fakeTerminal().io);
  const pod = {
    metadata: { name: 'web-1' },
    spec: { containers: [{ name: 'c', ports: [{ name: 'tls', containerPort: 8443 }] }] },
  } as unknown as Pod;
  t.equal(await podPort(context, 'svc/web', pod, 80), 8080);
  t.equal(await podPort(context, 'service/web', pod, 443), 8443);
  t.equal(await podPort(context, 'service/web', pod, 53), 53);
  t.equal(await podPort(context, 'web-1', pod, 80), 80, 'a pod has its own');
  await t.rejects(podPort(context, 'svc/web', pod, 81), /service\/web has no port 81/);
});
