// What of the kernel's memory is settled beside our tables.
import t from 'tap';
import type { DesiredNetwork, VirtualPort } from '../../../src/network/board-network.ts';
import type { CommandRunner } from '../../../src/network/command-runner.ts';
import { ipv4Tables } from '../../../src/network/nft-table.ts';
import { NftTables } from '../../../src/network/nft-tables.ts';

const relayed: VirtualPort = { ip: '10.48.0.9', protocol: 'udp', port: 53, localPort: 20_001 };
const desired: DesiredNetwork = {
  podRange: '10.40.0.0/13',
  serviceRange: '10.48.0.0/16',
  podCIDR: '10.40.0.0/23',
  peers: [],
  virtualPorts: [
    relayed,
    { ...relayed, protocol: 'tcp' },
    { ...relayed, port: 54, localPort: 0, refuses: 'everybody' },
  ],
};
const track = (from: string, port: number) =>
  `udp 17 29 src=10.40.0.6 dst=10.48.0.9 sport=5555 dport=53 src=${from} dst=10.40.0.1 sport=${port} dport=5555 use=1\n`;

function board(tables: readonly string[], hasConntrack = true) {
  const ran: string[] = [];
  const commands: CommandRunner = {
    run: async (program, args) => {
      if (program === 'conntrack' && !hasConntrack)
        throw new Error('conntrack is not installed on this board');
      if (program === 'conntrack' && args[0] !== '-C') ran.push(args.join(' '));
      if (args[0] === '-L') return track('10.40.2.7', 5353) + track('169.254.48.1', 20_001);
      return JSON.stringify({ nftables: tables.map((name) => ({ table: { family: 'ip', name } })) });
    },
  };
  return { nft: new NftTables(commands, ipv4Tables), ran };
}

t.test(
  'UDP clients whom an earlier agent had the kernel lead come to the sockets with their next word',
  async (t) => {
    const { nft, ran } = board(['edge_cluster', 'edge_services']);
    await nft.apply({ ...desired, virtualPorts: [] }, false);
    await nft.settleTracks({ ...desired, virtualPorts: [] });
    t.same(ran, [], 'none is known yet');
    await nft.apply(desired, false);
    await nft.settleTracks(desired);
    t.same(ran.splice(0), [
      '-L -p udp -f ipv4',
      '-D -p udp -f ipv4 --orig-dst 10.48.0.9 --orig-port-dst 53 --reply-src 10.40.2.7 --reply-port-src 5353',
    ]);
    await nft.settleTracks(desired);
    t.same(ran, []);
  },
);

t.test('nobody looks for them where the kernel never led', async (t) => {
  const { nft, ran } = board(['edge_cluster']);
  await nft.apply(desired, false);
  await nft.settleTracks(desired);
  t.same(ran, []);
});

t.test('nor on a board whose kernel led TCP alone', async (t) => {
  const { nft, ran } = board(['edge_cluster', 'edge_services'], false);
  await nft.apply(desired, false);
  await nft.settleTracks(desired);
  t.same(ran, []);
});

t.test('of ports that the kernel leads itself those of TCP are left out', async (t) => {
  const { nft, ran } = board(['edge_cluster', 'edge_services']);
  const port = {
    ...relayed,
    backend: 'default/dns/tcp/53',
    isOpen: false,
    isOwn: false,
    insiders: 'Cluster',
    outsiders: 'Cluster',
    sourceRanges: [],
    endpoints: { Cluster: [{ ip: '10.40.0.5', port: 53 }], Local: [] },
  } as const;
  await nft.settleTracks({ ...desired, kernelPorts: [{ ...port, protocol: 'tcp' }] });
  t.same(ran, []);
});
