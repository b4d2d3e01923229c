import t from 'tap';
import { parseJoinToken } from '../../../src/pki/join-token.ts';

const token = { fingerprint: 'ab'.repeat(32), id: 'abc123', secret: '0123456789abcdef' };
const whole = `EDGE1.${token.fingerprint}.${token.id}.${token.secret}`;

t.test('a token reads back as it was written, also with white space around it', async (t) => {
  t.same(parseJoinToken(` ${whole}\n`), token);
});

t.test('a token that is cut short or of another kind is refused without repeating it', async (t) => {
  for (const text of ['', 'EDGE1', whole.slice(0, -10), whole.replace('EDGE1', 'EDGE2'), `${whole}.x`]) {
    const error = await t.rejects(async () => parseJoinToken(text));
    t.match(error, { message: /edgectl token create/ });
    if (text) t.notOk(String(error).includes(token.secret.slice(0, 6)));
  }
});
