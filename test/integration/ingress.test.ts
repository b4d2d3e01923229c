// The Ingress server on real sockets: what clients of every kind get, and what backends see.
import { X509Certificate } from 'node:crypto';
import { createServer } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import t from 'tap';
import { systemClock } from '../../src/base/clock.ts';
import { portOf } from '../../src/base/listener.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { IngressServer } from '../../src/ingress/ingress-server.ts';
import { lookupAt, type NameServer } from '../../src/ingress/name-lookup.ts';
import { makeSelfMadeCertificate } from '../../src/pki/self-made-certificate.ts';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { IngressLab } from '../support/ingress-lab.ts';
import { labWith, raw, saying, toWeb } from '../support/ingress-talk.ts';
import { tlsSecret } from '../support/tls-secret.ts';
import { UplinkDns } from '../support/uplink-dns.ts';

function shownName(port: number, servername: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host: '127.0.0.1', port, servername, rejectUnauthorized: false }, () => {
      resolve(new X509Certificate(socket.getPeerCertificate().raw).subject);
      socket.destroy();
    });
    socket.once('error', reject);
  });
}

t.test('/api, /web and /doc go to three Services, anything else is not found', async (t) => {
  const names = ['api', 'web', 'doc'];
  const lab = await labWith(t, { paths: names.map((name) => ({ path: `/${name}`, service: name })) });
  for (const name of names) await lab.backend(name);
  for (const name of names) {
    const { status, body } = await lab.ask(`/${name}/x?q=1`);
    t.equal(status, 200);
    t.match(JSON.parse(body), { name, url: `/${name}/x?q=1` });
  }
  t.equal((await lab.ask('/other')).status, 404);
  t.equal((await lab.ask('/apis')).status, 404, 'a prefix ends at a slash');
});

t.test('a backend is told who asked, whatever the client claims', async (t) => {
  const lab = await labWith(t, { paths: toWeb });
  await lab.backend('web');
  const headers = {
    'x-forwarded-for': '9.9.9.9',
    connection: 'x-secret',
    'x-secret': '1',
    x_real_ip: '8.8.8.8',
  };
  const seen = JSON.parse((await lab.ask('/', { headers })).body).headers;
  t.match(seen, {
    host: 'example.com',
    'x-forwarded-for': '127.0.0.1',
    'x-original-forwarded-for': '9.9.9.9',
    'x-real-ip': '127.0.0.1',
    'x-forwarded-proto': 'http',
    'x-forwarded-host': 'example.com',
    'x-forwarded-port': String(lab.ports.http),
    'x-request-id': /^[0-9a-f]{32}$/,
  });
  t.notOk(seen['x-secret'], 'what Connection names is for one hop');
  t.notOk(seen.x_real_ip);
});

t.test('a refused connection goes on to the next endpoint, body and all', async (t) => {
  const lab = await labWith(t, { paths: toWeb });
  const alive = await lab.backend('web');
  const gone = createServer();
  await lab.listening(gone);
  const dead = portOf(gone);
  gone.close();
  lab.service('web', [dead, alive]);
  for (let i = 0; i < 4; i += 1) {
    const { status, body } = await lab.ask('/', { method: 'POST', body: 'once' });
    t.equal(status, 200);
    t.equal(JSON.parse(body).body, 'once');
  }
  lab.service('web', [dead]);
  t.equal((await lab.ask('/')).status, 502);
  lab.service('web', []);
  t.equal((await lab.ask('/')).status, 503);
});

t.test('connections to a backend are kept, and one that it closed meanwhile is no error', async (t) => {
  const lab = await labWith(t, { paths: toWeb });
  const sockets = new Set<unknown>();
  let asked = 0;
  const server = createServer((req, res) => {
    sockets.add(req.socket);
    asked += 1;
    // Without an answer, as if its idle time had ended as the request came.
    if (asked === 3) return void req.socket.destroy();
    res.end('fine');
  });
  await lab.listening(server);
  lab.service('web', [portOf(server)]);
  for (let i = 0; i < 4; i += 1) t.equal((await lab.ask('/')).status, 200);
  t.equal(sockets.size, 2, 'one until it was closed, one after');
});

t.test('a POST whose backend breaks off is not sent twice', async (t) => {
  const lab = await labWith(t, { paths: toWeb });
  let asked = 0;
  await lab.backend('web', (req, res) => {
    asked += 1;
    req.resume();
    if (asked > 1) req.once('end', () => req.socket.destroy());
    else res.end();
  });
  await lab.ask('/');
  t.equal((await lab.ask('/', { method: 'POST', body: 'order' })).status, 502);
  t.equal(asked, 2);
});

t.test('a body above the limit is refused by its length and by its bytes', async (t) => {
  const annotations = { 'proxy-body-size': '1k' };
  const lab = await labWith(t, { paths: toWeb, annotations });
  let whole = 0;
  await lab.backend('web', (req, res) => {
    req.resume().once('end', () => {
      whole += 1;
      res.end('taken');
    });
  });
  const big = 'x'.repeat(2000);
  t.equal((await lab.ask('/', { method: 'POST', body: big })).status, 413);
  const headers = { 'transfer-encoding': 'chunked' };
  t.equal((await lab.ask('/', { method: 'POST', body: big, headers })).status, 413);
  t.equal(whole, 0, 'the backend never took it for a whole request');
  t.equal((await lab.ask('/', { method: 'POST', body: 'x'.repeat(1000), headers })).status, 200);
});

t.test('a client that waits for "100 Continue" gets it', async (t) => {
  const lab = await labWith(t, { paths: toWeb });
  await lab.backend('web');
  const head =
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n';
  const text = await raw(lab.ports.http, `${head}ok`);
  t.match(text, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200/);
});

t.test(
  'HTTPS shows the certificate of the host, the new one once its Secret changed, else the default',
  async (t) => {
    const tls = [{ hosts: ['a.test'], secretName: 'cert' }];
    const lab = await labWith(t, { host: 'a.test', paths: toWeb, tls });
    await lab.backend('web');
    const { https } = lab.ports;
    t.match(await shownName(https, 'a.test'), 'CN=ingress.local', 'while the Secret is missing');
    lab.secrets.set('default/cert', await tlsSecret(['a.test']));
    t.match(await shownName(https, 'a.test'), 'CN=a.test');
    t.match(await shownName(https, 'b.test'), 'CN=ingress.local');
    lab.secrets.set('default/cert', await tlsSecret(['renewed.test']));
    t.match(await shownName(https, 'a.test'), 'CN=renewed.test');
    const { body } = await lab.ask('/', { host: 'a.test', tls: true });
    t.match(JSON.parse(body).headers, { 'x-forwarded-proto': 'https', 'x-forwarded-port': String(https) });
  },
);

t.test(
  'a Secret that cannot be shown leaves the default certificate, one that clients refuse is shown',
  async (t) => {
    const tls = [{ hosts: ['a.test'], secretName: 'cert' }];
    const lab = await labWith(t, { host: 'a.test', paths: toWeb, tls });
    const [good, other] = [await tlsSecret(['a.test']), await tlsSecret(['a.test'])];
    const shown = async (change: object) => {
      lab.secrets.set('default/cert', { ...good, ...change });
      return shownName(lab.ports.https, 'a.test');
    };
    t.match(await shown({ data: { ...good.data, 'tls.key': other.data?.['tls.key'] } }), 'CN=ingress.local');
    t.match(await shown({ data: { 'tls.crt': good.data?.['tls.crt'] } }), 'CN=ingress.local');
    t.match(await shown({ data: { ...good.data, 'tls.crt': 'aGVsbG8=' } }), 'CN=ingress.local');
    t.match(await shown({ type: 'Opaque' }), 'CN=a.test', 'its keys count, not its type');
    const over = await tlsSecret(['a.test'], { clock: new FakeClock(Date.parse('2012-01-01T00:00:00Z')) });
    t.match(await shown(over), 'CN=a.test', 'it is over');
    t.match(await shown(await tlsSecret(['b.test'])), 'CN=b.test', 'of another name');
  },
);

t.test('a host with TLS sends HTTP to HTTPS, unless told not to', async (t) => {
  const tls = [{ hosts: ['a.test'] }];
  const annotations = { 'ssl-redirect': 'false' };
  const lab = await labWith(
    t,
    { host: 'a.test', paths: toWeb, tls },
    { name: 'plain', host: 'b.test', paths: toWeb, tls: [{ hosts: ['b.test'] }], annotations },
  );
  await lab.backend('web');
  const redirected = await lab.ask('/x?y=1', { host: 'a.test:8080' });
  t.equal(redirected.status, 308);
  t.equal(redirected.headers.location, 'https://a.test/x?y=1');
  t.equal((await lab.ask('/', { host: 'b.test' })).status, 200);
});

t.test('HTTP/2 clients are served, many at a time on one connection', async (t) => {
  const lab = await labWith(t, { paths: toWeb });
  await lab.backend('web');
  const session = connectHttp2(`https://127.0.0.1:${lab.ports.https}`, { rejectUnauthorized: false });
  t.teardown(() => session.destroy());
  const ask = (path: string, body: string) =>
    new Promise<{ status: number; text: string }>((resolve, reject) => {
      const stream = session.request({ ':path': path, ':method': 'POST', ':authority': 'example.com' });
      let status = 0;
      let text = '';
      stream.on('response', (headers) => {
        status = Number(headers[':status']);
      });
      stream.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      stream.once('error', reject);
      stream.once('end', () => resolve({ status, text }));
      stream.end(body);
    });
  const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => ask(`/${i}`, `body ${i}`)));
  answers.forEach(({ status, text }, i) => {
    t.equal(status, 200);
    t.match(JSON.parse(text), { url: `/${i}`, body: `body ${i}`, headers: { host: 'example.com' } });
  });
});

t.test('an answer with lines that end in LF alone, as small web servers write them, is one', async (t) => {
  const lab = await labWith(t, { paths: toWeb });
  await saying(lab, 'HTTP/1.0 200 OK\r\nX-Odd: a\x01b\nX-Name: \xe4\n\nhello', (socket) => socket.end());
  const { status, headers, body } = await lab.ask('/');
  t.same([status, body], [200, 'hello']);
  t.notOk('x-odd' in headers, 'what no client would take');
});

t.test(
  "a backend that is a name is found by the cluster's own DNS, but not on the board's loopback",
  async (t) => {
    const dns = new UplinkDns({ 'web.cluster.test': '10.48.0.9', 'self.cluster.test': '127.0.0.1' });
    await dns.start('127.0.0.1', 0);
    t.teardown(() => dns.stop());
    const found = (name: string, server?: NameServer) =>
      new Promise((resolve, reject) => {
        lookupAt(() => server)(name, { all: true }, (error, all) => (error ? reject(error) : resolve(all)));
      });
    const server = { address: '127.0.0.1', port: dns.port };
    t.same(await found('web.cluster.test', server), [{ address: '10.48.0.9', family: 4 }]);
    for (const name of ['self.cluster.test', 'none.cluster.test'])
      await t.rejects(found(name, server), { code: 'ENOTFOUND' });
    await t.rejects(found('web.cluster.test'), { code: 'ENOTFOUND' }, 'nobody to ask');
  },
);

t.test('a backend that is not found is a bad one, and one of the loopback is none', async (t) => {
  const lab = await labWith(t, { paths: toWeb });
  const external = (externalName: string) => {
    const spec = { type: 'ExternalName', externalName, ports: [{ name: 'http', port: 80 }] };
    lab.services.set('default/web', { key: 'default/web', uid: 'web', spec, slices: [] });
    return lab.ask('/');
  };
  t.equal((await external('web.cluster.test')).status, 502);
  t.equal((await external('127.0.0.1')).status, 503);
});

t.test('what is answered without a backend leaves the connection for the next request', async (t) => {
  const lab = await labWith(t, { paths: [{ path: '/web', service: 'web' }] });
  await lab.backend('web');
  const text = await raw(
    lab.ports.http,
    'GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /web HTTP/1.1\r\nHost: a\r\n\r\n',
  );
  t.same(
    [...text.matchAll(/HTTP\/1.1 (\d+)/g)].map(([, status]) => status),
    ['404', '200'],
  );
});

t.test('a cookie brings a client back to the pod that served it first', async (t) => {
  const annotations = { affinity: 'cookie', 'session-cookie-name': 'route', 'session-cookie-max-age': '60' };
  const lab = await labWith(t, { paths: toWeb, annotations });
  const ports = [await lab.backend('one'), await lab.backend('two'), await lab.backend('three')];
  lab.service('web', ports);
  const first = await lab.ask('/');
  const [given = ''] = first.headers['set-cookie'] ?? [];
  t.match(given, /^route=[\w-]{22}; Max-Age=60; Path=\/; HttpOnly$/);
  const cookie = given.split(';')[0] ?? '';
  const { name } = JSON.parse(first.body);
  for (let i = 0; i < 5; i += 1) {
    const again = await lab.ask('/', { headers: { cookie: `a=b; ${cookie}` } });
    t.equal(JSON.parse(again.body).name, name);
    t.notOk(again.headers['set-cookie']);
  }
  const others = new Set<string>();
  for (let i = 0; i < 3; i += 1) others.add(JSON.parse((await lab.ask('/')).body).name);
  t.equal(others.size, 3, 'who has none is served in turn');
});

t.test('a backend that says nothing is given up with 504', async (t) => {
  const lab = await labWith(t, { paths: toWeb, annotations: { 'proxy-read-timeout': '1' } });
  await lab.backend('web', () => undefined);
  t.equal((await lab.ask('/')).status, 504);
});

t.test('an answer that breaks off does not look whole', async (t) => {
  const lab = await labWith(t, { paths: toWeb });
  await lab.backend('web', (_, res) => {
    res.write('half');
    setImmediate(() => res.destroy());
  });
  await t.rejects(lab.ask('/'));
});

t.test('a client that leaves takes its request to the backend with it', async (t) => {
  const lab = await labWith(t, { paths: toWeb });
  let open = 0;
  let seen = 0;
  await lab.backend('web', (req) => {
    open += 1;
    seen += 1;
    req.socket.once('close', () => {
      open -= 1;
    });
  });
  const socket = connect(lab.ports.http, '127.0.0.1', () =>
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'),
  );
  await eventually(() => seen === 1);
  socket.destroy();
  await eventually(() => open === 0);
  await eventually(() => lab.lines.length === 1);
  t.match(lab.lines[0], /" 499 /, "as nginx's log has it");
});

t.test('each request is a line of the access log where that is on', async (t) => {
  const lab = await labWith(t, { paths: toWeb });
  await lab.backend('web');
  await lab.ask('/x', { headers: { 'user-agent': 'a"b' } });
  await eventually(() => lab.lines.length === 1);
  t.match(
    lab.lines[0],
    /^127\.0\.0\.1 - - \[.+\] "GET \/x HTTP\/1\.1" 200 "-" "a\\x22b" \d\.\d{3} \[default-web-80\] 127/,
  );
});

t.test('a port that another program holds is tried again until it is free', async (t) => {
  const holder = createServer();
  const lab = await IngressLab.start(t);
  await lab.listening(holder);
  const clock = new FakeClock();
  const told: boolean[] = [];
  const any = { host: '127.0.0.1', port: 0 };
  const server = new IngressServer({
    http: { ...any, port: portOf(holder) },
    https: any,
    defaultCertificate: await makeSelfMadeCertificate(['ingress.local'], systemClock),
    service: () => undefined,
    secret: () => undefined,
    onListening: (isListening) => told.push(isListening),
    clock,
    logger: silentLogger,
  });
  t.teardown(() => server.stop());
  await server.start();
  t.equal(server.ports, undefined);
  t.same(told, [], 'nobody is sent to a board that does not answer');
  await new Promise((resolve) => holder.close(resolve));
  await clock.advance(10_000);
  await eventually(() => server.ports !== undefined);
  t.same(told, [true]);
});
