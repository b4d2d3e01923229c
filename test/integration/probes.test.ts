// Probes over the network, against servers on the loopback: what counts as healthy, and upstream's words when not.
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createGrpcServer, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import t from 'tap';
import type { core } from '../../src/api/objects.ts';
import { runProbe } from '../../src/kubelet/probes/run-probe.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { FakeRuntime } from '../support/fake-runtime.ts';

type Ending = Pick<typeof t, 'teardown'>;

async function listening(
  t: Ending,
  server: Pick<Server, 'listen' | 'close' | 'address' | 'once'>,
): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server as Server, 'listening');
  t.teardown(() => server.close());
  return (server.address() as AddressInfo).port;
}

async function httpPort(t: Ending, listener: RequestListener): Promise<number> {
  const server = createServer(listener);
  t.teardown(() => server.closeAllConnections());
  return listening(t, server);
}

function look(probe: core.Probe, ports: core.ContainerPort[] = []) {
  return runProbe({
    runtime: new FakeRuntime({ clock: new FakeClock() }),
    container: { name: 'web', image: 'web:1', ports },
    containerId: 'none',
    probe: { timeoutSeconds: 1, ...probe },
    podIP: '127.0.0.1',
    signal: new AbortController().signal,
  });
}

t.test('an HTTP probe asks as it is told, and takes 200 to 299', async (t) => {
  const seen: Record<string, unknown> = {};
  const port = await httpPort(t, (request, response) => {
    Object.assign(seen, { url: request.url, ...request.headers });
    response.end('fine');
  });
  const httpHeaders = [
    { name: 'Host', value: 'shop.lan' },
    { name: 'X-Probe', value: 'yes' },
  ];
  const httpGet = { path: '/healthz?full=1', port: 'http', httpHeaders };
  t.same(await look({ httpGet }, [{ name: 'http', containerPort: port }]), {
    outcome: 'success',
    output: 'fine',
  });
  t.match(seen, { url: '/healthz?full=1', host: 'shop.lan', 'x-probe': 'yes', accept: '*/*' });
  t.match(seen['user-agent'], /^kube-probe\/\d+\.\d+$/);
});

t.test('an HTTP probe says which status it did not like', async (t) => {
  const port = await httpPort(t, (_request, response) => response.writeHead(500).end('no'));
  t.same(await look({ httpGet: { port } }), {
    outcome: 'failure',
    output: 'HTTP probe failed with statuscode: 500',
  });
});

t.test('redirects are followed on the same host; one that leads away is a warning', async (t) => {
  const port = await httpPort(t, ({ url }, response) => {
    const location = url === '/away' ? 'http://example.invalid/' : '/there';
    if (url === '/there') response.end('arrived');
    else response.writeHead(302, { location }).end('go');
  });
  t.same(await look({ httpGet: { port, path: '/here' } }), { outcome: 'success', output: 'arrived' });
  t.same(await look({ httpGet: { port, path: '/away' } }), {
    outcome: 'warning',
    output: 'Probe terminated redirects, Response body: go',
  });
});

t.test('redirects that never end are a failure', async (t) => {
  const port = await httpPort(t, (_request, response) => response.writeHead(302, { location: '/' }).end());
  t.match(await look({ httpGet: { port } }), { outcome: 'failure', output: /stopped after 10 redirects/ });
});

t.test('a server that does not answer in time has failed', async (t) => {
  const port = await httpPort(t, () => {});
  const { outcome, output } = await look({ httpGet: { port } });
  t.equal(outcome, 'failure');
  t.match(output, `Get "http://127.0.0.1:${port}/": context deadline exceeded (Client.Timeout exceeded`);
});

t.test('a port that nobody listens on refuses, for HTTP and TCP alike', async (t) => {
  const server = createTcpServer();
  const port = await listening(t, server);
  t.same(await look({ tcpSocket: { port } }), { outcome: 'success', output: '' });
  server.close();
  await once(server, 'close');
  const output = `dial tcp 127.0.0.1:${port}: connect: connection refused`;
  t.same(await look({ tcpSocket: { port } }), { outcome: 'failure', output });
  t.match((await look({ httpGet: { port } })).output, output);
});

t.test('a port name that the container does not have is no result', async (t) => {
  t.same(await look({ tcpSocket: { port: 'none' } }), {
    outcome: 'unknown',
    output: "couldn't find port: none",
  });
});

/** A health service that answers `status` to each service but `gone`, and keeps the request's bytes. */
async function healthPort(t: Ending, status: number, code = '0'): Promise<{ port: number; asked: Buffer[] }> {
  const asked: Buffer[] = [];
  const server = createGrpcServer();
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    stream.on('data', (chunk: Buffer) => asked.push(chunk));
    stream.on('end', () => {
      t.teardown(() => stream.session?.destroy());
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () =>
        stream.sendTrailers({ 'grpc-status': code, 'grpc-message': 'as%20said' }),
      );
      stream.end(Buffer.from([0, 0, 0, 0, 2, 0x08, status]));
    });
    if (headers[':path'] !== '/grpc.health.v1.Health/Check') stream.close(8);
  });
  return { port: await listening(t, server), asked };
}

t.test('a gRPC probe takes SERVING, and names the service it asks for', async (t) => {
  const { port, asked } = await healthPort(t, 1);
  t.same(await look({ grpc: { port, service: 'shop' } }), { outcome: 'success', output: '' });
  t.same(Buffer.concat(asked), Buffer.from([0, 0, 0, 0, 6, 0x0a, 4, ...Buffer.from('shop')]));
});

t.test('a gRPC probe says what it was answered', async (t) => {
  const { port } = await healthPort(t, 2);
  t.same(await look({ grpc: { port } }), {
    outcome: 'failure',
    output: 'service unhealthy (responded with "NOT_SERVING")',
  });
  const without = await healthPort(t, 0, '12');
  t.match(await look({ grpc: { port: without.port } }), {
    outcome: 'failure',
    output: /does not implement.*as said/,
  });
});

t.test('a gRPC server that is silent or not there has failed', async (t) => {
  const silent = createTcpServer((socket) => t.teardown(() => socket.destroy()));
  const port = await listening(t, silent);
  t.match(await look({ grpc: { port } }), { outcome: 'failure', output: /^timeout: / });
  silent.close();
  const gone = createTcpServer();
  const free = await listening(t, gone);
  gone.close();
  await once(gone, 'close');
  t.match(await look({ grpc: { port: free } }), { outcome: 'failure', output: /connection refused/ });
});
