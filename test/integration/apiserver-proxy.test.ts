// pods/proxy and services/proxy over HTTPS, to a server behind a board that dials back.
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib';
import t from 'tap';
import { WebSocket, WebSocketServer } from 'ws';
import { certified } from '../support/access.ts';
import { startStreamsLab } from '../support/streams-lab.ts';

const lab = await startStreamsLab();
const { api } = lab;
const seen: IncomingMessage[] = [];

/** `/page?CODING`: a page with one link from its root, in that coding. */
const page = ({ url = '' }: IncomingMessage, response: import('node:http').ServerResponse) => {
  const [, coding = ''] = url.split('?');
  const text = '<a href="/next">é</a>';
  const body =
    coding === 'gzip' ? gzipSync(text) : coding === 'deflate' ? deflateSync(text) : Buffer.from(text);
  response.writeHead(200, {
    'content-type': 'text/html; charset=utf-8',
    'content-length': body.length,
    ...(coding && { 'content-encoding': coding }),
  });
  response.end(body);
};

/** What the pod answers: itself at `/echo`, and what it is asked for elsewhere. */
const answer = (incoming: IncomingMessage, response: import('node:http').ServerResponse) => {
  seen.push(incoming);
  const { url = '', method } = incoming;
  if (url.startsWith('/away'))
    return response.writeHead(302, { location: '/login', 'set-cookie': ['a=1', 'b=2'] }).end();
  if (url.startsWith('/teapot'))
    return response.writeHead(418, 'Short and stout', { 'x-own': 'yes' }).end('no coffee');
  if (url.startsWith('/page')) return page(incoming, response);
  if (url.startsWith('/broken'))
    return response.writeHead(200, { 'content-length': 10 }).end('half', () => response.destroy());
  response.writeHead(200, { 'content-type': 'text/x-own' });
  response.write(`${method} ${url} `);
  incoming.pipe(response);
};
const server = createServer(answer);
const { certificatePem: cert, keyPem: key } = await api.authority.issue({
  commonName: 'pod',
  usage: 'server',
});
const secure = createTlsServer({ cert, key }, answer);
const sockets = new WebSocketServer({ server, path: '/socket' });
sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(`heard ${data}`)));
for (const each of [server, secure]) {
  each.listen(0, '127.0.0.1');
  await once(each, 'listening');
}
const port = (server.address() as AddressInfo).port;
const securePort = (secure.address() as AddressInfo).port;
t.teardown(async () => {
  await lab.stop();
  sockets.close();
  for (const each of [server, secure]) each.close().closeAllConnections();
});

const POD = `/api/v1/namespaces/default/pods/web:${port}/proxy`;
const { json: pod } = await api.ask('GET', '/api/v1/namespaces/default/pods/web');
const ports = [{ name: 'http', port: 80, targetPort: port }];
await api.ask('POST', '/api/v1/namespaces/default/services', {
  body: { metadata: { name: 'front' }, spec: { ports } },
});
await api.ask('POST', '/api/v1/namespaces/default/services', {
  body: { metadata: { name: 'empty' }, spec: { ports } },
});
const targetRef = { kind: 'Pod', namespace: 'default', name: 'web', uid: pod.metadata.uid };
const subsets = [{ addresses: [{ ip: '10.40.0.9', targetRef }], ports: [{ name: 'http', port }] }];
await api.ask('POST', '/api/v1/namespaces/default/endpoints', {
  body: { metadata: { name: 'front' }, subsets },
});
// An address that somebody wrote by hand must be no way into the network.
const strange = [{ addresses: [{ ip: '192.0.2.9' }], ports: [{ name: 'http', port: 80 }] }];
await api.ask('POST', '/api/v1/namespaces/default/endpoints', {
  body: { metadata: { name: 'empty' }, subsets: strange },
});

t.test(
  'every method reaches the pod with its path, query and body, and the answer is the pod’s own',
  async (t) => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      const { code, text, headers } = await api.ask(method, `${POD}/echo/a%2Fb/?q=1&q=2`, { body: 'body' });
      t.equal(text, `${method} /echo/a%2Fb/?q=1&q=2 body`);
      t.equal(code, 200);
      t.equal(headers['content-type'], 'text/x-own');
    }
    for (const method of ['DELETE', 'OPTIONS', 'PATCH', 'POST', 'PUT']) {
      const { code, text } = await api.ask(method, `${POD}?method=${method}`);
      t.same([code, text], [200, `${method} /?method=${method} `]);
    }
    t.equal((await api.ask('GET', `${POD}/`)).text, 'GET / ');
    t.equal((await api.ask('HEAD', `${POD}/echo`)).code, 200);
    const large = 'x'.repeat(3_500_000);
    t.equal((await api.ask('POST', `${POD}/`, { body: large })).text.length, 'POST / '.length + large.length);
    const chunked = { body: 'bits', headers: { 'transfer-encoding': 'chunked' } };
    t.equal((await api.ask('POST', `${POD}/`, chunked)).text, 'POST / bits');
    t.match(await api.ask('GET', `${POD}/teapot`), {
      code: 418,
      text: 'no coffee',
      headers: { 'x-own': 'yes' },
    });
  },
);

t.test('the pod never sees who the client is to the API server, but where it comes from', async (t) => {
  const headers = {
    'x-own': 'kept',
    connection: 'keep-alive, x-hop',
    'x-hop': 'dropped',
    'impersonate-user': 'vera',
  };
  const admins = {
    metadata: { name: 'vera' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
  };
  const subjects = [{ kind: 'User', name: 'vera', apiGroup: 'rbac.authorization.k8s.io' }];
  await api.ask('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    body: { ...admins, subjects },
  });
  await api.ask('GET', `${POD}/echo?a`, { headers: { ...headers, authorization: 'Bearer secret' } });
  const { headers: got } = seen.at(-1)!;
  t.match(got, { 'x-own': 'kept', 'x-forwarded-for': '127.0.0.1', 'x-forwarded-uri': `${POD}/echo` });
  for (const name of ['authorization', 'impersonate-user', 'x-hop']) t.notOk(name in got, name);
});

t.test('an empty path is led to the root, and what the pod redirects to stays under the proxy', async (t) => {
  t.equal((await api.ask('HEAD', `${POD}?a=b`)).code, 301);
  t.match(await api.ask('GET', `${POD}?a=b`), { code: 301, headers: { location: `${POD}/?a=b` } });
  t.equal((await api.ask('POST', POD)).text, 'POST / ');
  const { headers } = await api.ask('GET', `${POD}/away`);
  t.equal(headers.location, `${POD}/login`);
  t.same(headers['set-cookie'], ['a=1', 'b=2']);
});

t.test('links of a page lead through the proxy, in each coding that a browser takes', async (t) => {
  const link = `<a href="${POD}/next">é</a>`;
  const bytes = async (coding: string) => (await api.ask('GET', `${POD}/page?${coding}`)).bytes;
  t.equal((await bytes('')).toString(), link);
  t.equal(gunzipSync(await bytes('gzip')).toString(), link);
  t.equal(inflateSync(await bytes('deflate')).toString(), link);
  const { headers } = await api.ask('GET', `${POD}/page`);
  t.equal(headers['content-length'], undefined, 'the length of the pod’s own page is not told');
  t.equal((await api.ask('HEAD', `${POD}/page`)).code, 200);
  t.equal(
    (await bytes('br')).toString(),
    '<a href="/next">é</a>',
    'a coding that is not known is left alone',
  );
});

t.test('a Service is asked by the name or number of its port; a pod over TLS by its scheme', async (t) => {
  const services = '/api/v1/namespaces/default/services';
  for (const name of ['front:http', 'front:80', 'http:front:http']) {
    t.equal((await api.ask('GET', `${services}/${name}/proxy/x`)).text, 'GET /x ', name);
  }
  const secured = `/api/v1/namespaces/default/pods/https:web:${securePort}/proxy/x`;
  t.equal((await api.ask('GET', secured)).text, 'GET /x ');
});

t.test('what cannot be reached is told in upstream’s words', async (t) => {
  const services = '/api/v1/namespaces/default/services';
  const message = async (path: string) => {
    const { code, json } = await api.ask('GET', path);
    return `${code} ${json.message}`;
  };
  t.equal(await message(`${services}/front:81/proxy/`), '503 no service port 81 found for service "front"');
  t.equal(await message(`${services}/empty:http/proxy/`), '503 no endpoints available for service "empty"');
  t.equal(await message(`${services}/front:other/proxy/`), '503 no endpoints available for service "front"');
  t.equal(await message(`${services}/none/proxy/`), '404 services "none" not found');
  t.equal(await message(`${services}/ftp:front:80/proxy/`), '400 invalid service request "ftp:front:80"');
  t.match(
    await message('/api/v1/namespaces/default/pods/web:1/proxy/'),
    /^503 error trying to reach service: .*/,
  );
  t.match(await message('/api/v1/namespaces/default/configmaps/web/proxy/'), /^404 /);
});

t.test('an answer that breaks off is cut off for the client too', async (t) => {
  await t.rejects(api.ask('GET', `${POD}/broken`));
});

t.test('a WebSocket goes through, and a refused one is answered as the pod answers', async (t) => {
  const tls = { ca: api.authority.certificatePem, cert: api.admin.certificatePem, key: api.admin.keyPem };
  const socket = new WebSocket(`${api.url.replace('https', 'wss')}${POD}/socket`, tls);
  await once(socket, 'open');
  socket.send('word');
  const [data] = await once(socket, 'message');
  t.equal(String(data), 'heard word');
  socket.close();
  await once(socket, 'close');
  const refused = new WebSocket(`${api.url.replace('https', 'wss')}${POD}/nowhere`, tls);
  const [, refusal] = await once(refused, 'unexpected-response').catch((error) => [undefined, error]);
  t.equal(refusal.statusCode, 400);
});

t.test('it takes the right to the subresource', async (t) => {
  const nobody = await certified(api, 'nobody');
  const { code, json } = await nobody('GET', `${POD}/`);
  t.equal(code, 403);
  t.match(
    json.message,
    /User "nobody" cannot get resource "pods\/proxy" in API group "" in the namespace "default"/,
  );
});
