// Answers written straight to a connection: whole, and the end of it.
import { once } from 'node:events';
import { Duplex } from 'node:stream';
import t from 'tap';
import { badRequest } from '../../../../src/api/status-error.ts';
import { endRaw } from '../../../../src/apiserver/http/raw-answer.ts';

t.test('a connection ends with its answer although the client never hangs up', async (t) => {
  let written = '';
  const socket = new Duplex({
    read: () => undefined,
    write(chunk, _encoding, done) {
      written += chunk;
      done();
    },
  });
  endRaw(socket, badRequest('the request is not valid HTTP'));
  await once(socket, 'finish');
  t.match(written, /^HTTP\/1\.1 400 BadRequest\r\n[\s\S]*"message":"the request is not valid HTTP"/);
  await new Promise(setImmediate);
  t.ok(socket.destroyed, 'nothing waits for the other half');
});
