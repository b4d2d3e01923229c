// Streams end when the right to them is taken: a log, a process and forwarded ports, each while it runs.
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import t from 'tap';
import { WebSocket } from 'ws';
import { bind } from '../support/access.ts';
import { startStreamsLab } from '../support/streams-lab.ts';

const lab = await startStreamsLab();
const { api } = lab;
const server = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = server.address() as AddressInfo;
const over = Promise.withResolvers<void>();
t.teardown(async () => {
  over.resolve();
  await lab.stop();
  server.close();
});
lab.setLog(async function* () {
  yield Buffer.from('begun\n');
  await over.promise;
});

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const resources = ['pods/log', 'pods/exec', 'pods/portforward'];
const rules = [{ apiGroups: [''], resources, verbs: ['get', 'create'] }];
await api.ask('POST', `${RBAC}/clusterroles`, { body: { metadata: { name: 'helper' }, rules } });

/** Cut off, which for an answer is an error first. */
const closed = (stream: { once(event: 'close', listener: () => void): unknown }) =>
  new Promise<void>((resolve) => stream.once('close', resolve));

async function helper(name: string) {
  await bind(api, 'helper', { kind: 'User', name }, 'default');
  const identity = await api.authority.issue({ commonName: name, usage: 'client' });
  const tls = { ca: api.authority.certificatePem, cert: identity.certificatePem, key: identity.keyPem };
  const open = async (path: string, protocol: string) => {
    const socket = new WebSocket(`${api.url.replace('https', 'wss')}${lab.path(path)}`, protocol, tls);
    socket.on('error', () => {});
    await once(socket, 'open');
    return socket;
  };
  const log = await api.open('GET', lab.path('log?follow=true'), { as: identity });
  log.on('error', () => {});
  await once(log, 'data');
  const exec = await open('exec?command=cat&stdin=true&stdout=true', 'v4.channel.k8s.io');
  const forward = await open(`portforward?ports=${port}`, 'v4.channel.k8s.io');
  return { log, sockets: [exec, forward] };
}

t.test('all streams of who lost the right end, and those of others go on', async (t) => {
  const vera = await helper('vera');
  const olga = await helper('olga');
  const ended = [vera.log, ...vera.sockets].map(closed);
  for (const socket of vera.sockets) t.equal(socket.readyState, WebSocket.OPEN);
  const begun = performance.now();
  await api.ask('DELETE', `${RBAC}/namespaces/default/rolebindings/helper-vera`);
  await Promise.all(ended);
  t.ok(performance.now() - begun < 5_000);
  t.notOk(olga.log.destroyed);
  for (const socket of olga.sockets) t.equal(socket.readyState, WebSocket.OPEN);
  olga.log.destroy();
  for (const socket of olga.sockets) socket.terminate();
});
