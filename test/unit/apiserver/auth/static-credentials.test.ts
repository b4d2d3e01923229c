// Files of tokens and passwords: what a line may say, and that nothing near a secret passes for it.
import t from 'tap';
import { parseCredentials, StaticCredentials } from '../../../../src/apiserver/auth/static-credentials.ts';

t.test('a line is a secret, a user, a uid and groups at will', async (t) => {
  const text = 'abc,tom,1,"a,b"\r\n\n# comment\ndef,"ann, lee",\n';
  t.same(parseCredentials(text, 'f'), [
    { secret: 'abc', user: { name: 'tom', uid: '1', groups: ['a', 'b', 'system:authenticated'] } },
    { secret: 'def', user: { name: 'ann, lee', groups: ['system:authenticated'] } },
  ]);
});

t.test('a line that says too little is named', async (t) => {
  t.throws(() => parseCredentials('abc,tom,1\nabc\n', 'tokens.csv'), { message: /^tokens\.csv, line 2:/ });
  t.throws(() => parseCredentials(',tom,1', 'f'), { message: /line 1/ });
});

t.test('only the whole secret counts', async (t) => {
  const known = parseCredentials('abc,tom,1', 'f');
  const credentials = new StaticCredentials(known, known);
  t.equal(credentials.byToken('abc')?.name, 'tom');
  t.equal(credentials.byPassword('tom', 'abc')?.name, 'tom');
  for (const wrong of ['', 'ab', 'abcd', 'ABC']) {
    t.equal(credentials.byToken(wrong), undefined);
    t.equal(credentials.byPassword('tom', wrong), undefined);
  }
  t.equal(credentials.byPassword('nobody', ''), undefined, 'an unknown user has no empty password');
});
