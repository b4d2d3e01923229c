// Clients that mean no good, or are just slow: the Ingress server on real sockets.
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import t from 'tap';
import { eventually } from '../support/eventually.ts';
import { IngressLab, ingress } from '../support/ingress-lab.ts';
import { labWith, raw, toWeb } from '../support/ingress-talk.ts';

t.test('requests that two readers could understand differently are refused', async (t) => {
  const lab = await labWith(t, { paths: toWeb });
  let seen = 0;
  await lab.backend('web', (req, res) => {
    seen += 1;
    req.resume();
    res.end();
  });
  const forms: Record<string, string> = {
    'both lengths':
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'two lengths': 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcd',
    'another coding': 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n',
    'coding twice': 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n',
    'space before colon': 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n',
    'folded field': 'GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n Transfer-Encoding: chunked\r\n\r\n',
    'two hosts': 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
    'no host': 'GET / HTTP/1.1\r\n\r\n',
    'odd host': 'GET / HTTP/1.1\r\nHost: a/b\r\n\r\n',
    'out of the root': 'GET /a/../../b HTTP/1.1\r\nHost: a\r\n\r\n',
  };
  for (const [name, bytes] of Object.entries(forms)) {
    t.match(await raw(lab.ports.http, bytes), /^(HTTP\/1\.1 400 |$)/, name);
  }
  t.equal(seen, 0, 'no backend heard of any');
  t.equal((await lab.ask('/')).status, 200, 'others are served');
});

t.test('a client that never finishes the head of its request is let go, over TLS as well', async (t) => {
  // Long enough for a TLS handshake on a busy machine.
  const lab = await IngressLab.start(t, { headTimeoutMs: 800 });
  const { http, https } = lab.ports;
  for (const socket of [
    connect(http, '127.0.0.1'),
    connectTls({ host: '127.0.0.1', port: https, rejectUnauthorized: false }),
  ]) {
    let text = '';
    let isClosed = false;
    socket.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    socket.on('error', () => undefined);
    socket.once('close', () => {
      isClosed = true;
    });
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n');
    await eventually(() => isClosed);
    t.match(text, /^HTTP\/1\.1 408 /);
  }
});

for (const scheme of ['http', 'https'] as const) {
  t.test(`${scheme}: who has been without a request for longest makes room, who has one stays`, async (t) => {
    const lab = await IngressLab.start(t, { maxConnections: 3 });
    lab.server.update([ingress({ paths: [...toWeb, { path: '/held', service: 'held' }] })]);
    await lab.backend('web');
    let release: (() => unknown) | undefined;
    await lab.backend('held', (_, res) => {
      release = () => res.end('held');
    });
    const tls = scheme === 'https';
    const held = lab.ask('/held', { tls });
    await eventually(() => release !== undefined);
    const port = lab.ports[scheme];
    const open = new Set<Socket>();
    const silent = () => {
      const socket = connect(port, '127.0.0.1');
      open.add(socket);
      socket.on('error', () => undefined).once('close', () => open.delete(socket));
      t.teardown(() => socket.destroy());
      return new Promise((resolve) => socket.once('connect', resolve));
    };
    for (let i = 0; i < 5; i++) await silent();
    await eventually(() => open.size <= 2);
    for (let i = 0; i < 3; i++) t.equal((await lab.ask('/', { tls })).status, 200);
    release?.();
    t.equal((await held).body, 'held');
  });
}

t.test('when all have a request one more is refused', async (t) => {
  const lab = await IngressLab.start(t, { maxConnections: 2 });
  lab.server.update([ingress({ paths: toWeb })]);
  const waiting: (() => unknown)[] = [];
  await lab.backend('web', (_, res) => waiting.push(() => res.end('done')));
  const asked = [lab.ask('/'), lab.ask('/')];
  await eventually(() => waiting.length === 2);
  await t.rejects(lab.ask('/'));
  for (const release of waiting) release();
  t.same(
    (await Promise.all(asked)).map(({ body }) => body),
    ['done', 'done'],
  );
});

t.test('a head that is too large is refused', async (t) => {
  const lab = await labWith(t, { paths: toWeb });
  const bytes = `GET / HTTP/1.1\r\nHost: a\r\nX: ${'y'.repeat(40_000)}\r\n\r\n`;
  t.match(await raw(lab.ports.http, bytes), /^HTTP\/1\.1 431 /);
});
