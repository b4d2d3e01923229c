// What of a board's network may fail without any pod noticing.
import t from 'tap';
import { silentLogger } from '../../../src/base/logger.ts';
import type { DesiredNetwork, NetworkProblem } from '../../../src/network/board-network.ts';
import type { CommandRunner } from '../../../src/network/command-runner.ts';
import type { IpForwarding } from '../../../src/network/ip-forwarding.ts';
import { NodeNetwork } from '../../../src/network/node-network.ts';
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
      forwarding: { enable: async () => false, restore: async () => undefined } as unknown as IpForwarding,
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
