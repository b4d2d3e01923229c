// What the HTTP client makes of servers that are slow, wrong, cut off or not there.
import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { configMaps } from '../../src/api/kinds/config-map.ts';
import type { ConfigMap } from '../../src/api/objects.ts';
import { expired, StatusError } from '../../src/api/status-error.ts';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { HttpClient } from '../../src/client/http-client.ts';
import type { HttpConnectionOptions } from '../../src/client/http-connection.ts';
import { Informer } from '../../src/client/informer.ts';
import { openAuthority } from '../../src/pki/certificate-authority.ts';
import { startApiServer } from '../support/api-server.ts';
import { eventually } from '../support/eventually.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

async function serve(
  t: Test,
  answer: Answer,
  more: Partial<HttpConnectionOptions> = {},
  lifetimeMs?: number,
) {
  const directory = await mkdtemp(join(tmpdir(), 'edge-client-'));
  const authority = await openAuthority(directory, systemClock);
  const identity = await authority.issue({
    commonName: 'x',
    usage: 'server',
    ipAddresses: ['127.0.0.1'],
    ...(lifetimeMs === undefined ? {} : { lifetimeMs }),
  });
  const server = createServer({ cert: identity.certificatePem, key: identity.keyPem }, answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = new HttpClient({ server: url, caPem: authority.certificatePem, ...more });
  t.teardown(async () => {
    client.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await rm(directory, { recursive: true, force: true });
  });
  return { client, url };
}

const json = (response: ServerResponse, code: number, body: unknown) =>
  response.writeHead(code, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));

async function failureOf(call: Promise<unknown>): Promise<StatusError> {
  const error = await call.then(
    () => new Error('no error'),
    (failure: unknown) => failure,
  );
  if (error instanceof StatusError) return error;
  throw error;
}

t.test('a server that is not there gives one error that says where and what to check', async (t) => {
  const client = new HttpClient({ server: 'https://127.0.0.1:1' });
  t.teardown(() => client.close());
  const error = await failureOf(client.get(configMaps, 'default/a'));
  t.equal(error.reason, 'ServiceUnavailable');
  t.match(
    error.message,
    /cannot reach the API server at https:\/\/127\.0\.0\.1:1 .*ECONNREFUSED.*check that/,
  );
});

t.test('a server of another CA is not believed', async (t) => {
  const { url } = await serve(t, (_, response) => json(response, 200, {}));
  const stranger = new HttpClient({ server: url });
  t.teardown(() => stranger.close());
  const error = await failureOf(stranger.get(configMaps, 'default/a'));
  t.equal(error.reason, 'ServiceUnavailable');
  t.match(error.message, /certificate/);
  const careless = new HttpClient({ server: url, insecureSkipTlsVerify: true });
  t.teardown(() => careless.close());
  await careless.get(configMaps, 'default/a');
});

t.test('a certificate that is not valid at this machine\u2019s time says so, with the time', async (t) => {
  const { client, url } = await serve(t, () => {}, {}, -3_600_000);
  const { message } = await failureOf(client.get(configMaps, 'default/a'));
  t.match(message, `the certificate of the API server at ${url} is not valid at 20`);
  t.match(message, /set the clock if that is wrong$/);
});

t.test('who is refused with a certificate that has ended is told so, and what to do', async (t) => {
  const api = await startApiServer();
  t.teardown(() => api.stop());
  const name = { commonName: 'admin', organization: 'system:masters', usage: 'client' } as const;
  const { certificatePem, keyPem } = await api.authority.issue({ ...name, lifetimeMs: -3_600_000 });
  const client = new HttpClient({
    server: api.url,
    caPem: api.authority.certificatePem,
    certPem: certificatePem,
    keyPem,
  });
  t.teardown(() => client.close());
  const error = await failureOf(client.get(configMaps, 'default/a'));
  t.equal(error.reason, 'Unauthorized');
  t.match(error.message, /^the client certificate ended at 20.*take the kubeconfig that the master wrote/);
});

t.test('a server that never answers is given up', async (t) => {
  const { client } = await serve(t, () => {}, { timeoutMs: 100 });
  t.equal((await failureOf(client.get(configMaps, 'default/a'))).reason, 'ServiceUnavailable');
  const watching = async () => {
    for await (const _ of client.watch(configMaps, { signal: new AbortController().signal })) return;
  };
  t.match((await failureOf(watching())).message, /no answer within 0\.1 s/);
});

t.test('a body that stops in the middle is an error, not half an object', async (t) => {
  const { client } = await serve(t, (_, response) => {
    response.writeHead(200, { 'Content-Length': 100 });
    response.write('{"kind":');
    setImmediate(() => response.destroy());
  });
  t.equal((await failureOf(client.get(configMaps, 'default/a'))).reason, 'ServiceUnavailable');
});

t.test('an answer that is no Status is quoted, one that is no JSON is named', async (t) => {
  const { client } = await serve(t, (request, response) => {
    response.writeHead(request.method === 'GET' ? 200 : 502).end('<html>proxy</html>');
  });
  const gateway = await failureOf(client.delete(configMaps as never, 'default/a'));
  t.equal(gateway.code, 502);
  t.match(gateway.message, /answered 502: <html>proxy/);
  t.match((await failureOf(client.get(configMaps, 'default/a'))).message, /did not answer in JSON/);
});

t.test('long lists come in pages; when a page has expired the list is taken whole', async (t) => {
  const asked: string[] = [];
  let isExpiring = false;
  const { client } = await serve(t, (request, response) => {
    const query = new URL(request.url ?? '', 'https://x').searchParams;
    asked.push(`${query.get('limit') ?? 'all'}/${query.get('continue') ?? ''}/${query.get('labelSelector')}`);
    if (query.get('continue') && isExpiring) return void json(response, 410, expired('too old').toStatus());
    const isFirst = query.has('limit') && !query.has('continue');
    const metadata = { resourceVersion: '7', ...(isFirst ? { continue: 'next' } : {}) };
    return void json(response, 200, { metadata, items: [{ metadata: { name: isFirst ? 'a' : 'b' } }] });
  });
  const names = async () =>
    (await client.list(configMaps, { labelSelector: 'x=y' })).items.map(({ metadata }) => metadata.name);
  t.same(await names(), ['a', 'b']);
  t.same(asked, ['500//x=y', '500/next/x=y']);
  isExpiring = true;
  t.same(await names(), ['b']);
  t.equal(asked.at(-1), 'all//x=y');
});

t.test(
  'a watch ends with the error that the server sends in it, or with the break of its connection',
  async (t) => {
    const { client } = await serve(t, (request, response) => {
      response.writeHead(200);
      response.write('{"type":"ADDED","object":{"metadata":{"name":"a"}}}\n');
      if (request.url?.includes('resourceVersion=1')) {
        response.end(`${JSON.stringify({ type: 'ERROR', object: expired('too old').toStatus() })}\n`);
      } else setImmediate(() => response.destroy());
    });
    const run = async (resourceVersion: string) => {
      const seen: string[] = [];
      const options = { resourceVersion, signal: new AbortController().signal };
      const error = await failureOf(
        (async () => {
          for await (const { object } of client.watch(configMaps, options)) seen.push(object.metadata.name);
        })(),
      );
      return [...seen, error.reason];
    };
    t.same(await run('1'), ['a', 'Expired']);
    t.same(await run('2'), ['a', 'ServiceUnavailable']);
  },
);

t.test('an informer over HTTP follows through a restart of the connection', async (t) => {
  const api = await startApiServer();
  const credentials = {
    caPem: api.authority.certificatePem,
    certPem: api.admin.certificatePem,
    keyPem: api.admin.keyPem,
  };
  const client = new HttpClient({ server: api.url, ...credentials });
  const informer = new Informer<ConfigMap>({
    client,
    kind: configMaps,
    clock: systemClock,
    logger: silentLogger,
  });
  t.teardown(async () => {
    await informer.stop();
    client.close();
    await api.stop();
  });
  const make = (name: string) => {
    const metadata = { name, namespace: 'default' };
    return api.server.client.create<ConfigMap>(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata });
  };
  await make('one');
  await informer.start();
  t.ok(informer.lister.get('default/one'));
  client.close();
  await make('two');
  await eventually(() => informer.lister.get('default/two') !== undefined);
  await api.server.client.delete(configMaps as never, 'default/one');
  await eventually(() => informer.lister.get('default/one') === undefined);
});
