// Where bodies end, for backends of HTTP/1 behind clients that tell no length.
import { createServer as createNetServer } from 'node:net';
import t from 'tap';
import { closeServer, portOf } from '../../src/base/listener.ts';
import { eventually } from '../support/eventually.ts';
import { asks, FrameClient, frame, posts, resets, TYPE } from '../support/http2-frames.ts';
import { answerOf, call, http2Client, open } from '../support/ingress-http2.ts';
import type { IngressLab } from '../support/ingress-lab.ts';
import { labWith, raw, toWeb } from '../support/ingress-talk.ts';

/** Every byte that a backend gets; it answers each connection once something has come. */
async function overheard(lab: IngressLab): Promise<() => string> {
  let bytes = '';
  const server = createNetServer((socket) => {
    socket.on('error', () => undefined);
    socket.setEncoding('latin1').on('data', (part: string) => {
      bytes += part;
      if (bytes.includes('0\r\n\r\n') || !/chunked/.test(bytes)) {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      }
    });
    lab.test.teardown(() => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  lab.test.teardown(() => closeServer(server));
  lab.service('web', [portOf(server)]);
  return () => bytes;
}

for (const method of ['GET', 'POST', 'PATCH', 'PUT', 'DELETE', 'OPTIONS']) {
  t.test(
    `HTTP/2: ${method} with a body of untold length arrives whole, and without one has none`,
    async (t) => {
      const lab = await labWith(t, { paths: toWeb });
      await lab.backend('web');
      const session = http2Client(lab);
      const seen = async (stream: ReturnType<typeof open>) => JSON.parse((await answerOf(stream)).body);
      const stream = open(session, { ':method': method });
      stream.write('some ');
      stream.end('body');
      t.match(await seen(stream), { method, body: 'some body', headers: { 'transfer-encoding': 'chunked' } });
      const none = session.request({ ':method': method, ':authority': 'example.com' }, { endStream: true });
      const { body, headers } = await seen(none);
      t.equal(body, '');
      t.notOk(headers['transfer-encoding']);
      t.notOk(Number(headers['content-length'] ?? 0));
      const told = open(session, { ':method': method, 'content-length': '4' });
      told.end('told');
      const { headers: fields, ...rest } = await seen(told);
      t.match(rest, { body: 'told' });
      t.match(fields, { 'content-length': '4' });
      t.notOk(fields['transfer-encoding']);
    },
  );
}

t.test('a body that its client hides from us is no request of its own for the backend', async (t) => {
  const hidden = 'GET /admin HTTP/1.1\r\nHost: a\r\n\r\n';
  const forms: Record<string, string> = {
    'DELETE in chunks': `DELETE / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`,
    'GET in chunks': `GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`,
    'a length for one hop': `GET / HTTP/1.1\r\nHost: a\r\nConnection: close, content-length\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`,
    'a coding for one hop': `DELETE / HTTP/1.1\r\nHost: a\r\nConnection: close, transfer-encoding\r\nTransfer-Encoding: chunked\r\n\r\n${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`,
  };
  for (const [name, bytes] of Object.entries(forms)) {
    const lab = await labWith(t, { paths: toWeb });
    const heard = await overheard(lab);
    t.match(await raw(lab.ports.http, bytes), /^HTTP\/1\.1 200 /, name);
    const [head = '', ...rest] = heard().split('\r\n\r\n');
    t.match(head, /transfer-encoding: chunked/i, name);
    const chunk = `${hidden.length.toString(16)}\r\n${hidden}\r\n`;
    t.equal(rest.join('\r\n\r\n'), `${chunk}0\r\n\r\n`, name);
  }
});

t.test('HTTP/2: a body above the limit is refused while it streams, and its stream ends', async (t) => {
  const lab = await labWith(t, { paths: toWeb, annotations: { 'proxy-body-size': '1k' } });
  let whole = 0;
  await lab.backend('web', (req, res) => {
    req.on('error', () => undefined);
    req.resume().once('end', () => {
      whole += 1;
      res.end('taken');
    });
  });
  const session = http2Client(lab);
  for (const method of ['POST', 'DELETE']) {
    const stream = open(session, { ':method': method });
    const answered = answerOf(stream);
    stream.write('x'.repeat(600));
    stream.write('x'.repeat(600));
    // Nothing says that this is the end: the answer does not wait for it.
    t.match(await answered, { headers: { ':status': 413 }, body: /^413 / }, method);
  }
  t.equal(whole, 0, 'the backend never took it for a whole request');
  t.match(await call(session, {}, 'x'.repeat(1000)), { headers: { ':status': 200 } });
});

t.test('HTTP/2: who is answered before the end of his body is told to stop', async (t) => {
  const lab = await labWith(t, { paths: [{ path: '/web', service: 'web' }] });
  await lab.backend('web', (_, res) => res.end('x'.repeat(300_000)));
  const session = http2Client(lab);
  for (const [path, status] of [
    ['/none', 404],
    ['/web', 200],
  ] as const) {
    const stream = open(session, { ':path': path });
    const answered = answerOf(stream);
    stream.write('the beginning');
    const { headers, body, resetCode } = await answered;
    t.match(headers, { ':status': status });
    t.equal(resetCode, 0);
    if (status === 200) t.equal(body.length, 300_000, 'and not before he has all of the answer');
  }
});

t.test('HTTP/2: a client that leaves amid its body takes the request with it', async (t) => {
  const lab = await labWith(t, { paths: toWeb });
  const states: string[] = [];
  await lab.backend('web', (req) => {
    req.on('error', () => undefined).resume();
    states.push('begun');
    req.once('end', () => states.push('whole'));
    req.socket.once('close', () => states.push('closed'));
  });
  const client = await FrameClient.connect(t, lab.ports.https);
  for (const [stream, leave] of [
    [1, () => client.send(resets(1))],
    [3, () => client.send(resets(3, 0))],
    [5, () => client.socket.destroy()],
  ] as const) {
    states.length = 0;
    client.send(asks(stream, posts, 0), frame(TYPE.data, 0, stream, Buffer.from('half')));
    await eventually(() => states.length === 1);
    leave();
    await eventually(() => states.includes('closed'));
    t.notOk(states.includes('whole'));
  }
});

t.test('HTTP/2: an answer that breaks off does not look whole', async (t) => {
  const lab = await labWith(t, { paths: toWeb });
  await lab.backend('web', (_, res) => {
    res.write('half', () => setImmediate(() => res.destroy()));
  });
  t.match(await call(http2Client(lab)), { body: 'half', resetCode: 2 });
});
