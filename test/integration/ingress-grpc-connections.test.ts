// Connections of Ingress to gRPC's pods: shared, held back, lost and opened anew, and what their calls hear of that.

import type { ServerHttp2Stream } from 'node:http2';
import { createServer as createNetServer, type Socket } from 'node:net';
import t from 'tap';
import { closeServer, portOf } from '../../src/base/listener.ts';
import { eventually } from '../support/eventually.ts';
import { FLAG, frame, framesIn, PREFACE, TYPE } from '../support/http2-frames.ts';
import {
  answerOf,
  echoGrpc,
  grpc,
  grpcHead,
  grpcLab,
  http2Backend,
  http2Client,
  open,
} from '../support/ingress-http2.ts';

const CANCEL = 8;

t.test('a pod that says GOAWAY ends what it has, and is asked anew on another connection', async (t) => {
  const lab = await grpcLab(t);
  const streams: ServerHttp2Stream[] = [];
  const { sessions } = await http2Backend(lab, 'web', (stream, headers) => {
    streams.push(stream);
    echoGrpc(stream, headers);
  });
  const session = http2Client(lab);
  const long = open(session, grpcHead);
  long.write('before ');
  await eventually(() => streams.length === 1);
  sessions[0]?.goaway();
  await eventually(async () => {
    await grpc(session, '/x');
    return sessions.length === 2;
  });
  long.end('after');
  t.match(await answerOf(long), { body: /after$/, trailers: { 'grpc-status': '0' } });
  t.match(await grpc(session, '/x', 'and on'), { body: 'and on' });
  t.equal(sessions.length, 2, 'no more than that');
});

t.test('calls that a GOAWAY has crossed are asked again', async (t) => {
  const lab = await grpcLab(t);
  let asked = 0;
  const backend = await http2Backend(lab, 'web', (stream, headers) => {
    asked += 1;
    if (stream.session !== backend.sessions[0] || stream.id === 1) echoGrpc(stream, headers);
    // The first alone was looked at, as it says.
    else stream.session?.goaway(0, 1);
  });
  const session = http2Client(lab);
  const answers = await Promise.all(['a', 'b', 'c'].map((body) => grpc(session, '/x', body)));
  t.same(
    answers.map(({ body }) => body),
    ['a', 'b', 'c'],
  );
  t.equal(backend.sessions.length, 2);
  t.ok(asked > 3, 'some were asked twice');
});

t.test('a pod that allows few streams at a time gets one more connection instead of a queue', async (t) => {
  const lab = await grpcLab(t);
  let open_ = 0;
  let most = 0;
  const streams: ServerHttp2Stream[] = [];
  const { sessions } = await http2Backend(
    lab,
    'web',
    (stream, headers) => {
      open_ += 1;
      most = Math.max(most, open_);
      stream.once('close', () => {
        open_ -= 1;
      });
      streams.push(stream);
      echoGrpc(stream, headers);
    },
    { settings: { maxConcurrentStreams: 2 } },
  );
  const session = http2Client(lab);
  const held = Array.from({ length: 5 }, () => open(session, grpcHead));
  await eventually(() => streams.length === 5);
  t.equal(sessions.length, 3);
  t.equal(most, 5);
  for (const stream of held) stream.end('x');
  for (const stream of held) t.match(await answerOf(stream), { trailers: { 'grpc-status': '0' } });
});

t.test('a pod that is gone amid its answer is UNAVAILABLE after what came of it', async (t) => {
  const lab = await grpcLab(t);
  const backend = await http2Backend(lab, 'web', (stream, { 'content-type': type = 'text/plain' }) => {
    stream.respond({ ':status': 200, 'content-type': type }, { waitForTrailers: true });
    stream.write('half');
  });
  const session = http2Client(lab);
  const [stream, plain] = [open(session, grpcHead), open(session)];
  const answers = [answerOf(stream), answerOf(plain)] as const;
  let heard = '';
  for (const one of [stream, plain]) {
    one.on('data', (part: string) => {
      heard += part;
    });
  }
  await eventually(() => heard === 'halfhalf');
  await backend.stop();
  t.match(await answers[0], { body: 'half', trailers: { 'grpc-status': '14' }, resetCode: 0 });
  const { resetCode } = await answers[1];
  t.equal(resetCode, 2, 'what is not gRPC is broken off');
});

t.test('a pod that is silent for too long is given up, and its connection is not used again', async (t) => {
  const lab = await grpcLab(t, { 'proxy-read-timeout': '1' });
  const { sessions } = await http2Backend(lab, 'web', (stream, headers) => {
    if (headers[':path'] === '/ever') return;
    echoGrpc(stream, headers);
  });
  const session = http2Client(lab);
  t.match(await grpc(session, '/ever'), {
    headers: { 'grpc-status': '14', 'grpc-message': '504 Gateway Timeout' },
  });
  t.match(await grpc(session, '/x'), { trailers: { 'grpc-status': '0' } });
  t.equal(sessions.length, 2);
});

t.test('trailers that never come are not waited for longer than any word', async (t) => {
  const lab = await grpcLab(t, { 'proxy-read-timeout': '1' });
  await http2Backend(lab, 'web', (stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
    stream.write('all of it');
  });
  const answer = await grpc(http2Client(lab), '/x');
  t.match(answer, {
    body: 'all of it',
    trailers: { 'grpc-status': '14', 'grpc-message': '504 Gateway Timeout' },
  });
});

t.test('a slow client holds its pod back, and others on the connection are served meanwhile', async (t) => {
  const lab = await grpcLab(t);
  let sent = 0;
  await http2Backend(lab, 'web', (stream, headers) => {
    if (headers[':path'] !== '/flood') return echoGrpc(stream, headers);
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
    const chunk = Buffer.alloc(64 * 1024);
    const more = () => {
      while (!stream.destroyed && sent < 64 * 1024 * 1024) {
        sent += chunk.length;
        if (!stream.write(chunk)) return void stream.once('drain', more);
      }
    };
    more();
  });
  const slow = open(http2Client(lab), { ...grpcHead, ':path': '/flood' });
  slow.pause();
  await eventually(() => sent > 0);
  let before = -1;
  await eventually(
    () => {
      const isStill = before === sent;
      before = sent;
      return isStill;
    },
    5000,
    200,
  );
  t.ok(sent < 2 * 1024 * 1024, `${sent} bytes left the pod`);
  t.match(await grpc(http2Client(lab), '/x'), { trailers: { 'grpc-status': '0' } });
  slow.close(CANCEL);
});

t.test('a slow pod holds its client back', async (t) => {
  const lab = await grpcLab(t, { 'proxy-body-size': '0' });
  let pod: ServerHttp2Stream | undefined;
  await http2Backend(lab, 'web', (stream) => {
    pod = stream;
    stream.pause();
  });
  const stream = open(http2Client(lab), grpcHead);
  let sent = 0;
  const chunk = Buffer.alloc(64 * 1024);
  const more = () => {
    while (sent < 64 * 1024 * 1024) {
      sent += chunk.length;
      if (!stream.write(chunk)) return void stream.once('drain', more);
    }
  };
  more();
  await eventually(() => pod !== undefined);
  let before = -1;
  await eventually(
    () => {
      const isStill = before === sent;
      before = sent;
      return isStill;
    },
    5000,
    200,
  );
  t.ok(sent < 2 * 1024 * 1024, `${sent} bytes left the client`);
  stream.close(CANCEL);
  await eventually(() => pod?.destroyed ?? false);
});

t.test('a connection whose pod went away while idle is no failure of the next call', async (t) => {
  const lab = await grpcLab(t);
  const first = await http2Backend(lab, 'web', echoGrpc);
  const session = http2Client(lab);
  await grpc(session, '/x');
  await first.stop();
  await http2Backend(lab, 'web', echoGrpc, { port: first.port });
  t.match(await grpc(session, '/x', 'again'), { body: 'again', trailers: { 'grpc-status': '0' } });
});

t.test('a pod is not asked again for what it may have done', async (t) => {
  const lab = await grpcLab(t);
  let asked = 0;
  await http2Backend(lab, 'web', (stream) => {
    asked += 1;
    stream.resume().once('end', () => stream.session?.destroy());
  });
  t.match(await grpc(http2Client(lab), '/x'), { headers: { 'grpc-status': '14' } });
  t.equal(asked, 1);
});

t.test('stop() ends connections to pods', async (t) => {
  const lab = await grpcLab(t);
  const { sessions } = await http2Backend(lab, 'web', echoGrpc);
  await grpc(http2Client(lab), '/x');
  await lab.server.stop();
  await eventually(() => sessions.every(({ destroyed }) => destroyed));
});

t.test('a pod that does not speak HTTP/2 is left at once', async (t) => {
  const lab = await grpcLab(t);
  const sockets = new Set<Socket>();
  const server = createNetServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
    socket.resume().write('220 smtp.example ESMTP\r\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => closeServer(server));
  lab.service('web', [portOf(server)]);
  t.match(await grpc(http2Client(lab), '/x'), { headers: { 'grpc-status': '14' } });
  await eventually(() => sockets.size === 0);
});

t.test('a pod that is done before its client ends the stream for both', async (t) => {
  const lab = await grpcLab(t);
  const streams: ServerHttp2Stream[] = [];
  await http2Backend(lab, 'web', (stream, headers) => {
    streams.push(stream);
    const head = { ':status': 200, 'content-type': 'application/grpc' };
    if (headers[':path'] === '/head') {
      return stream.respond({ ...head, 'grpc-status': '16' }, { endStream: true });
    }
    stream.respond(head, { waitForTrailers: true });
    stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '9' }));
    stream.end('enough');
  });
  const session = http2Client(lab);
  for (const [path, expected] of [
    ['/head', { headers: { 'grpc-status': '16' }, isHeadOnly: true }],
    ['/body', { body: 'enough', trailers: { 'grpc-status': '9' } }],
  ] as const) {
    const stream = open(session, { ...grpcHead, ':path': path });
    stream.write('the first of many');
    t.match(await answerOf(stream), { ...expected, resetCode: 0 }, path);
  }
  await eventually(() => streams.length === 2 && streams.every(({ destroyed }) => destroyed));
});

t.test('who leaves while a pod is being reached is not passed on to it', async (t) => {
  const lab = await grpcLab(t);
  const accepted: Socket[] = [];
  const slow = createNetServer((socket) => {
    accepted.push(socket.on('error', () => undefined));
    t.teardown(() => socket.destroy());
  });
  await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve));
  t.teardown(() => closeServer(slow));
  lab.service('web', [portOf(slow)]);
  const stream = open(http2Client(lab), grpcHead);
  await eventually(() => accepted.length === 1);
  stream.close(CANCEL);
  await eventually(() => lab.lines.length === 1);
  t.match(lab.lines[0], /" 499 /, "as nginx's log has it");
  // From now on it speaks HTTP/2: settings, and then whatever it is asked.
  const socket = accepted[0] as Socket;
  const bytes: Buffer[] = [];
  socket.on('data', (part: Buffer) => bytes.push(part));
  socket.write(frame(TYPE.settings, 0, 0));
  await eventually(() => Buffer.concat(bytes).includes(frame(TYPE.settings, FLAG.ack, 0)));
  t.notOk(framesIn(Buffer.concat(bytes).subarray(PREFACE.length)).some(({ stream }) => stream > 0));
});
