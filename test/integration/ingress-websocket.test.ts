// WebSockets through the Ingress server on real sockets, and what only looks like one.
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import t from 'tap';
import { WebSocket, WebSocketServer } from 'ws';
import { portOf } from '../../src/base/listener.ts';
import { eventually } from '../support/eventually.ts';
import { heard, labWith, raw, saying, toWeb } from '../support/ingress-talk.ts';

for (const scheme of ['ws', 'wss'] as const) {
  t.test(`${scheme}: bytes go both ways through a WebSocket`, async (t) => {
    const lab = await labWith(t, { paths: [{ path: '/chat', service: 'chat' }] });
    const server = createServer();
    const sockets = new WebSocketServer({ server });
    sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(`heard ${data}`)));
    await lab.listening(server);
    lab.service('chat', [portOf(server)]);
    const port = scheme === 'ws' ? lab.ports.http : lab.ports.https;
    const client = new WebSocket(`${scheme}://127.0.0.1:${port}/chat`, { rejectUnauthorized: false });
    const heard = new Promise<string>((resolve, reject) => {
      client.once('message', (data) => resolve(String(data)));
      client.once('error', reject);
    });
    client.once('open', () => client.send('hello'));
    t.equal(await heard, 'heard hello');
    client.close();
    await eventually(() => sockets.clients.size === 0);
    const lost = new WebSocket(`${scheme}://127.0.0.1:${port}/none`, { rejectUnauthorized: false });
    const status = await new Promise((resolve) => {
      lost.on('error', () => undefined);
      lost.once('unexpected-response', (_, response) => resolve(response.statusCode));
    });
    t.equal(status, 404);
    lost.terminate();
  });
}

const HANDSHAKE = 'Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n';

t.test(
  'a WebSocket refused by an answer that breaks off leaves its client neither waiting nor misled',
  async (t) => {
    const breaks: ((socket: Socket) => void)[] = [
      (socket) => socket.end(),
      (socket) => socket.resetAndDestroy(),
    ];
    for (const after of breaks) {
      const lab = await labWith(t, { paths: toWeb });
      await saying(lab, 'HTTP/1.1 400 Bad Request\r\nContent-Length: 100\r\n\r\nabc', after);
      const text = await heard(lab.ports.http, `GET / HTTP/1.1\r\n${HANDSHAKE}\r\n`);
      t.match(text, /^HTTP\/1.1 400 Bad Request\r\n[\s\S]*\r\n\r\n(abc)?$/);
    }
  },
);

t.test('a request for a WebSocket that has a body is one like any other', async (t) => {
  const lab = await labWith(t, { paths: toWeb });
  await lab.backend('web');
  const request = `GET / HTTP/1.1\r\n${HANDSHAKE}Content-Length: 5\r\n\r\nhello`;
  t.match(await raw(lab.ports.http, request), /"body":"hello"/);
});

t.test('a backend that changes the protocol unasked is a bad one', async (t) => {
  const lab = await labWith(t, { paths: toWeb });
  await saying(
    lab,
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: a\r\n\r\n',
    () => undefined,
  );
  t.equal((await lab.ask('/')).status, 502);
});
