// The forms of an answer beside plain JSON: gzip for large ones, metadata only, and watches over WebSocket.
import { gunzipSync } from 'node:zlib';
import t from 'tap';
import { WebSocket } from 'ws';
import { startApiServer } from '../support/api-server.ts';
import { eventually } from '../support/eventually.ts';

const api = await startApiServer();
t.teardown(() => api.stop());
const PATH = '/api/v1/namespaces/default/configmaps';

const configMap = (name: string, data: object) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
});

async function bytesOf(path: string, headers: Record<string, string>) {
  const incoming = await api.open('GET', path, { headers });
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  return { headers: incoming.headers, body: Buffer.concat(chunks) };
}

t.test('a large answer is compressed for who takes that, and for nobody else', async (t) => {
  const text = 'x'.repeat(200_000);
  await api.ask('POST', PATH, { body: configMap('large', { text }) });
  const plain = await bytesOf(`${PATH}/large`, {});
  t.notOk(plain.headers['content-encoding']);
  t.equal(JSON.parse(plain.body.toString()).data.text, text);
  const small = await bytesOf(`${PATH}/large`, { 'accept-encoding': 'deflate, gzip;q=0.5' });
  t.equal(small.headers['content-encoding'], 'gzip');
  t.ok(small.body.length < 10_000);
  t.equal(Number(small.headers['content-length']), small.body.length);
  t.same(JSON.parse(gunzipSync(small.body).toString()), JSON.parse(plain.body.toString()));
  const refused = await bytesOf(`${PATH}/large`, { 'accept-encoding': 'gzip;q=0' });
  t.notOk(refused.headers['content-encoding']);
  t.notOk((await bytesOf('/version', { 'accept-encoding': 'gzip' })).headers['content-encoding']);
});

t.test('metadata alone is given to who asks for it', async (t) => {
  const accept = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io';
  const list = await api.ask('GET', PATH, { headers: { accept } });
  t.match(list.json, { kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1' });
  t.ok(list.json.items.every((item: object) => !('data' in item)));
});

// biome-ignore lint/suspicious/noExplicitAny: tests look into whatever the server sent.
type Events = any[];

function watchOverWebSocket(query: string, protocols: string[] = []) {
  const socket = new WebSocket(`${api.url.replace('https', 'wss')}${PATH}?watch=1${query}`, protocols, {
    ca: api.authority.certificatePem,
    cert: api.admin.certificatePem,
    key: api.admin.keyPem,
  });
  const events: Events = [];
  const failure: { status?: number | undefined } = {};
  socket.on('message', (message) => events.push(JSON.parse(String(message))));
  socket.on('unexpected-response', (_request, response) => {
    failure.status = response.statusCode;
    response.resume();
    socket.terminate();
  });
  // Told by `failure`.
  socket.on('error', () => undefined);
  return { socket, events, failure };
}

for (const protocols of [[], ['base64.binary.k8s.io']]) {
  t.test(
    `a watch over WebSocket (${protocols[0] ?? 'no subprotocol'}) tells what a watch tells`,
    async (t) => {
      const name = `seen-${protocols.length}`;
      const { socket, events } = watchOverWebSocket(`&fieldSelector=metadata.name%3D${name}`, protocols);
      t.teardown(() => socket.terminate());
      await eventually(() => socket.readyState === WebSocket.OPEN);
      t.equal(socket.protocol, protocols[0] ?? '');
      await api.ask('POST', PATH, { body: configMap(name, { a: '1' }) });
      await api.ask('DELETE', `${PATH}/${name}`);
      await eventually(() => events.length === 2);
      t.same(
        events.map(({ type }) => type),
        ['ADDED', 'DELETED'],
      );
      t.equal(events[0].object.data.a, '1');
    },
  );
}

t.test('a watch over WebSocket ends when its time is over, and refuses what a watch refuses', async (t) => {
  const { socket } = watchOverWebSocket('&timeoutSeconds=1');
  t.teardown(() => socket.terminate());
  await eventually(() => socket.readyState === WebSocket.CLOSED);
  const bad = watchOverWebSocket('&fieldSelector=spec.nothing%3Dx');
  await eventually(() => bad.failure.status !== undefined);
  t.equal(bad.failure.status, 400);
});
