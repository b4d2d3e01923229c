import t from 'tap';
import type { DesiredNetwork, VirtualPort } from '../../../src/network/board-network.ts';
import type { KernelPort } from '../../../src/network/kernel-port.ts';
import { renderTable } from '../../../src/network/nft-table.ts';

const desired: DesiredNetwork = {
  podRange: '10.40.0.0/13',
  serviceRange: '10.48.0.0/16',
  podCIDR: '10.40.2.0/23',
  peers: [],
  virtualPorts: [
    { ip: '10.48.0.9', protocol: 'tcp', port: 80, localPort: 41_000 },
    { ip: '10.48.0.1', protocol: 'tcp', port: 443, localPort: 41_001 },
    { ip: '10.48.0.10', protocol: 'udp', port: 53, localPort: 41_002 },
  ],
};

t.test('every Service port becomes one element of the map, in a stable order', async (t) => {
  const text = renderTable(desired);
  t.match(
    text,
    '10.48.0.1 . tcp . 443 : 169.254.48.1 . 41001,\n      10.48.0.10 . udp . 53 : 169.254.48.1 . 41002,\n',
  );
  t.equal(renderTable({ ...desired, virtualPorts: desired.virtualPorts.toReversed() }), text);
});

t.test('only pods of this board and the board itself reach Services', async (t) => {
  t.match(
    renderTable(desired),
    /chain fromPods {\n.*\n +ip saddr 10\.40\.2\.0\/23 ip daddr 10\.48\.0\.0\/16 /,
  );
});

t.test('only pods and boards send into pods, whatever else routes to them', async (t) => {
  const peers = [{ address: '192.168.1.12', podCIDR: '10.40.4.0/23' }];
  const text = renderTable({ ...desired, peers });
  t.match(text, 'elements = { 192.168.1.12 }');
  t.match(
    text,
    'ip daddr 10.40.2.0/23 ip saddr != 10.40.0.0/13 ip saddr != @boards ct state { new, untracked }',
  );
});

t.test(
  'pods have the address of the board towards all that is no pod, and their own towards pods',
  async (t) => {
    const text = renderTable(desired);
    t.match(text, 'ip saddr 10.40.2.0/23 ip daddr != { 10.40.0.0/13, 224.0.0.0/4 } masquerade');
    t.match(text, 'ip saddr 10.40.2.0/23 ip daddr 10.40.0.0/13 snat ip prefix to');
  },
);

t.test('the table is replaced as a whole, in one transaction', async (t) => {
  t.ok(renderTable(desired).startsWith('table ip edge_cluster {}\ndelete table ip edge_cluster\n'));
});

t.test('a board without a pod range has no table', async (t) => {
  t.equal(
    renderTable({ ...desired, podCIDR: undefined }),
    'table ip edge_cluster {}\ndelete table ip edge_cluster\n',
  );
});

t.test('what nobody serves is refused before it meets a map, to those whom it is closed for', async (t) => {
  const closed = (ip: string, port: number, refuses: VirtualPort['refuses']): VirtualPort => ({
    ip,
    protocol: 'tcp',
    port,
    localPort: 0,
    isOpen: true,
    ...(refuses ? { refuses } : {}),
  });
  const virtualPorts = [
    closed('0.0.0.0', 30080, 'everybody'),
    closed('192.168.1.240', 80, 'outsiders'),
    closed('2001:db8::5', 80, 'everybody'),
  ];
  const text = renderTable({ ...desired, virtualPorts });
  t.match(text, /set everybodyShut {\n.*\n +elements = {\n +tcp \. 30080\n/);
  t.match(text, /set outsidersShutAt {\n.*\n +elements = {\n +192\.168\.1\.240 \. tcp \. 80\n/);
  t.match(text, 'ip saddr 10.40.0.0/13 return\n    fib saddr type local return\n');
  t.notMatch(text, /2001|: 169\.254\.48\.1 \. 0/);
  t.notMatch(renderTable(desired), /shut/i, 'no rule for no such port');
  const kernelPorts = [{ ip: '0.0.0.0', protocol: 'tcp', port: 30080 } as KernelPort];
  t.notMatch(renderTable({ ...desired, virtualPorts, kernelPorts }), '30080', 'the kernel has its own');
});
