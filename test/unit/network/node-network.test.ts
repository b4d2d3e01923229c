// What of a board's network may fail without any pod noticing.
import t from 'tap';
import { silentLogger } from '../../../src/base/logger.ts';
import type { DesiredNetwork, NetworkProblem, Place } from '../../../src/network/board-network.ts';
import type { CommandRunner } from '../../../src/network/command-runner.ts';
import type { KernelSwitch } from '../../../src/network/kernel-switch.ts';
import { NodeNetwork } from '../../../src/network/node-network.ts';
import { eventually } from '../../support/eventually.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const desired: DesiredNetwork = {
  podRange: '10.40.0.0/13',
  serviceRange: '10.48.0.0/16',
  podCIDR: '10.40.0.0/23',
  address: '192.0.2.10',
  peers: [],
  virtualPorts: [],
  kernelPorts: [
    {
      ip: '10.48.0.10',
      protocol: 'udp',
      port: 53,
      backend: 'default/dns/udp/53',
      isOpen: false,
      isOwn: false,
      insiders: 'Cluster',
      outsiders: 'Cluster',
      sourceRanges: [],
      endpoints: { Cluster: [{ ip: '10.40.0.5', port: 53 }], Local: [] },
    },
  ],
};

t.test(
  'flows of UDP that cannot be forgotten are told, and looked for again, but hold up no pod',
  async (t) => {
    let isBroken = true;
    const commands: CommandRunner = {
      run: async (program, args) => {
        if (program === 'conntrack' && isBroken) throw new Error('conntrack: Operation not permitted');
        return program === 'nft' && args.includes('--json') ? '{"nftables":[]}' : '';
      },
    };
    const problems: NetworkProblem[] = [];
    const clock = new FakeClock();
    const network = new NodeNetwork({
      clock,
      commands,
      forwarding: { enable: async () => false, restore: async () => undefined } as unknown as KernelSwitch,
      kernelRoutes: async () => '',
      bridge: 'edge0',
      removeOnStop: false,
      onProblems: (found) => problems.splice(0, problems.length, ...found),
      logger: silentLogger,
    });
    await network.start();
    t.teardown(() => network.stop());
    await network.update(desired);
    t.match(problems, [{ reason: 'UdpFlowsLeft', isBlocking: false, message: /Operation not permitted/ }]);
    isBroken = false;
    await clock.advance(60_000);
    await network.update(desired);
    t.same(problems, []);
  },
);

t.test(
  'rules are renewed when Services are not reached, and told to be of no help where they are not',
  async (t) => {
    let isReached = true;
    let applied = 0;
    const commands: CommandRunner = {
      run: async (program, args) => {
        if (program === 'nft' && args.includes('-f')) applied++;
        // Its routes are there.
        if (program === 'ip' && args.includes('proto')) return '[{"dst":"10.48.0.0/16","dev":"lo"}]';
        return program === 'nft' && args.includes('--json') ? '{"nftables":[]}' : '';
      },
    };
    const clock = new FakeClock();
    const asked: Place[] = [];
    const reasons: string[] = [];
    const network = new NodeNetwork({
      clock,
      commands,
      forwarding: { enable: async () => false, restore: async () => undefined } as unknown as KernelSwitch,
      kernelRoutes: async () => '',
      isReached: async (place) => {
        asked.push(place);
        return isReached;
      },
      bridge: 'edge0',
      removeOnStop: false,
      onProblems: (found) => reasons.splice(0, reasons.length, ...found.map(({ reason }) => reason)),
      logger: silentLogger,
    });
    await network.start();
    t.teardown(() => network.stop());
    await network.update({ ...desired, kernelPorts: [] });
    await clock.advance(10_000);
    t.same(asked, [], 'nothing to ask before something answers');
    const probe = { ip: '10.48.0.10', port: 53 };
    const last = { ...desired, kernelPorts: [], probe };
    await network.update(last);
    const before = applied;
    await clock.advance(10_000);
    t.same([asked, applied], [[probe, probe], before], 'all is well');
    // Each look ends after one of real files.
    const looks = async (count: number) => {
      for (let i = 0; i < count; i++) {
        const before = asked.length;
        await clock.advance(5_000);
        await eventually(() => asked.length > before);
      }
      await network.update(last);
    };
    await looks(1);
    isReached = false;
    await looks(1);
    t.same([applied, reasons], [before + 1, []]);
    isReached = true;
    await looks(1);
    isReached = false;
    await looks(1);
    t.equal(applied, before + 2, 'as often as somebody takes them away');
    await looks(1);
    t.same([applied, reasons], [before + 3, ['ServicesUnreachable']]);
    await looks(9);
    t.equal(applied, before + 3);
    await looks(12);
    t.equal(applied, before + 4, 'once a minute where it does not help');
    isReached = true;
    await looks(1);
    t.same(reasons, []);
  },
);

t.test(
  'a peer that the kernel knows no way to holds up no other, nor any pod, and is tried again',
  async (t) => {
    let isKnown = false;
    const routes = new Set<string>();
    const commands: CommandRunner = {
      run: async (program, args) => {
        const [, verb, dst = '', , gateway] = args;
        if (program === 'ip' && verb === 'replace' && args[0] === 'route') {
          if (gateway === '198.51.100.7' && !isKnown)
            throw new Error('RTNETLINK answers: Network is unreachable');
          routes.add(dst);
        }
        return program === 'nft' && args.includes('--json') ? '{"nftables":[]}' : '';
      },
    };
    const problems: NetworkProblem[] = [];
    const clock = new FakeClock();
    const network = new NodeNetwork({
      clock,
      commands,
      forwarding: { enable: async () => false, restore: async () => undefined } as unknown as KernelSwitch,
      kernelRoutes: async () => '',
      bridge: 'edge0',
      removeOnStop: false,
      onProblems: (found) => problems.splice(0, problems.length, ...found),
      logger: silentLogger,
    });
    await network.start();
    t.teardown(() => network.stop());
    const peers = [
      { address: '198.51.100.7', podCIDR: '10.40.2.0/23' },
      { address: '192.0.2.11', podCIDR: '10.40.4.0/23' },
    ];
    await network.update({ ...desired, kernelPorts: [], peers });
    t.same([...routes].sort(), ['10.40.4.0/23', '10.48.0.0/16']);
    t.match(problems, [{ reason: 'RouteFailed', isBlocking: false, message: /Network is unreachable/ }]);
    isKnown = true;
    await clock.advance(10_000);
    await eventually(() => routes.has('10.40.2.0/23'));
    await eventually(() => problems.length === 0);
  },
);
