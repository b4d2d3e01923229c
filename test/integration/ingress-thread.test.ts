// Ingress as a guest of the proxy's thread, with real backends: rules, endpoints and certificates as they change, and
// another thread after one has died.
import { once } from 'node:events';
import { createServer, get, type IncomingMessage } from 'node:http';
import { connect } from 'node:tls';
import t, { type Test } from 'tap';
import type { BoardService } from '../../src/api/board-service.ts';
import type { Secret } from '../../src/api/objects.ts';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { IngressThread } from '../../src/ingress/ingress-thread.ts';
import { makeSelfMadeCertificate } from '../../src/pki/self-made-certificate.ts';
import { ProxyThread } from '../../src/proxy/proxy-thread.ts';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { freePort } from '../support/free-port.ts';
import { ingress } from '../support/ingress-lab.ts';
import { tlsSecret } from '../support/tls-secret.ts';

const paths = [{ path: '/', service: 'web' }];

async function world(t: Test) {
  const clock = new FakeClock();
  const proxy = new ProxyThread({
    listenAddress: '127.0.0.1',
    onVirtualPorts: () => undefined,
    onRefusal: () => undefined,
    clock,
    logger: silentLogger,
  });
  const services = new Map<string, BoardService>();
  const secrets = new Map<string, Secret>();
  const lines: string[] = [];
  const listening: boolean[] = [];
  const ports = { http: await freePort(), https: await freePort() };
  const served = new IngressThread({
    host: proxy,
    http: { host: '127.0.0.1', port: ports.http },
    https: { host: '127.0.0.1', port: ports.https },
    defaultCertificate: await makeSelfMadeCertificate(['ingress.local'], systemClock),
    logsAccess: true,
    service: (key) => services.get(key),
    secret: (key) => secrets.get(key),
    nameServer: () => undefined,
    onListening: (isListening) => listening.push(isListening),
    accessLog: (line) => lines.push(line),
    logger: silentLogger,
  });
  await proxy.start();
  await served.start();
  t.teardown(async () => {
    await served.stop();
    await proxy.stop();
  });
  await eventually(() => listening.at(-1) === true, 10_000);
  const ask = (path = '/') => page(ports.http, path);
  return { proxy, served, services, secrets, lines, listening, ports, ask, clock };
}

async function page(port: number, path: string): Promise<string> {
  const [response] = (await once(get({ host: '127.0.0.1', port, path, agent: false }), 'response')) as [
    IncomingMessage,
  ];
  const parts = await response.setEncoding('utf8').toArray();
  return `${response.statusCode} ${parts.join('')}`;
}

async function backend(t: Test, body: string): Promise<BoardService> {
  const server = createServer((_, response) => response.end(body));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as { port: number };
  const endpoints = [{ addresses: ['127.0.0.1'], conditions: { ready: true } }];
  const slices = [
    { addressType: 'IPv4' as const, ports: [{ name: 'http', port, protocol: 'TCP' }], endpoints },
  ];
  const spec = { ports: [{ name: 'http', port: 80 }] };
  return { key: 'default/web', uid: 'web', spec, slices };
}

async function shownName(port: number): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, servername: 'shop.test', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const { CN } = socket.getPeerCertificate().subject;
  socket.destroy();
  return String(CN);
}

t.test('requests are answered there, by rules and endpoints as they are now', async (t) => {
  const { served, services, lines, ask } = await world(t);
  t.match(await ask(), /^404/);
  served.update([ingress({ paths })]);
  t.match(
    await eventually(async () => ((await ask()).startsWith('503') ? 'no endpoint' : false)),
    'no endpoint',
  );
  services.set('default/web', await backend(t, 'first'));
  served.refresh();
  t.equal(await eventually(async () => ((await ask()) === '200 first' ? 'first' : false)), 'first');
  services.set('default/web', await backend(t, 'second'));
  served.refresh();
  await eventually(async () => (await ask()) === '200 second');
  t.match(await eventually(() => lines.find((line) => line.includes(' 200 ')) ?? false), /GET/);
});

t.test('a certificate is shown once its Secret is known, and the next one when that changes', async (t) => {
  const { served, secrets, ports } = await world(t);
  served.update([
    ingress({ host: 'shop.test', paths, tls: [{ hosts: ['shop.test'], secretName: 'shown' }] }),
  ]);
  t.equal(await shownName(ports.https), 'ingress.local');
  for (const [name, version] of [
    ['one.test', '1'],
    ['two.test', '2'],
  ] as const) {
    secrets.set('default/shown', await tlsSecret([name], { name: 'shown', resourceVersion: version }));
    served.refresh();
    await eventually(async () => (await shownName(ports.https)) === name);
  }
});

t.test('a thread that died serves again as before, and stop() leaves nobody listening', async (t) => {
  const { proxy, served, services, listening, ask, clock } = await world(t);
  services.set('default/web', await backend(t, 'here'));
  served.update([ingress({ paths })]);
  await eventually(async () => (await ask()) === '200 here');
  await proxy.update(null as never);
  await eventually(() => listening.at(-1) === false);
  await clock.advance(1000);
  await eventually(async () => (await ask()) === '200 here', 10_000);
  t.same(listening, [true, false, true]);
  await served.stop();
  await t.rejects(ask(), { code: 'ECONNREFUSED' });
});
