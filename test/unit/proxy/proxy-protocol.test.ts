import t from 'tap';
import { proxyHeader } from '../../../src/proxy/proxy-protocol.ts';

const ends = {
  sourceAddress: '192.168.1.9',
  sourcePort: 40_000,
  destinationAddress: '192.168.1.7',
  destinationPort: 30_080,
};
const ends6 = { ...ends, sourceAddress: 'fe80::2:9%eth0', destinationAddress: '2001:db8::7' };

t.test('version 1 says the family, the addresses and the ports in words', async (t) => {
  t.equal(proxyHeader(1, ends).toString(), 'PROXY TCP4 192.168.1.9 192.168.1.7 40000 30080\r\n');
  t.equal(proxyHeader(1, ends6).toString(), 'PROXY TCP6 fe80::2:9 2001:db8::7 40000 30080\r\n');
});

t.test('version 2 says them in bytes, with their length', async (t) => {
  const signature = '0d0a0d0a000d0a515549540a';
  t.equal(proxyHeader(2, ends).toString('hex'), `${signature}2111000cc0a80109c0a801079c407580`);
  const source = 'fe800000000000000000000000020009';
  const destination = '20010db8000000000000000000000007';
  t.equal(proxyHeader(2, ends6).toString('hex'), `${signature}21210024${source}${destination}9c407580`);
});
