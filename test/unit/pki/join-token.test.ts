import t from 'tap';
import { formatJoinToken, newJoinToken, parseJoinToken } from '../../../src/pki/join-token.ts';

const fingerprint = 'ab'.repeat(32);

t.test('a token reads back as it was written, also with white space around it', async (t) => {
  const token = newJoinToken(fingerprint);
  t.same(parseJoinToken(` ${formatJoinToken(token)}\n`), token);
  t.not(newJoinToken(fingerprint).secret, token.secret);
});

t.test('a token that is cut short or of another kind is refused without repeating it', async (t) => {
  const whole = formatJoinToken(newJoinToken(fingerprint));
  for (const text of ['', 'EDGE1', whole.slice(0, -20), whole.replace('EDGE1', 'EDGE2'), `${whole}.x`]) {
    const error = await t.rejects(async () => parseJoinToken(text));
    t.match(error, { message: /edgectl token create/ });
    if (text) t.notOk(String(error).includes(whole.slice(-20)));
  }
});
