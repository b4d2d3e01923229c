// What becomes of connections and UDP clients that the kernel forwards when their endpoints change, on real kernels.
import t, { type Test } from 'tap';
import { kernelConnections } from '../../src/network/kernel-connections.ts';
import type { Endpoint } from '../../src/proxy/endpoint-choice.ts';
import { eventually } from '../support/eventually.ts';
import { ipv4Kernel, ipv6Kernel, kernelWorld } from '../support/kernel-lab.ts';
import { endpointsOf } from '../support/proxied-services.ts';

let labs = 50;

for (const kind of [ipv4Kernel, ipv6Kernel]) {
  const world = (t: Test) => kernelWorld(t, labs++, kind);

  t.test(
    `${kind.family}: a connection to a pod that is gone is reset at its next word, from pods and from the board`,
    kind.only,
    async (t) => {
      const { lab, a, b, client, near, networks, service, desired } = await world(t);
      const port = await lab.listen(b.pod, kind.any, 0, 'echo', 'echo');
      const far = { ip: b.podAddress, port };
      const apply = (endpoints: Endpoint[], goneEndpoints: Endpoint[]) =>
        networks[0]?.update({
          ...desired(a, [service({}, { endpoints: endpointsOf(endpoints, [near]) })]),
          goneEndpoints,
        });
      await networks[1]?.update(desired(b, []));
      await apply([far], []);
      const held = [client.namespace, a.namespace].map((from) => lab.hold(from, kind.serviceIP, 80));
      for (const { heard } of held) await eventually(() => heard().startsWith('echo '));
      // Its board has lost power: nobody on it says goodbye.
      await lab.ip(b.namespace, 'link set eth0 down');
      await apply([near], [far]);
      for (const { say, heard } of held) {
        say('are you there?');
        await eventually(() => heard().endsWith('ECONNRESET'));
      }
      t.match(await lab.connect(client.namespace, kind.serviceIP, 80), /^near /, 'new ones go elsewhere');
      await apply([near], [near]);
      t.equal(
        await lab.connect(client.namespace, kind.serviceIP, 80),
        'ECONNRESET',
        'by nothing but that list',
      );
    },
  );

  t.test(
    `${kind.family}: a packet that fits no connection ends none, whichever board its endpoint is on`,
    kind.only,
    async (t) => {
      const { lab, a, b, client, update, service } = await world(t);
      for (const [from, of] of [
        [client.namespace, a],
        [client.namespace, b],
        [a.namespace, b],
      ] as const) {
        const port = await lab.listen(of.pod, kind.any, 0, 'echo', 'echo');
        // Every other word leaves with a number that is none of its connection's, and is sent once more.
        const rules = `table inet astray { chain out { type filter hook output priority 0;
          tcp sport ${port} tcp flags & psh == psh numgen inc mod 2 0 tcp sequence set 1
        }; }`;
        await lab.commands(of.pod).run('nft', ['-f', '-'], rules);
        await update(service({}, { endpoints: endpointsOf([{ ip: of.podAddress, port }]) }));
        const held = lab.hold(from, kind.serviceIP, 80);
        await eventually(() => held.heard().startsWith('echo '));
        held.say('+and on');
        await eventually(() => held.heard().endsWith('+and on'));
        t.notMatch(held.heard(), 'ECONNRESET');
      }
    },
  );

  t.test(
    `${kind.family}: UDP: in turn, on every address, and a client that talks on meets the endpoints of now`,
    kind.withConntrack,
    async (t) => {
      const { lab, a, b, client, update, service } = await world(t);
      const near: Endpoint = { ip: a.podAddress, port: 5353 };
      const far: Endpoint = { ip: b.podAddress, port: 5353 };
      await lab.answerUdp(a.pod, 5353, 'near', kind.any);
      await lab.answerUdp(b.pod, 5353, 'far', kind.any);
      const names = (endpoints: Endpoint[]) =>
        service(
          {},
          {
            protocol: 'UDP',
            port: 53,
            nodePort: 30053,
            endpoints: endpointsOf(
              endpoints,
              endpoints.filter((e) => e === near),
            ),
          },
        );
      await update(names([far]));
      const talks = [
        lab.talk(client.namespace, kind.serviceIP, 53),
        lab.talk(a.namespace, kind.serviceIP, 53),
        lab.talk(lab.stranger, a.address, 30053),
      ];
      for (const { heard } of talks) await eventually(() => heard().startsWith('far '));
      t.equal(talks[0]?.heard(), `far ${client.address}`, 'with the source that TCP has');
      await update(names([near]));
      for (const { heard } of talks) await eventually(() => heard().startsWith('near '));
      await update(names([near, far]));
      const heard = talks.map((talk) => talk.heard());
      await lab.connect(client.namespace, kind.serviceIP, 80);
      t.same(
        talks.map((talk) => talk.heard()),
        heard,
        'an endpoint more changes nothing for those who have one',
      );
      await update(names([]));
      for (const { heard } of talks) await eventually(() => /^E(CONNREFUSED|PERM)$/.test(heard()));
      await update(names([far]));
      for (const { heard } of talks) await eventually(() => heard().startsWith('far '));
    },
  );

  t.test(
    `${kind.family}: each endpoint’s connections are counted, also over changes of other Services`,
    kind.only,
    async (t) => {
      const { lab, a, client, both, update, service } = await world(t);
      await update(service({}, { endpoints: both }));
      for (let i = 0; i < 4; i++) await lab.connect(client.namespace, kind.serviceIP, 80);
      await update(
        service({}, { endpoints: both }),
        service({ key: 'default/x', clusterIP: kind.otherServiceIP }, { endpoints: both }),
      );
      for (let i = 0; i < 2; i++) await lab.connect(client.namespace, kind.serviceIP, 80);
      const counts = await kernelConnections(lab.commands(a.namespace));
      const ofWeb = counts.filter(({ service }) => service === 'default/web');
      t.same(
        ofWeb.map(({ count, port, protocol }) => ({ count, port, protocol })),
        [
          { count: 3, port: 80, protocol: 'tcp' },
          { count: 3, port: 80, protocol: 'tcp' },
        ],
      );
      t.same(new Set(ofWeb.map(({ endpoint }) => endpoint)), new Set(both.present));
      await update();
      t.same(await kernelConnections(lab.commands(a.namespace)), [], 'and forgotten with them');
    },
  );
}
