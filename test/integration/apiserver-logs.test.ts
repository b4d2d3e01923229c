// pods/log: the board dials back, its bytes reach the client, and each way it can go wrong is told.
import t from 'tap';
import { WebSocket } from 'ws';
import { pods } from '../../src/api/kinds/pod.ts';
import { CHANNEL_WINDOW_BYTES, type SessionRequest, STDOUT_CHANNEL } from '../../src/api/session.ts';
import { StatusError, unavailable } from '../../src/api/status-error.ts';
import { startApiServer } from '../support/api-server.ts';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';

type Board = (request: SessionRequest, nodeName: string) => void;
let board: Board = () => {};
const api = await startApiServer({
  nodeSessions: {
    async request(nodeName, request) {
      if (nodeName === 'offline') throw unavailable('board offline is not connected');
      board(request, nodeName);
    },
  },
});
t.teardown(() => api.stop());
const certificates = new Map<string, { certificatePem: string; keyPem: string }>();
for (const name of ['a', 'b']) {
  const request = {
    commonName: `system:node:${name}`,
    organization: 'system:nodes',
    usage: 'client',
  } as const;
  certificates.set(name, await api.authority.issue(request));
}

function dial({ path }: Pick<SessionRequest, 'path'>, as = 'a'): WebSocket {
  const { certificatePem, keyPem } = certificates.get(as)!;
  const ca = api.authority.certificatePem;
  const url = `wss://127.0.0.1:${api.server.port}${path}`;
  const socket = new WebSocket(url, { ca, cert: certificatePem, key: keyPem });
  socket.on('error', () => {});
  return socket;
}

/** A frame of the log's bytes; without text the end of them. */
function bytes(content: string | Buffer = ''): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(STDOUT_CHANNEL);
  return Buffer.concat([head, Buffer.from(content as string)]);
}
const STARTED = '{"started":true}';
const DONE = '{"done":{}}';

/** A board that sends these frames and closes. */
const sending =
  (...frames: (string | Buffer)[]): Board =>
  (request) => {
    const socket = dial(request);
    socket.on('open', () => {
      for (const frame of frames) socket.send(frame);
      socket.close(1000);
    });
  };

async function makePod(name: string, nodeName: string | undefined, containers = ['main']) {
  const spec = { containers: containers.map((container) => ({ name: container, image: 'x:1' })) };
  await api.ask('POST', '/api/v1/namespaces/default/pods', { body: { metadata: { name }, spec } });
  if (nodeName) await api.server.client.bind(`default/${name}`, nodeName);
}
const logPath = (name: string, query = '') => `/api/v1/namespaces/default/pods/${name}/log${query}`;
await makePod('one', 'a');
await makePod('two', 'a', ['x', 'y']);
await makePod('lost', 'offline');
await makePod('pending', undefined);

t.test('bytes of the board reach the client, and the board learns what is wanted', async (t) => {
  let seen: SessionRequest | undefined;
  board = (request, nodeName) => {
    seen = request;
    t.equal(nodeName, 'a');
    sending(STARTED, bytes('line 1\n'), bytes('line 2\n'), bytes(), DONE)(request, nodeName);
  };
  const query = '?tailLines=5&timestamps=true&previous=1&limitBytes=1000&sinceTime=2026-01-01T00:00:00Z';
  const answer = await api.ask('GET', logPath('one', query));
  t.equal(answer.code, 200);
  t.match(answer.headers['content-type'], /^text\/plain/);
  t.equal(answer.text, 'line 1\nline 2\n');
  const { metadata } = await api.server.client.get(pods, 'default/one');
  t.match(seen, {
    kind: 'logs',
    pod: 'default/one',
    podUid: metadata.uid,
    path: /^\/edge\/v1\/sessions\/[0-9a-f]{32}$/,
  });
  t.same(seen?.kind === 'logs' && seen.logs, {
    container: 'main',
    follow: false,
    previous: true,
    timestamps: true,
    tailLines: 5,
    limitBytes: 1000,
    sinceTime: '2026-01-01T00:00:00Z',
  });
});

t.test('an empty log is an empty answer', async (t) => {
  board = sending(STARTED, bytes(), DONE);
  t.match(await api.ask('GET', logPath('one')), { code: 200, text: '' });
  t.match(await api.ask('GET', logPath('pending')), { code: 200, text: '' });
});

t.test("the board's error before any byte is the answer", async (t) => {
  const status = new StatusError(
    400,
    'BadRequest',
    'previous terminated container "main" not found',
  ).toStatus();
  board = sending(JSON.stringify({ error: status }));
  const { code, json } = await api.ask('GET', logPath('one'));
  t.equal(code, 400);
  t.match(json, { reason: 'BadRequest', message: /previous terminated/ });
});

t.test('an error after bytes, and a board that vanishes, cut the connection', async (t) => {
  const status = new StatusError(500, 'InternalError', 'disk').toStatus();
  board = sending(STARTED, bytes('x'), JSON.stringify({ error: status }));
  await t.rejects(api.ask('GET', logPath('one')), 'after bytes');
  board = (request) => {
    const socket = dial(request);
    socket.on('open', () => {
      socket.send(STARTED);
      socket.send(bytes('x'), () => socket.terminate());
    });
  };
  await t.rejects(api.ask('GET', logPath('one')), 'vanished');
  board = (request) => {
    const socket = dial(request);
    socket.on('open', () => socket.terminate());
  };
  t.equal((await api.ask('GET', logPath('one'))).code, 503, 'vanished before any byte');
});

t.test('containers must be named when there are several, and must be there', async (t) => {
  const several = await api.ask('GET', logPath('two'));
  t.equal(several.code, 400);
  t.equal(several.json.message, 'a container name must be specified for pod two, choose one of: [x y]');
  const unknown = await api.ask('GET', logPath('two', '?container=z'));
  t.equal(unknown.json.message, 'container z is not valid for pod two');
  t.equal((await api.ask('GET', logPath('none'))).code, 404);
  t.equal((await api.ask('GET', logPath('one', '?tailLines=-1'))).code, 400);
});

t.test('a board that is not connected is a 503 that says so', async (t) => {
  const { code, json } = await api.ask('GET', logPath('lost'));
  t.match(
    { code, ...json },
    { code: 503, reason: 'ServiceUnavailable', message: 'board offline is not connected' },
  );
});

/** The HTTP answer to a WebSocket that was refused. */
async function refusal(path: string, as?: string): Promise<number | undefined> {
  const socket = dial({ path }, as);
  return new Promise((resolve) => {
    socket.on('unexpected-response', (request, response) => {
      request.destroy();
      resolve(response.statusCode);
    });
    socket.on('open', () => resolve(undefined));
  });
}

t.test('only the board that a session was made for may take it, and once', async (t) => {
  const codes: (number | undefined)[] = [];
  board = async (request) => {
    codes.push(await refusal(request.path, 'b'));
    const socket = dial(request);
    await new Promise((resolve) => socket.on('open', resolve));
    codes.push(await refusal(request.path, 'a'));
    for (const frame of [STARTED, bytes(), DONE]) socket.send(frame);
  };
  t.equal((await api.ask('GET', logPath('one'))).code, 200);
  t.same(codes, [403, 404]);
  t.equal(await refusal('/edge/v1/sessions/00', 'a'), 404);
  t.equal(await refusal('/api/v1/pods', 'a'), 403);
});

t.test('following gives bytes as they come and ends the board when the client goes', async (t) => {
  let socket: WebSocket | undefined;
  board = (request) => {
    socket = dial(request);
    socket.on('open', () => socket?.send(STARTED));
  };
  const answer = await api.open('GET', logPath('one', '?follow=true'));
  t.equal(answer.statusCode, 200, 'headers come before the first line');
  socket?.send(bytes('now\n'));
  const [chunk] = await nextData(answer);
  t.equal(String(chunk), 'now\n');
  let closed = false;
  socket?.on('close', () => {
    closed = true;
  });
  answer.destroy();
  await eventually(() => closed);
  t.ok(closed);
});

function nextData(answer: NodeJS.ReadableStream): Promise<unknown[]> {
  return new Promise((resolve) => answer.once('data', (...data) => resolve(data)));
}

t.test('a client that does not read holds the board back', async (t) => {
  const frame = bytes(Buffer.alloc(64 * 1024));
  const toSend = 400;
  let sent = 0;
  let allowance = CHANNEL_WINDOW_BYTES;
  board = (request) => {
    const socket = dial(request);
    const push = () => {
      for (; sent < toSend && allowance >= 64 * 1024; allowance -= 64 * 1024, sent++) socket.send(frame);
    };
    socket.on('open', () => socket.send(STARTED, push));
    socket.on('message', (data) => {
      allowance += JSON.parse(String(data)).credit.bytes;
      push();
    });
  };
  const answer = await api.open('GET', logPath('one', '?follow=true'));
  answer.pause();
  let before = -1;
  const isStill = () => {
    const still = sent === before;
    before = sent;
    return still && sent > 0;
  };
  await eventually(isStill, 5000, 100);
  t.ok(sent < 300, `${sent} of ${toSend} frames were sent before the board had to wait`);
  let received = 0;
  answer.on('data', (chunk) => {
    received += chunk.length;
  });
  answer.on('error', () => undefined);
  answer.resume();
  await eventually(() => received === toSend * 64 * 1024, 15_000);
  answer.destroy();
});

t.test('a board that sends more than the window allows is cut off', async (t) => {
  const frame = bytes(Buffer.alloc(64 * 1024));
  let code: number | undefined;
  board = (request) => {
    const socket = dial(request);
    socket.on('open', () => {
      socket.send(STARTED);
      for (let sent = 0; sent < 1000; sent++) socket.send(frame);
    });
    socket.on('close', (given) => {
      code = given;
    });
  };
  const answer = await api.open('GET', logPath('one', '?follow=true'));
  answer.on('error', () => undefined);
  answer.pause();
  await eventually(() => code !== undefined);
  t.equal(code, 1002);
  answer.destroy();
});

t.test('a board that does not come is a 504 after ten seconds', async (t) => {
  const clock = new FakeClock();
  let asked = false;
  const other = await startApiServer({
    clock,
    nodeSessions: {
      request: async () => {
        asked = true;
      },
    },
  });
  t.teardown(() => other.stop());
  const spec = { containers: [{ name: 'main', image: 'x:1' }] };
  await other.ask('POST', '/api/v1/namespaces/default/pods', { body: { metadata: { name: 'one' }, spec } });
  await other.server.client.bind('default/one', 'a');
  const answer = other.ask('GET', logPath('one'));
  await eventually(() => asked);
  await clock.advance(10_000);
  const { code, json } = await answer;
  t.match({ code, message: json.message }, { code: 504, message: /board a did not answer within 10 s/ });
});
