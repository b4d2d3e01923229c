// Services that the kernel forwards by itself, on real kernels: the same kinds and the same expectations as in user
// space, from a pod, from a board and from the LAN, with the source address that the endpoint sees. In each family.
import type { Test } from 'tap';
import { type KernelFamily, kernelWorld, seen } from './kernel-lab.ts';
import { endpointsOf } from './proxied-services.ts';

/** `firstLab` tells its labs from those of others in this process. */
export function kernelServices(t: Test, kind: KernelFamily, firstLab: number): void {
  let labs = firstLab;
  const world = (t: Test) => kernelWorld(t, labs++, kind);

  t.test(
    'a Service address: in turn, from pods and the board, the source kept between boards',
    kind.only,
    async (t) => {
      const { lab, a, client, both, update, service } = await world(t);
      await lab.listen(a.namespace, kind.any, 80, 'another program');
      await update(service({}, { endpoints: both }));
      t.same(
        await seen(lab, client.namespace, kind.serviceIP, 80),
        [`far ${client.address}`, `near ${a.gateway}`],
        'a pod',
      );
      t.same(
        await seen(lab, a.namespace, kind.serviceIP, 80),
        [`far ${a.seenAs}`, `near ${a.gateway}`],
        'the board',
      );
      t.match(await lab.connect(a.namespace, kind.loopback, 80), /^another program /);
      for (const from of [a.pod, a.namespace]) {
        t.equal(await lab.connect(from, kind.serviceIP, 81), 'ECONNREFUSED', 'a port that no Service has');
        await t.rejects(lab.run(from, 'ping', '-c', '1', '-W', '1', kind.serviceIP), 'silent to ping');
      }
      await lab.ip(lab.stranger, `route add ${kind.serviceRange} via ${a.address}`);
      t.notMatch(await lab.connect(lab.stranger, kind.serviceIP, 80), /near|far|program/, 'not for the LAN');
    },
  );

  t.test(
    'a port on every address, a load balancer and external addresses, for the LAN too',
    kind.only,
    async (t) => {
      const { lab, a, b, client, both, update, service } = await world(t);
      const socket = await lab.listen(a.namespace, kind.any, 0, 'socket');
      await update(
        service(
          { loadBalancerIPs: [a.address], externalIPs: [kind.externalIP] },
          { port: 8081, nodePort: socket, endpoints: both },
        ),
      );
      await lab.ip(lab.stranger, `route add ${kind.externalIP} via ${a.address}`);
      for (const [host, port] of [
        [a.address, socket],
        [a.address, 8081],
        [kind.externalIP, 8081],
      ] as const) {
        const what = `${host}:${port}`;
        t.same(
          await seen(lab, lab.stranger, host, port),
          [`far ${a.seenAs}`, `near ${kind.lan}`],
          `${what} from the LAN`,
        );
        t.same(
          await seen(lab, client.namespace, host, port),
          [`far ${client.address}`, `near ${a.gateway}`],
          `${what} from a pod`,
        );
        // Boards of this lab have no default route.
        if (host === kind.externalIP)
          await lab.ip(a.namespace, `route add ${kind.externalIP} via ${kind.lan}`);
        t.match(await seen(lab, a.namespace, host, port), [/^far /, /^near /], `${what} from the board`);
      }
      t.same(
        await seen(lab, b.namespace, a.address, socket),
        [`far ${a.seenAs}`, `near ${b.address}`],
        'from another board',
      );
      t.match(
        await lab.connect(a.namespace, kind.loopback, socket),
        /^socket /,
        'loopback stays in user space',
      );
      t.equal(await lab.connect(lab.stranger, a.address, 80), 'ECONNREFUSED', 'no other port');
    },
  );

  t.test(
    'policy Local: only this board’s endpoints, with the client’s own address; insiders have all',
    kind.only,
    async (t) => {
      const { lab, a, client, near, far, update, service } = await world(t);
      const socket = await lab.listen(a.namespace, kind.any, 0, 'socket');
      const local = (endpoints: ReturnType<typeof endpointsOf>) =>
        service({ externalTrafficPolicy: 'Local' }, { nodePort: socket, endpoints });
      await update(local(endpointsOf([near, far], [near])));
      t.same(await seen(lab, lab.stranger, a.address, socket), [`near ${kind.lan}`, `near ${kind.lan}`]);
      t.match(await seen(lab, client.namespace, a.address, socket), [/^far /, /^near /]);
      t.match(await seen(lab, a.namespace, a.address, socket), [/^far /, /^near /]);
      await update(local(endpointsOf([far])));
      t.equal(await lab.connect(lab.stranger, a.address, socket), 'ECONNREFUSED', 'none on this board');
      t.match(await lab.connect(client.namespace, a.address, socket), /^far /);
      await update(
        service({ internalTrafficPolicy: 'Local' }, { endpoints: endpointsOf([near, far], [near]) }),
      );
      t.match(await seen(lab, client.namespace, kind.serviceIP, 80), [/^near /, /^near /]);
      await update(service({ internalTrafficPolicy: 'Local' }, { endpoints: endpointsOf([far]) }));
      t.equal(await lab.connect(client.namespace, kind.serviceIP, 80), 'ECONNREFUSED');
    },
  );

  t.test('only sources of a load balancer come in, others are refused', kind.only, async (t) => {
    const { lab, a, both, update, service } = await world(t);
    const socket = await lab.listen(a.namespace, kind.any, 0, 'socket');
    const balanced = (sourceRanges: string[]) =>
      service({ loadBalancerIPs: [a.address], sourceRanges }, { port: socket, endpoints: both });
    await update(balanced([kind.lan, kind.elsewhere]));
    t.match(await seen(lab, lab.stranger, a.address, socket), [/^far /, /^near /]);
    await update(balanced([kind.elsewhere]));
    t.equal(await lab.connect(lab.stranger, a.address, socket), 'ECONNREFUSED');
  });

  t.test('without an endpoint a Service refuses, on each of its addresses', kind.only, async (t) => {
    const { lab, a, client, update, service } = await world(t);
    const socket = await lab.listen(a.namespace, kind.any, 0, 'socket');
    await update(service({ loadBalancerIPs: [a.address] }, { nodePort: socket, endpoints: endpointsOf([]) }));
    for (const from of [client.namespace, a.namespace])
      t.equal(await lab.connect(from, kind.serviceIP, 80), 'ECONNREFUSED');
    for (const port of [socket, 80]) {
      t.equal(await lab.connect(lab.stranger, a.address, port), 'ECONNREFUSED', 'though there is a socket');
    }
  });
}
