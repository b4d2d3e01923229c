// What HTTP/2 lets a hostile client, or a broken backend, do: the Ingress server on real sockets.
import type { OutgoingHttpHeaders } from 'node:http2';
import t from 'tap';
import { eventually } from '../support/eventually.ts';
import {
  asks,
  type Fields,
  FLAG,
  FrameClient,
  fieldBlock,
  frame,
  posts,
  request,
  resets,
  TYPE,
} from '../support/http2-frames.ts';
import {
  answerOf,
  call,
  echoGrpc,
  grpc,
  grpcHead,
  http2Backend,
  http2Client,
  open,
} from '../support/ingress-http2.ts';
import { labWith, toWeb } from '../support/ingress-talk.ts';

/** What any request has; HTTP/1 has `connection` besides. */
const PLAIN =
  /^(x-forwarded-(for|host|port|proto|scheme)|x-real-ip|x-request-id|x-scheme|:scheme|connection)$/;

const annotations = { 'backend-protocol': 'GRPC' };
const onStreams = (count: number, frames: (stream: number) => Buffer[]): Buffer[] =>
  Array.from({ length: count }, (_, i) => frames(2 * i + 1)).flat();

for (const protocol of ['HTTP', 'GRPC']) {
  t.test(`${protocol}: fields that would be others for the backend never reach it`, async (t) => {
    const lab = await labWith(t, { paths: toWeb, annotations: { 'backend-protocol': protocol } });
    const seen: Record<string, unknown>[] = [];
    if (protocol === 'HTTP') {
      await lab.backend('web', ({ method, url, headers: { host, ...rest } }, res) => {
        seen.push({ ':method': method, ':path': url, ':authority': host, ...rest });
        res.end();
      });
    } else {
      await http2Backend(lab, 'web', (stream, headers) => {
        seen.push({ ...headers });
        echoGrpc(stream, headers);
      });
    }
    const set = (name: string, value: string): Fields =>
      request().map(([key, old]) => [key, key === name ? value : old] as const);
    const forms: Record<string, Fields> = {
      'a line in the path': set(':path', '/ HTTP/1.1\r\nX-Admin: 1\r\n\r\n'),
      'a space in the path': set(':path', '/a b'),
      'a path that is none': set(':path', 'a'),
      'no path': request().filter(([name]) => name !== ':path'),
      'an empty path': set(':path', ''),
      'a line in the method': set(':method', 'GET / HTTP/1.1\r\nHost: b\r\n\r\nGET'),
      'a space in the method': set(':method', 'GET /admin'),
      'a line in the authority': set(':authority', 'a\r\nX-Admin: 1'),
      'an odd authority': set(':authority', 'a/b'),
      'another host': request(['host', 'other.test']),
      'two paths': [...request(), [':path', '/admin']],
      'a pseudo field of ours': request([':status', '200']),
      'a pseudo field after others': [['x', 'y'], ...request()],
      'upper case': request(['X-Admin', '1']),
      'a line in a value': request(['x', 'a\r\nx-admin: 1']),
      'a NUL in a value': request(['x', 'a\0b']),
      'a space in a name': request(['x y', '1']),
      'a colon in a name': request(['x:y', '1']),
      'a line in a name': request(['x\r\ny', '1']),
      'an empty name': request(['', '1']),
      'a coding': request(['transfer-encoding', 'chunked']),
      'a field of one hop': request(['connection', 'x-real-ip']),
      'an upgrade': request(['upgrade', 'websocket']),
      'another te': request(['te', 'gzip']),
      'two lengths': request(['content-length', '0'], ['content-length', '5']),
      'a length and no body': request(['content-length', '5']),
      'a length that is none': request(['content-length', '-1']),
    };
    for (const [name, fields] of Object.entries(forms)) {
      const client = await FrameClient.connect(t, lab.ports.https);
      client.send(asks(1, fields));
      await eventually(() => client.isDone(1));
      for (const headers of seen.splice(0)) {
        const { ':method': method, ':path': path, ':authority': authority, ...rest } = headers;
        t.same([method, path, authority], ['GET', '/', 'example.com'], `${name}: as it was meant`);
        const names = Object.keys(rest).filter((field) => !PLAIN.test(field));
        t.same(names, [], `${name}: without the field`);
      }
      client.socket.destroy();
    }
    t.ok((await call(http2Client(lab))).headers[':status'] === 200, 'others are served');
  });
}

t.test('a body longer than it said is not passed on as whole', async (t) => {
  const lab = await labWith(t, { paths: toWeb });
  let whole = 0;
  await lab.backend('web', (req, res) => {
    req.on('error', () => undefined);
    req.resume().once('end', () => {
      whole += 1;
      res.end();
    });
  });
  const client = await FrameClient.connect(t, lab.ports.https);
  client.send(
    asks(1, [...posts, ['content-length', '5']], 0),
    frame(TYPE.data, FLAG.endStream, 1, Buffer.from('longer than that')),
  );
  await eventually(() => client.isDone(1));
  t.equal(whole, 0);
});

for (const protocol of ['HTTP', 'GRPC']) {
  t.test(`${protocol}: streams that are reset as soon as they are opened are bounded`, async (t) => {
    const lab = await labWith(t, { paths: toWeb, annotations: { 'backend-protocol': protocol } });
    let seen = 0;
    if (protocol === 'HTTP') {
      await lab.backend('web', (_, res) => {
        seen += 1;
        res.end();
      });
    } else {
      await http2Backend(lab, 'web', (stream, headers) => {
        seen += 1;
        echoGrpc(stream, headers);
      });
    }
    await call(http2Client(lab));
    t.equal(seen, 1, 'a connection to it is open');
    const client = await FrameClient.connect(t, lab.ports.https);
    client.send(...onStreams(20_000, (stream) => [asks(stream), resets(stream)]));
    await eventually(() => client.isOver);
    t.ok(seen <= 128, `${seen} of 20,000 reached the backend`);
    t.ok(lab.lines.length < 1000, `${lab.lines.length} were looked at`);
    t.match(await call(http2Client(lab)), { headers: { ':status': 200 } }, 'others are served');
  });
}

t.test('a head without an end is not read for ever', async (t) => {
  const lab = await labWith(t, { paths: toWeb });
  await lab.backend('web');
  const client = await FrameClient.connect(t, lab.ports.https);
  client.send(frame(TYPE.headers, FLAG.endStream, 1, fieldBlock(request())));
  const more = frame(TYPE.continuation, 0, 1, fieldBlock([['x', 'y'.repeat(1000)]]));
  for (let i = 0; i < 1000 && !client.isOver; i += 1) {
    client.send(more);
    if (i % 20 === 0) await new Promise(setImmediate);
  }
  await eventually(() => client.isOver);
  t.match(await call(http2Client(lab)), { headers: { ':status': 200 } }, 'others are served');
});

t.test('a head that is too large, or of too many fields, is refused', async (t) => {
  const lab = await labWith(t, { paths: toWeb });
  let seen = 0;
  await lab.backend('web', (_, res) => {
    seen += 1;
    res.end();
  });
  const session = http2Client(lab);
  // Until its first answer a client may not know our limit.
  await call(session);
  t.equal(seen, 1);
  const forms: Record<string, OutgoingHttpHeaders> = {
    'one field': { x: 'y'.repeat(40_000) },
    'many fields': Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`x-${i}`, 'y'.repeat(1000)])),
    'many small fields': Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`x-${i}`, 'y'])),
  };
  for (const [name, headers] of Object.entries(forms)) {
    t.not((await call(session, headers)).resetCode, 0, name);
  }
  t.equal(seen, 1);
  t.match(await call(session, { x: 'y'.repeat(12_000) }), { headers: { ':status': 200 } });
});

for (const [what, bytes] of [
  ['pings', frame(TYPE.ping, 0, 0, Buffer.alloc(8))],
  ['settings', frame(TYPE.settings, 0, 0)],
  ['empty data', frame(TYPE.data, 0, 1)],
] as const) {
  t.test(`a flood of ${what} by who does not read ends with his connection`, async (t) => {
    const lab = await labWith(t, { paths: toWeb });
    await lab.backend('web', () => undefined);
    const client = await FrameClient.connect(t, lab.ports.https);
    client.send(asks(1, posts, 0));
    client.socket.pause();
    const many = Buffer.concat(Array.from({ length: 20_000 }, () => bytes));
    await eventually(() => {
      client.send(many);
      return !client.socket.writable || client.socket.destroyed || client.isClosed;
    }, 10_000);
    t.pass();
  });
}

t.test('streams that a client never ends are given up by their time, and others are served', async (t) => {
  const lab = await labWith(
    t,
    { paths: toWeb, annotations: { 'proxy-read-timeout': '1' } },
    {
      name: 'grpc',
      host: 'grpc.test',
      paths: [{ path: '/', service: 'grpc' }],
      annotations: { ...annotations, 'proxy-read-timeout': '1' },
    },
  );
  await lab.backend('web');
  await http2Backend(lab, 'grpc', (stream) => void stream.resume());
  const session = http2Client(lab);
  const held = ['example.com', 'grpc.test'].flatMap((authority) =>
    Array.from({ length: 60 }, () => answerOf(open(session, { ':authority': authority }))),
  );
  t.match(await call(http2Client(lab), {}, 'x'), { headers: { ':status': 200 } });
  for (const answer of await Promise.all(held)) {
    if (answer.headers[':status'] !== 504) return t.fail(`answered with ${JSON.stringify(answer)}`);
  }
  t.pass('all with 504');
});

t.test(
  'what a backend says that no client may be told is a bad answer, not an end of the server',
  async (t) => {
    const lab = await labWith(t, { paths: toWeb, annotations });
    await http2Backend(lab, 'web', (stream, headers) => {
      if (headers[':path'] === '/early-hints') {
        for (let i = 0; i < 100; i += 1) stream.additionalHeaders({ ':status': 103, link: '</x>' });
        return echoGrpc(stream, headers);
      }
      if (headers[':path'] === '/odd-fields') {
        stream.respond({ ':status': 200, x_y: 'ok', 'x-latin': 'ä', 'content-type': 'application/grpc' });
        return stream.end('x');
      }
      if (headers[':path'] === '/truncated') {
        stream.respond({ ':status': 200, 'content-length': '100' });
        return stream.write('half', () => stream.close(0));
      }
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.once('wantTrailers', () =>
        stream.sendTrailers({ 'grpc-status': '0', 'set-cookie': 'a=b', 'x-ok': '1' }),
      );
      return stream.end('x');
    });
    const session = http2Client(lab);
    t.match(await grpc(session, '/early-hints', 'x'), { body: 'x', trailers: { 'grpc-status': '0' } });
    t.match(await grpc(session, '/odd-fields'), { headers: { x_y: 'ok', 'x-latin': 'ä' }, body: 'x' });
    t.not((await call(session, { ':path': '/truncated' })).resetCode, 0, 'it does not look whole');
    t.match((await grpc(session, '/trailers')).trailers, { 'grpc-status': '0', 'x-ok': '1' });
    t.notMatch(Object.keys((await grpc(session, '/trailers')).trailers), ['content-length']);
  },
);

t.test('many that reset amid their answers leave nothing at the pod', async (t) => {
  const lab = await labWith(t, { paths: toWeb, annotations });
  let atPod = 0;
  await http2Backend(lab, 'web', (stream, headers) => {
    atPod += 1;
    stream.once('close', () => {
      atPod -= 1;
    });
    echoGrpc(stream, headers);
  });
  const session = http2Client(lab);
  for (let round = 0; round < 5; round += 1) {
    const streams = Array.from({ length: 50 }, () => open(session, grpcHead));
    for (const stream of streams) stream.write('x');
    await eventually(() => atPod === 50);
    for (const stream of streams) stream.close(8);
    await eventually(() => atPod === 0);
  }
  t.match(await grpc(session, '/x'), { trailers: { 'grpc-status': '0' } });
});

t.test('a reset may have any code, and reaches the pod with it', async (t) => {
  const lab = await labWith(t, { paths: toWeb, annotations });
  let asked = 0;
  const codes: number[] = [];
  await http2Backend(lab, 'web', (stream) => {
    asked += 1;
    stream.once('close', () => codes.push(stream.rstCode));
  });
  const client = await FrameClient.connect(t, lab.ports.https);
  for (const [i, code] of [0xffffffff, 0x80000000, 14, 0].entries()) {
    client.send(asks(2 * i + 1, posts, 0));
    await eventually(() => asked === i + 1);
    client.send(resets(2 * i + 1, code));
    await eventually(() => codes.length === i + 1);
  }
  t.same(codes, [0xffffffff, 0x80000000, 14, 8]);
  t.notOk(client.isOver);
});
