import fc from 'fast-check';
import t from 'tap';
import {
  addQuantities,
  bytes,
  compareQuantities,
  cpuMillis,
  formatQuantity,
  parseQuantity,
  tryParseQuantity,
} from '../../../src/api/quantity.ts';

t.test('a quantity is written back in canonical form', async (t) => {
  const cases: Record<string, string> = {
    '0': '0',
    '1': '1',
    '0.1': '100m',
    '1000m': '1',
    '1500m': '1500m',
    '1.5Gi': '1536Mi',
    '0.5Ki': '512',
    '1024Ki': '1Mi',
    '1025Ki': '1025Ki',
    '1000k': '1M',
    '1e3': '1e3',
    '1E2': '100',
    '5e-3': '5e-3',
    '2E': '2E',
    '1Ei': '1Ei',
    '-1': '-1',
    '+2': '2',
    '.5': '500m',
    '1.': '1',
    '100n': '100n',
    '0.1n': '1n',
  };
  for (const [text, canonical] of Object.entries(cases)) {
    t.equal(formatQuantity(parseQuantity(text)), canonical, text);
  }
});

t.test('text that is no quantity is refused', async (t) => {
  for (const text of [
    '',
    'x',
    '1x',
    '1 Gi',
    'Gi',
    '.',
    '1e',
    '--1',
    '1.2.3',
    '1KI',
    '0x10',
    `1${'0'.repeat(100)}`,
  ]) {
    t.equal(tryParseQuantity(text), undefined, text);
  }
  t.throws(() => parseQuantity('1x'), { code: 400, reason: 'BadRequest' });
});

t.test('millicores and bytes are rounded up', async (t) => {
  t.equal(cpuMillis('250m'), 250);
  t.equal(cpuMillis('1.5'), 1500);
  t.equal(cpuMillis('100u'), 1);
  t.equal(bytes('64Mi'), 67_108_864);
  t.equal(bytes('1M'), 1_000_000);
  t.equal(bytes('1500m'), 2);
  t.equal(bytes(128), 128);
});

t.test('amounts compare and add exactly, whatever their suffix', async (t) => {
  t.equal(compareQuantities(parseQuantity('1Gi'), parseQuantity('1024Mi')), 0);
  t.equal(compareQuantities(parseQuantity('1G'), parseQuantity('1Gi')), -1);
  t.equal(compareQuantities(parseQuantity('2'), parseQuantity('1999m')), 1);
  t.equal(formatQuantity(addQuantities(parseQuantity('0.1'), parseQuantity('0.2'))), '300m');
  t.equal(formatQuantity(addQuantities(parseQuantity('0'), parseQuantity('1Gi'))), '1Gi');
});

t.test('the canonical form means the same amount and is stable', async () => {
  const suffix = fc.constantFrom('', 'm', 'u', 'n', 'k', 'M', 'G', 'Ki', 'Mi', 'Gi', 'e2', 'e-3');
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 999_999 }), suffix, (amount, ending) => {
      const quantity = parseQuantity(`${amount}${ending}`);
      const text = formatQuantity(quantity);
      const again = parseQuantity(text);
      return again.nanos === quantity.nanos && formatQuantity(again) === text;
    }),
  );
});
