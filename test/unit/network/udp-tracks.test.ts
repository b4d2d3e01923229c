import t from 'tap';
import type { KernelPort } from '../../../src/network/kernel-port.ts';
import { ipv4Rules, ipv6Rules } from '../../../src/network/rule-family.ts';
import { canForgetTracks, staleTracks, UdpTracks } from '../../../src/network/udp-tracks.ts';

const endpoint = { ip: '10.40.0.5', port: 5353 };
const other = { ip: '10.40.2.7', port: 5353 };
const service: KernelPort = {
  ip: '10.48.0.9',
  protocol: 'udp',
  port: 53,
  isOpen: false,
  isOwn: false,
  backend: 'default/dns/udp/53',
  insiders: 'Cluster',
  outsiders: 'Cluster',
  sourceRanges: [],
  endpoints: { Cluster: [endpoint], Local: [] },
};
const node: KernelPort = { ...service, ip: '0.0.0.0', port: 30053, isOwn: true };

const track = (asked: string, port: number, from: string, fromPort: number, more = '') =>
  `udp      17 29 src=10.40.0.6 dst=${asked} sport=5555 dport=${port} ${more}src=${from} dst=10.40.0.1 sport=${fromPort} dport=5555 mark=0 use=1\n`;

t.test('clients of an endpoint that takes no more are stale, each answerer once', async (t) => {
  const listing =
    track('10.48.0.9', 53, endpoint.ip, 5353) +
    track('10.48.0.9', 53, other.ip, 5353) +
    track('10.48.0.9', 53, other.ip, 5353, '[UNREPLIED] ') +
    track('10.48.0.9', 53, endpoint.ip, 9999) +
    track('10.48.0.9', 54, other.ip, 5353) +
    'udp 17 0 a line of another kind\n';
  t.same(staleTracks(listing, [service], { any: '0.0.0.0', own: new Set() }), [
    { ip: '10.48.0.9', port: 53, from: other },
    { ip: '10.48.0.9', port: 53, from: { ip: endpoint.ip, port: 9999 } },
  ]);
});

t.test('one of this board alone, for clients of that policy, takes on too', async (t) => {
  const mine = { ...service, endpoints: { Cluster: [other], Local: [endpoint] } };
  const listing = track('10.48.0.9', 53, endpoint.ip, 5353);
  t.same(staleTracks(listing, [mine], { any: '0.0.0.0', own: new Set() }), []);
});

t.test("a port on every address is on the board's own, not on those of others", async (t) => {
  const listing = track('192.0.2.7', 30053, '192.0.2.7', 30053) + track('8.8.8.8', 30053, '8.8.8.8', 30053);
  t.same(staleTracks(listing, [node], { any: '0.0.0.0', own: new Set(['192.0.2.7']) }), [
    { ip: '192.0.2.7', port: 30053, from: { ip: '192.0.2.7', port: 30053 } },
  ]);
});

t.test('runs when UDP ports or their endpoints change, and not otherwise', async (t) => {
  const ran: string[] = [];
  let listing = track('10.48.0.9', 53, other.ip, 5353);
  const run = async (command: string, args: readonly string[]) => {
    ran.push([command, ...args].join(' '));
    return args[0] === '-L' ? listing : '[]';
  };
  const tracks = new UdpTracks({ run }, ipv4Rules);
  const stale = 'conntrack -D -p udp -f ipv4 --orig-dst 10.48.0.9 --orig-port-dst 53 --reply-src';
  await tracks.settle([service]);
  t.same(ran.splice(0), ['conntrack -L -p udp -f ipv4', `${stale} ${other.ip} --reply-port-src 5353`]);
  await tracks.settle([service]);
  t.same(ran, [], 'nothing has changed');
  listing = track('10.48.0.9', 53, endpoint.ip, 5353);
  await tracks.settle([]);
  t.same(
    ran,
    ['conntrack -L -p udp -f ipv4', `${stale} ${endpoint.ip} --reply-port-src 5353`],
    'it has gone',
  );
});

t.test(
  'those of IPv6 are asked for by themselves, with the addresses that the board has of it',
  async (t) => {
    const [asked, answerer] = ['2001:db8::7', 'fd00:10:40:2::7'];
    const ran: string[] = [];
    const run = async (command: string, args: readonly string[]) => {
      ran.push([command, ...args].join(' '));
      if (command === 'ip') return JSON.stringify([{ addr_info: [{ local: asked }] }]);
      return args[0] === '-L' ? track(asked, 30053, answerer, 5353) : '';
    };
    await new UdpTracks({ run }, ipv6Rules).settle([{ ...node, ip: '::' }]);
    t.same(ran, [
      'conntrack -L -p udp -f ipv6',
      'ip -json -6 address show',
      `conntrack -D -p udp -f ipv6 --orig-dst ${asked} --orig-port-dst 30053 --reply-src ${answerer} --reply-port-src 5353`,
    ]);
  },
);

t.test('that a client has gone by itself is no failure; anything else is', async (t) => {
  const failing = (message: string) => ({
    run: async (_: string, args: readonly string[]) => {
      if (args[0] === '-D') throw new Error(message);
      return track('10.48.0.9', 53, other.ip, 5353);
    },
  });
  await new UdpTracks(failing('conntrack v1.4.7: 0 flow entries have been deleted.'), ipv4Rules).settle([
    service,
  ]);
  await t.rejects(
    new UdpTracks(failing('Operation not permitted'), ipv4Rules).settle([service]),
    /not permitted/,
  );
});

t.test('a board without the program cannot', async (t) => {
  t.equal(await canForgetTracks({ run: async () => '7\n' }), true);
  t.equal(await canForgetTracks({ run: () => Promise.reject(new Error('is not installed')) }), false);
});
