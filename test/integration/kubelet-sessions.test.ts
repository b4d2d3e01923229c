// The board's end of a log stream against a real WebSocket server on loopback.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { type WebSocket, WebSocketServer } from 'ws';
import { CHANNEL_WINDOW_BYTES, type SessionRequest } from '../../src/api/session.ts';
import { badRequest } from '../../src/api/status-error.ts';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { Sessions } from '../../src/kubelet/sessions.ts';
import { eventually } from '../support/eventually.ts';

const request: SessionRequest = {
  id: 'abc',
  path: '/edge/v1/sessions/abc',
  kind: 'logs',
  pod: 'default/web-1',
  podUid: 'u',
  logs: { container: 'web', follow: false, previous: false, timestamps: false },
};

async function startServer(t: Test) {
  const http = createServer();
  const server = new WebSocketServer({ server: http, perMessageDeflate: false });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  t.teardown(() => {
    for (const client of server.clients) client.terminate();
    server.close();
    http.close();
  });
  const { port } = http.address() as AddressInfo;
  return { server, url: `http://127.0.0.1:${port}` };
}

type Log = (request: SessionRequest, signal: AbortSignal) => AsyncIterable<Uint8Array>;

function sessionsFor(t: Test, masterUrl: string, log: Log): Sessions {
  const tls = () => ({ caPem: '', certPem: '', keyPem: '' });
  const sources = {
    openLog: async (request: SessionRequest, signal: AbortSignal) => log(request, signal),
    startProcess: () => Promise.reject(badRequest('no process')),
    podNetwork: () => ({ id: 's', address: '127.0.0.1', isBoards: true, pid: undefined }),
  };
  const sessions = new Sessions({ masterUrl, tls, clock: systemClock, logger: silentLogger, sources });
  t.teardown(() => sessions.stop());
  return sessions;
}

/** All that comes on the log's channel; what is read is given back as credit, the last word is answered by closing. */
async function received(socket: WebSocket) {
  const bytes: Buffer[] = [];
  const texts: Record<string, unknown>[] = [];
  socket.on('message', (data: Buffer, isBinary) => {
    if (!isBinary) {
      const message = JSON.parse(data.toString());
      texts.push(message);
      if (message.done || message.error) socket.close(1000);
      return;
    }
    const channel = data.readUInt32BE();
    if (data.length > 4) bytes.push(data.subarray(4));
    socket.send(JSON.stringify({ credit: { channel, bytes: data.length - 4 } }));
  });
  const [code] = await once(socket, 'close');
  return { log: Buffer.concat(bytes), frames: bytes, texts, code };
}

t.test('a log is sent in frames of at most 64 KiB and ends well', async (t) => {
  const { server, url } = await startServer(t);
  const text = Buffer.alloc(200_000, 'x');
  const sessions = sessionsFor(t, url, async function* () {
    yield Buffer.from('first\n');
    yield text;
  });
  const connected = once(server, 'connection');
  sessions.serve(request);
  const [socket, incoming] = await connected;
  t.equal(incoming.url, '/edge/v1/sessions/abc');
  const { log, frames, texts, code } = await received(socket);
  t.equal(log.toString(), `first\n${text}`);
  t.ok(frames.every((f) => f.length <= 65_536));
  t.same(texts, [{ started: true }, { done: {} }]);
  t.equal(code, 1000);
});

t.test('a log that is not there ends with the reason as a Status', async (t) => {
  const { server, url } = await startServer(t);
  const sessions = sessionsFor(t, url, () => {
    throw badRequest('container "web" in pod "web-1" is waiting to start: ContainerCreating');
  });
  const connected = once(server, 'connection');
  sessions.serve(request);
  const [socket] = await connected;
  const { texts } = await received(socket);
  t.match(texts, [
    { error: { kind: 'Status', code: 400, reason: 'BadRequest', message: /waiting to start/ } },
  ]);
});

t.test('an empty log ends well without a byte', async (t) => {
  const { server, url } = await startServer(t);
  const sessions = sessionsFor(t, url, async function* () {});
  const connected = once(server, 'connection');
  sessions.serve(request);
  const [socket] = await connected;
  t.same(await received(socket), {
    log: Buffer.alloc(0),
    frames: [],
    texts: [{ started: true }, { done: {} }],
    code: 1000,
  });
});

t.test('when the client goes away the board stops reading', async (t) => {
  const { server, url } = await startServer(t);
  let isReading = false;
  const sessions = sessionsFor(t, url, async function* (_, signal) {
    isReading = true;
    try {
      yield Buffer.from('line\n');
      if (!signal.aborted) await once(signal, 'abort');
    } finally {
      isReading = false;
    }
  });
  const connected = once(server, 'connection');
  sessions.serve(request);
  const [socket] = await connected;
  await eventually(() => isReading);
  socket.close(1001);
  await eventually(() => !isReading);
});

t.test('a client that does not read holds the board back', async (t) => {
  const { server, url } = await startServer(t);
  let produced = 0;
  const chunk = Buffer.alloc(65_536);
  const sessions = sessionsFor(t, url, async function* (_, signal) {
    while (!signal.aborted && produced < 2_000) {
      produced++;
      yield chunk;
    }
  });
  const connected = once(server, 'connection');
  sessions.serve(request);
  await connected;
  let last = -1;
  const isStill = () => {
    const still = produced === last && produced > 0;
    last = produced;
    return still;
  };
  await eventually(isStill, 5_000, 100);
  const mostBuffered = CHANNEL_WINDOW_BYTES / 65_536 + 4;
  t.ok(produced <= mostBuffered, `${produced} chunks of 64 KiB were taken without a reader`);
});

t.test('stop ends the streams that are under way', async (t) => {
  const { server, url } = await startServer(t);
  const sessions = sessionsFor(t, url, async function* (_, signal) {
    yield Buffer.from('line\n');
    if (!signal.aborted) await once(signal, 'abort');
  });
  const connected = once(server, 'connection');
  sessions.serve(request);
  const [socket] = await connected;
  const closed = once(socket, 'close');
  await sessions.stop();
  await closed;
  sessions.serve(request);
  t.equal(server.clients.size, 0);
});

t.test('an API server that is not there does no harm', async (t) => {
  const sessions = sessionsFor(t, 'http://127.0.0.1:1', async function* () {});
  sessions.serve(request);
  await sessions.stop();
  t.pass('stop resolved');
});
