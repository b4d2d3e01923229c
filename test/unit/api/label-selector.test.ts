import t from 'tap';
import {
  formatLabelSelector,
  matchesLabels,
  matchesSelectorMap,
  parseLabelSelector,
} from '../../../src/api/label-selector.ts';

const labels = { app: 'web', tier: 'front', empty: '', cores: '4' };

t.test('a selector matches as Kubernetes says', async (t) => {
  const cases: [string, boolean][] = [
    ['', true],
    ['app=web', true],
    ['app==web', true],
    ['app = web', true],
    ['app=db', false],
    ['app!=db', true],
    ['absent!=x', true],
    ['app', true],
    ['absent', false],
    ['!absent', true],
    ['!app', false],
    ['app in (web, db)', true],
    ['app in (db)', false],
    ['app notin (db)', true],
    ['absent notin (db)', true],
    ['absent in (db)', false],
    ['empty=', true],
    ['app=', false],
    ['app=web,tier in (front,back),!absent', true],
    ['app=web,tier=back', false],
    ['cores>3', true],
    ['cores > 4', false],
    ['cores<5,cores>3', true],
    ['cores<4', false],
    ['app>3', false],
    ['absent<3', false],
  ];
  for (const [text, expected] of cases)
    t.equal(matchesLabels(parseLabelSelector(text), labels), expected, text);
});

t.test('text that is no selector is a bad request', async (t) => {
  for (const text of [
    'a in (',
    'a,',
    ',',
    '=b',
    'a=b c',
    'a>',
    'a>b',
    'a>1<2',
    'a in b',
    '-x=1',
    'a=b!',
    'a b',
    `k=${'v'.repeat(64)}`,
  ]) {
    t.throws(() => parseLabelSelector(text), { code: 400, reason: 'BadRequest' }, text);
  }
});

t.test('the text form is read back to the same meaning', async (t) => {
  const text = 'a=b,c!=d,e in (f,g),h notin (i,j),!k,l,m>1,n<-2';
  t.equal(formatLabelSelector(parseLabelSelector(text)), text);
  t.equal(formatLabelSelector(parseLabelSelector('a in (b)')), 'a=b');
});

t.test('a plain map matches objects that carry all of it', async (t) => {
  t.ok(matchesSelectorMap({ app: 'web' }, labels));
  t.notOk(matchesSelectorMap({ app: 'web', x: 'y' }, labels));
  t.notOk(matchesSelectorMap({ app: 'web' }, undefined));
  t.notOk(matchesLabels(parseLabelSelector('toString'), {}), 'inherited keys are no labels');
});
