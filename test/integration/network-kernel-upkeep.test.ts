// What the rules of a kernel that forwards Services keep over changes and restarts, and what they leave to the sockets:
// on real kernels, in each family.
import t, { type Test } from 'tap';
import type { DesiredNetwork } from '../../src/network/board-network.ts';
import { kernelForwardingProblem } from '../../src/network/kernel-forwarding.ts';
import { listChains } from '../../src/network/nft-listing.ts';
import { RuleWatch } from '../../src/network/rule-watch.ts';
import { eventually } from '../support/eventually.ts';
import { ipv4Kernel, ipv6Kernel, kernelWorld } from '../support/kernel-lab.ts';
import { endpointsOf } from '../support/proxied-services.ts';

let labs = 60;

for (const kind of [ipv4Kernel, ipv6Kernel]) {
  const world = (t: Test) => kernelWorld(t, labs++, kind);

  t.test(
    `${kind.family}: with ClientIP affinity a client keeps its endpoint on every way in, whatever else changes`,
    kind.only,
    async (t) => {
      const { lab, a, client, both, near, far, update, service } = await world(t);
      const socket = await lab.listen(a.namespace, kind.any, 0, 'socket');
      const sticky = (endpoints = both) =>
        service({ affinityMs: 10_800_000 }, { nodePort: socket, endpoints });
      await update(sticky());
      const [first = ''] = (await lab.connect(client.namespace, kind.serviceIP, 80)).split(' ');
      const meets = async (name: string, why: string) => {
        for (const [host, port] of [
          [kind.serviceIP, 80],
          [a.address, socket],
          [kind.serviceIP, 80],
        ] as const)
          t.match(await lab.connect(client.namespace, host, port), new RegExp(`^${name} `), why);
      };
      await meets(first, 'at once');
      await update(
        sticky(),
        service({ key: 'default/other', clusterIP: kind.otherServiceIP }, { endpoints: both }),
      );
      await meets(first, 'after another Service came');
      const [kept, other] = first === 'near' ? [near, far] : [far, near];
      await update(sticky(endpointsOf([other, kept], [near])));
      await meets(first, 'after its endpoints changed places');
      await update(
        sticky(
          endpointsOf(
            [other],
            [near].filter((endpoint) => endpoint === other),
          ),
        ),
      );
      await meets(first === 'near' ? 'far' : 'near', 'the other when its own is gone');
      t.notMatch(
        await lab.run(a.namespace, 'nft', 'list', 'table', kind.table, 'edge_services'),
        `${kept.ip.replaceAll(':', '.')}/${kept.port}`,
        'nothing is kept of what is gone',
      );
    },
  );

  t.test(
    `${kind.family}: connections live on when their endpoint takes no more, and when the Service goes`,
    kind.only,
    async (t) => {
      const { lab, b, client, near, update, service } = await world(t);
      const port = await lab.listen(b.pod, kind.any, 0, 'echo', 'echo');
      await update(service({}, { endpoints: endpointsOf([{ ip: b.podAddress, port }]) }));
      const held = lab.hold(client.namespace, kind.serviceIP, 80);
      await eventually(() => held.heard() === `echo ${client.address}`);
      await update(service({}, { endpoints: endpointsOf([near], [near]) }));
      held.say('+draining');
      await eventually(() => held.heard().endsWith('+draining'));
      t.match(await lab.connect(client.namespace, kind.serviceIP, 80), /^near /, 'new ones go elsewhere');
      await update();
      held.say('+gone');
      await eventually(() => held.heard().endsWith('+gone'));
      t.equal(await lab.connect(client.namespace, kind.serviceIP, 80), 'ECONNREFUSED');
    },
  );

  t.test(
    `${kind.family}: a pod that is an endpoint itself is served by the sockets`,
    kind.only,
    async (t) => {
      const { lab, a, b, near, far, networks, service, desired } = await world(t);
      await networks[1].update(desired(b, []));
      await networks[0].update(desired(a, []));
      const local = await lab.listen(a.namespace, a.listenAddress, 0, 'relayed');
      const socket = await lab.listen(a.namespace, kind.any, 0, 'socket');
      const services = [service({}, { nodePort: socket, endpoints: endpointsOf([near, far], [near]) })];
      await networks[0]?.update(
        desired(a, services, [{ ip: kind.serviceIP, protocol: 'tcp', port: 80, localPort: local }]),
      );
      t.equal(await lab.connect(a.pod, kind.serviceIP, 80), `relayed ${a.podAddress}`);
      t.equal(await lab.connect(a.pod, a.address, socket), `socket ${a.podAddress}`);
      t.match(await lab.connect(b.pod, a.address, socket), /^(near|far) /, 'of another board it need not be');
    },
  );

  t.test(`${kind.family}: what it cannot do stays with the sockets, side by side`, kind.only, async (t) => {
    const { lab, a, client, near, networks, service, desired } = await world(t);
    await networks[0].update(desired(a, []));
    const local = await lab.listen(a.namespace, a.listenAddress, 0, 'relayed');
    const services = [
      service({}, { endpoints: endpointsOf([near], [near]) }),
      service(
        {
          key: 'default/limited',
          clusterIP: kind.otherServiceIP,
          options: { balance: 'round-robin', maxConnections: 5 },
        },
        { endpoints: endpointsOf([near], [near]) },
      ),
    ];
    await networks[0]?.update(
      desired(a, services, [{ ip: kind.otherServiceIP, protocol: 'tcp', port: 80, localPort: local }]),
    );
    t.match(await lab.connect(client.namespace, kind.serviceIP, 80), /^near /);
    t.equal(await lab.connect(client.namespace, kind.otherServiceIP, 80), `relayed ${client.address}`);
    t.match(await lab.connect(a.namespace, kind.otherServiceIP, 80), /^relayed /);
  });

  t.test(
    `${kind.family}: a restart takes over the rules that a killed agent left, and a stop leaves none`,
    kind.only,
    async (t) => {
      const { lab, a, both, update, networks, service, desired, successor: startSuccessor } = await world(t);
      const old = `table ${kind.table} edge_services { chain Cluster/old/gone/tcp/80 { }; chain arriving { type nat hook prerouting priority 5; }; }`;
      await lab.commands(a.namespace).run('nft', ['-f', '-'], old);
      await update(service({ affinityMs: 5_000 }, { endpoints: both }));
      const rules = await lab.run(a.namespace, 'nft', 'list', 'ruleset');
      t.notMatch(rules, 'old/gone', 'of another version, with another shape');
      t.match(rules, /timeout 5s/);
      const successor = await startSuccessor();
      const unknown: DesiredNetwork = { ...desired(a, []), untold: ['ip', 'ip6'] };
      await successor.update(unknown);
      t.equal(
        await lab.run(a.namespace, 'nft', 'list', 'ruleset'),
        rules,
        'they go on until Services are known',
      );
      await successor.update({ ...unknown, untold: [] });
      t.notMatch(await lab.run(a.namespace, 'nft', 'list', 'ruleset'), /timeout 5s/);
      for (const network of networks) await network.stop();
      t.notMatch(await lab.run(a.namespace, 'nft', 'list', 'ruleset'), /edge_/);
    },
  );

  t.test(
    `${kind.family}: rules that somebody took away come back and are told, what packets change is not`,
    kind.only,
    async (t) => {
      const { lab, a, client, both, clock, restored, update, service } = await world(t);
      // Twice: its own changes are looked at once more.
      for (let i = 0; i < 2; i++) await update(service({ affinityMs: 10_000 }, { endpoints: both }));
      const commands = lab.commands(a.namespace);
      const present = ['edge_cluster', 'edge_services'].map((name) => `${kind.table} ${name}`);
      const watch = new RuleWatch({ commands, tables: () => [{ changes: 1, present }], clock });
      await watch.note(await listChains(commands));
      const [first = ''] = (await lab.connect(client.namespace, kind.serviceIP, 80)).split(' ');
      t.notOk(await watch.hasChanged(), 'a connection is counted, and its client noted');
      const harm = {
        'chain arriving': `flush chain ${kind.table} edge_services arriving`,
        'map addressed': `flush map ${kind.table} edge_services addressed`,
      };
      for (const [part, command] of Object.entries(harm)) {
        await lab.run(a.namespace, 'nft', command);
        t.ok(await watch.hasChanged());
        await clock.advance(60_000);
        await eventually(() => restored.length > 0, 15_000);
        t.same(restored.splice(0), [`${part} of table ${kind.table} edge_services`]);
        t.notOk(await watch.hasChanged());
      }
      t.match(await lab.connect(client.namespace, kind.serviceIP, 80), first, 'who had an endpoint keeps it');
    },
  );

  t.test(`${kind.family}: a board that cannot do it says why`, kind.only, async (t) => {
    const { lab, a } = await world(t);
    const commands = lab.commands(a.namespace);
    t.equal(await kernelForwardingProblem(commands, kind.table), undefined);
    t.notMatch(await lab.run(a.namespace, 'nft', 'list', 'ruleset'), 'edge_check', 'only asked');
    const words = 'Error: Could not process rule: No such file or directory';
    const poor = { run: () => Promise.reject(new Error(`${words}\nmore`)) };
    t.equal(await kernelForwardingProblem(poor, kind.table), words);
  });
}
