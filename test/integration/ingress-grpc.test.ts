// gRPC through Ingress: HTTP/2 from the client to the pod, with streams that both keep open.

import { once } from 'node:events';
import type { ServerHttp2Stream } from 'node:http2';
import { createServer as createNetServer } from 'node:net';
import t from 'tap';
import { closeServer, portOf } from '../../src/base/listener.ts';
import { eventually } from '../support/eventually.ts';
import {
  answerOf,
  call,
  echoGrpc,
  grpc,
  grpcHead,
  grpcLab,
  http2Backend,
  http2Client,
  open,
} from '../support/ingress-http2.ts';
import { labWith, toWeb } from '../support/ingress-talk.ts';

const CANCEL = 8;
const REFUSED_STREAM = 7;
const ENHANCE_YOUR_CALM = 11;

for (const protocol of ['GRPC', 'GRPCS']) {
  t.test(
    `${protocol}: a call goes to the pod by HTTP/2 with its trailers back, all on one connection`,
    async (t) => {
      const lab = await grpcLab(t, { 'backend-protocol': protocol });
      const heads: Record<string, unknown>[] = [];
      const { sessions } = await http2Backend(
        lab,
        'web',
        (stream, headers) => {
          heads.push({ ...headers });
          echoGrpc(stream, headers);
        },
        { isTls: protocol === 'GRPCS' },
      );
      const session = http2Client(lab);
      const calls = Array.from({ length: 20 }, (_, i) => grpc(session, `/shop.Cart/Add${i}`, `message ${i}`));
      for (const [i, answer] of (await Promise.all(calls)).entries()) {
        t.match(answer, {
          headers: { ':status': 200, 'content-type': 'application/grpc' },
          body: `message ${i}`,
          trailers: { 'grpc-status': '0', 'x-asked': `POST /shop.Cart/Add${i}` },
          resetCode: 0,
        });
      }
      t.match(heads[0], {
        ':authority': 'example.com',
        ':scheme': protocol === 'GRPCS' ? 'https' : 'http',
        te: 'trailers',
        'content-type': 'application/grpc',
        'x-forwarded-for': '127.0.0.1',
        'x-forwarded-proto': 'https',
      });
      t.notOk(heads.some((head) => 'host' in head));
      t.equal(sessions.length, 1, 'one connection');
      t.equal(sessions[0]?.alpnProtocol, protocol === 'GRPCS' ? 'h2' : 'h2c');
    },
  );
}

t.test('messages go both ways as they are written, while both keep the stream open', async (t) => {
  const lab = await grpcLab(t);
  await http2Backend(lab, 'web', echoGrpc);
  const stream = open(http2Client(lab), grpcHead);
  const heard: string[] = [];
  stream.setEncoding('utf8').on('data', (part: string) => heard.push(part));
  for (const message of ['one', 'two', 'three']) {
    stream.write(message);
    await eventually(() => heard.at(-1) === message);
  }
  stream.end();
  t.match(await answerOf(stream), { trailers: { 'grpc-status': '0' }, resetCode: 0 });
});

t.test(
  'an answer that is a head alone stays one: gRPC clients tell it from one without trailers',
  async (t) => {
    const lab = await grpcLab(t);
    await http2Backend(lab, 'web', (stream) => {
      stream.respond(
        { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '5' },
        { endStream: true },
      );
    });
    const answer = await grpc(http2Client(lab), '/none');
    t.match(answer, { headers: { 'grpc-status': '5' }, isHeadOnly: true, resetCode: 0 });
  },
);

t.test("the client's trailers reach the pod, but none that would say again what its head said", async (t) => {
  const lab = await grpcLab(t);
  const seen: unknown[] = [];
  await http2Backend(lab, 'web', (stream, headers) => {
    stream.on('trailers', (trailers) =>
      seen.push(...Object.entries(trailers).map(([name, value]) => `${name}: ${value}`)),
    );
    echoGrpc(stream, headers);
  });
  const session = http2Client(lab);
  const stream = session.request(
    { ':method': 'POST', ...grpcHead, 'x-user': 'a' },
    { waitForTrailers: true },
  );
  stream.once('wantTrailers', () =>
    stream.sendTrailers({
      'x-checksum': '1',
      'x-user': 'b',
      'x-forwarded-for': '9.9.9.9',
      authorization: 'Bearer x',
      x_real_ip: '9.9.9.9',
    }),
  );
  stream.end('hello');
  t.match(await answerOf(stream), { body: 'hello', trailers: { 'grpc-status': '0' } });
  t.strictSame(seen, ['x-checksum: 1']);
});

t.test('a client that cancels ends its stream at the pod, and one that goes away all of them', async (t) => {
  const lab = await grpcLab(t);
  const streams: ServerHttp2Stream[] = [];
  await http2Backend(lab, 'web', (stream, headers) => {
    streams.push(stream);
    echoGrpc(stream, headers);
  });
  const session = http2Client(lab);
  const [first, second] = [open(session, grpcHead), open(session, grpcHead)];
  await eventually(() => streams.length === 2);
  first.close(CANCEL);
  await eventually(() => streams.filter(({ destroyed }) => destroyed).length === 1);
  t.equal(streams.find(({ destroyed }) => destroyed)?.rstCode, CANCEL);
  second.write('still here');
  t.notOk(second.destroyed);
  session.destroy();
  await eventually(() => streams.every(({ destroyed }) => destroyed));
});

t.test("the pod's reset reaches the client, before its answer and amid it", async (t) => {
  const lab = await grpcLab(t);
  let reset = () => {};
  await http2Backend(lab, 'web', (stream, headers) => {
    if (headers[':path'] === '/early') return stream.close(ENHANCE_YOUR_CALM);
    // Without trailers to wait for node:http2 ends a stream in good order before it resets it.
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.write('half');
    reset = () => stream.close(ENHANCE_YOUR_CALM);
  });
  const session = http2Client(lab);
  t.equal((await grpc(session, '/early')).resetCode, ENHANCE_YOUR_CALM);
  const amid = open(session, { ':path': '/amid', ...grpcHead });
  const answer = answerOf(amid);
  amid.end('ask');
  await once(amid, 'data');
  reset();
  t.match(await answer, { body: 'half', resetCode: ENHANCE_YOUR_CALM });
  await eventually(() => lab.lines.length === 2);
  t.match(lab.lines.join('\n'), /\/early HTTP\/2.0" 502 [\s\S]*\/amid HTTP\/2.0" 200 /);
});

t.test('nobody there is UNAVAILABLE in a head alone, whatever the reason', async (t) => {
  const lab = await grpcLab(t, { 'proxy-connect-timeout': '1' });
  const session = http2Client(lab);
  const unavailable = (words: string) => ({
    headers: {
      ':status': 200,
      'content-type': 'application/grpc',
      'grpc-status': '14',
      'grpc-message': words,
    },
    isHeadOnly: true,
    resetCode: 0,
  });
  lab.service('web', []);
  t.match(await grpc(session, '/x'), unavailable('503 Service Unavailable'), 'no endpoint');
  const { port, stop } = await http2Backend(lab, 'web', echoGrpc);
  await stop();
  lab.service('web', [port]);
  t.match(await grpc(session, '/x'), unavailable('502 Bad Gateway'), 'refused');
  await lab.backend('web');
  t.match(await grpc(session, '/x'), unavailable('502 Bad Gateway'), 'it speaks HTTP/1 alone');
  const silent = createNetServer((socket) => void lab.test.teardown(() => socket.destroy()));
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  t.teardown(() => closeServer(silent));
  lab.service('web', [portOf(silent)]);
  t.match(await grpc(session, '/x'), unavailable('504 Gateway Timeout'), 'it accepts and says nothing');
  await eventually(() => lab.lines.length === 4);
  t.match(
    lab.lines.join('\n'),
    /" 503 [\s\S]*" 502 [\s\S]*" 502 [\s\S]*" 504 /,
    'the log has the statuses of HTTP',
  );
});

t.test('other clients of such an Ingress have their answers of HTTP', async (t) => {
  const lab = await grpcLab(t);
  await http2Backend(lab, 'web', echoGrpc);
  const posted = await lab.ask('/x', { method: 'POST', body: 'by HTTP/1.1' });
  t.match(posted, { status: 200, body: 'by HTTP/1.1' });
  const answer = await call(http2Client(lab), { ':path': '/x' }, 'plain');
  t.match(answer, { body: 'plain', headers: { ':status': 200 } });
  lab.service('web', []);
  t.match(await lab.ask('/x'), { status: 503, body: '503 Service Unavailable\n' });
  t.match(await call(http2Client(lab), { ':path': '/x' }), { headers: { ':status': 503 } });
});

t.test('what is not found or not allowed is told in the statuses of gRPC', async (t) => {
  const lab = await labWith(
    t,
    { host: 'here.test', paths: [{ path: '/a', service: 'web' }] },
    { name: 'b', host: 'b.test', paths: toWeb, annotations: { 'whitelist-source-range': '10.0.0.0/8' } },
  );
  const session = http2Client(lab);
  const status = async (head: object) =>
    (await call(session, { ...grpcHead, ...head })).headers['grpc-status'];
  t.equal(await status({ ':path': '/none' }), '12', 'UNIMPLEMENTED');
  t.equal(await status({ ':authority': 'b.test' }), '7', 'PERMISSION_DENIED');
  t.equal(await status({ ':path': '/../x' }), '13', 'INTERNAL');
});

t.test(
  'a call that the pod refuses goes to a new connection or the next pod, its body with it',
  async (t) => {
    const lab = await grpcLab(t);
    let asked = 0;
    const refusing = await http2Backend(lab, 'web', (stream) => {
      asked += 1;
      stream.once('data', () => stream.close(REFUSED_STREAM));
    });
    const willing = await http2Backend(lab, 'web', echoGrpc);
    lab.service('web', [refusing.port, willing.port]);
    const session = http2Client(lab);
    for (let i = 0; i < 4; i += 1) {
      t.match(await grpc(session, '/x', 'once'), { body: 'once', trailers: { 'grpc-status': '0' } });
    }
    t.ok(asked >= 2, 'it was asked');
    lab.service('web', [refusing.port]);
    t.match(await grpc(session, '/x'), { headers: { 'grpc-status': '14' } }, 'nobody else is there');
  },
);

t.test('a message above the limit is RESOURCE_EXHAUSTED, and the pod never takes it for whole', async (t) => {
  const lab = await grpcLab(t, { 'proxy-body-size': '1k' });
  let whole = 0;
  let reset = 0;
  await http2Backend(lab, 'web', (stream) => {
    stream.resume().once('end', () => {
      if (stream.rstCode === 0) whole += 1;
    });
    stream.once('close', () => {
      reset = stream.rstCode;
    });
  });
  const answer = await grpc(http2Client(lab), '/x', 'x'.repeat(2000));
  t.match(answer, { headers: { 'grpc-status': '8', 'grpc-message': '413 Payload Too Large' } });
  await eventually(() => reset === CANCEL);
  t.equal(whole, 0);
});
