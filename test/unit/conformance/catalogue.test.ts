// Which of upstream's tests a run takes, and how one of them is named to upstream's program.
import t from 'tap';
import {
  chosen,
  isSerial,
  knownOutcomes,
  parseCatalogue,
  readCatalogue,
} from '../../conformance/catalogue.ts';
import { isConformance } from '../../conformance/outcome.ts';
import { focusOn, folderName } from '../../conformance/suite.ts';

const catalogue = parseCatalogue(
  '# tier\tname\nA\t[sig-a] one [Conformance]\nC\tPods two [Conformance]\nC\tPods three\n',
);

t.test('without tier and focus all tests are chosen', async (t) => {
  t.equal(chosen(catalogue, { tiers: [], focus: '' }).length, 3);
});

t.test('tier and focus both narrow the choice', async (t) => {
  t.same(chosen(catalogue, { tiers: ['A', 'C'], focus: 'two|one' }), [
    '[sig-a] one [Conformance]',
    'Pods two [Conformance]',
  ]);
  t.same(chosen(catalogue, { tiers: ['C'], focus: 'three|one' }), ['Pods three']);
});

t.test('a tier that does not exist and a focus that fits nothing are said to be so', async (t) => {
  t.throws(() => chosen(catalogue, { tiers: ['Z'], focus: '' }), /no tier Z: there are A, C/);
  t.throws(() => chosen(catalogue, { tiers: ['A'], focus: 'two' }), /no test's name matches \/two\//);
});

t.test('a name has single blanks, as the outcomes of a report have', async (t) => {
  t.same(parseCatalogue('B\tPods  two  [Conformance]\n'), [{ tier: 'B', name: 'Pods two [Conformance]' }]);
});

t.test(
  'a test that the catalogue leaves out is never chosen, and its reason is known without a run',
  async (t) => {
    const some = parseCatalogue('N\t[sig-a] one\tasks for the moon\nN\t[sig-a] two\n');
    t.same(chosen(some, { tiers: ['N'], focus: '' }), ['[sig-a] two']);
    t.same(knownOutcomes(some), [
      { name: '[sig-a] one', state: 'left out', reason: 'asks for the moon' },
      { name: '[sig-a] two', state: 'not run' },
    ]);
  },
);

t.test('the catalogue holds each of the 311 conformance tests once, and others of the network', async (t) => {
  const all = await readCatalogue();
  t.equal(all.filter(({ tier, name }) => /^[A-HX]$/.test(tier) && isConformance({ name })).length, 311);
  const others = all.filter(({ name }) => !isConformance({ name }));
  t.ok(others.every(({ tier, name }) => /^[MN]$/.test(tier) && name.startsWith('[sig-network]')));
  t.equal(others.length, all.length - 311);
  t.ok(all.every(({ name }) => !/\s\s/.test(name)));
  t.equal(new Set(all.map(({ name }) => name)).size, all.length);
  t.equal(
    new Set(all.map(({ name }) => folderName(name))).size,
    all.length,
    'and each has a folder of its own',
  );
});

t.test('a focus fits its own test alone, with whatever blanks upstream wrote', async (t) => {
  const focus = new RegExp(focusOn('[sig-a] Pods (all) should work [Conformance]'));
  t.match('suite [sig-a]  Pods (all) should  work [Conformance]', focus);
  t.notMatch('suite [sig-a] Pods (all) should work [Conformance] twice', focus);
  t.notMatch('suite a Pods all should work [Conformance]', focus);
  t.match('suite Proxy should work ', new RegExp(focusOn('Proxy should work')));
});

t.test('tests that disturb others are known by upstream’s labels', async (t) => {
  t.ok(isSerial('[sig-apps] Daemon set [Serial] should x'));
  t.ok(isSerial('x [Disruptive] y'));
  t.notOk(isSerial('x [Slow] Serial'));
});
