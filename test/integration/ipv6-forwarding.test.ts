// The switches as files: what is switched, what is left, what is put back.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { boardHasIpv6 } from '../../src/network/board-ipv6.ts';
import { Ipv6Forwarding } from '../../src/network/ipv6/ipv6-forwarding.ts';

function board(dir: string, forwarding: string, acceptRa: Record<string, string>) {
  const conf = join(dir, 'conf');
  const file = (device: string, name: string) => join(conf, device, name);
  for (const [device, value] of Object.entries({ ...acceptRa, all: '1' })) {
    mkdirSync(join(conf, device), { recursive: true });
    writeFileSync(file(device, 'accept_ra'), value);
  }
  writeFileSync(file('all', 'forwarding'), forwarding);
  return {
    switches: () => new Ipv6Forwarding(join(dir, 'run', 'was'), conf),
    read: (device: string, name = 'accept_ra') => readFileSync(file(device, name), 'utf8').trim(),
  };
}

t.test('a board that forwards goes on taking router advertisements where it took them', async (t) => {
  const { switches, read } = board(t.testdir({}), '0\n', { default: '1', eth0: '1', wlan0: '0', tun0: '2' });
  t.ok(await switches().enable());
  t.equal(read('all', 'forwarding'), '1');
  t.same(
    ['default', 'eth0', 'wlan0', 'tun0', 'all'].map((device) => read(device)),
    ['2', '2', '0', '2', '1'],
  );
  t.notOk(await switches().enable(), 'once');
  t.ok(await switches().restore(), 'also by another agent than the one that switched');
  t.equal(read('all', 'forwarding'), '0');
  t.same(
    ['default', 'eth0', 'wlan0', 'tun0'].map((device) => read(device)),
    ['1', '1', '0', '2'],
  );
  t.notOk(await switches().restore());
});

t.test('a board that forwarded before stays as its owner has it', async (t) => {
  const { switches, read } = board(t.testdir({}), '1\n', { eth0: '1' });
  t.notOk(await switches().enable());
  t.equal(read('eth0'), '1');
  t.notOk(await switches().restore());
  t.equal(read('all', 'forwarding'), '1');
});

t.test('a board without IPv6, or told to do without, has none', async (t) => {
  const conf = (all: string, others: string) => ({
    all: { disable_ipv6: all },
    default: { disable_ipv6: others },
  });
  const dir = t.testdir({ on: conf('0\n', '0\n'), off: conf('1\n', '1\n'), later: conf('0\n', '1\n') });
  t.ok(boardHasIpv6(join(dir, 'on')));
  for (const board of ['off', 'later', 'missing']) t.notOk(boardHasIpv6(join(dir, board)), board);
});
