// Images from board to board over TLS on loopback, with fake engines at both ends.
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import t, { type Test } from 'tap';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { credentialHash, ImageRights } from '../../src/kubelet/images/image-rights.ts';
import { IMAGES_PATH, ImageServer, type NodeTls } from '../../src/kubelet/images/image-server.ts';
import { NeighbourImages } from '../../src/kubelet/images/neighbour-images.ts';
import { type CertificateAuthority, openAuthority } from '../../src/pki/certificate-authority.ts';
import { createNodeRequest, signNodeRequest } from '../../src/pki/node-certificate.ts';
import { imageIdOf } from '../support/fake-image-store.ts';
import { FakeRuntime } from '../support/fake-runtime.ts';

const IMAGE = 'registry.lan/app:1';
const ID = imageIdOf(IMAGE);
const ann = { username: 'ann', password: 'sesame' };
const annsKeyring = [{ place: 'registry.lan', auth: ann }];

async function folder(t: Test): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'edge-images-'));
  t.teardown(() => rm(path, { recursive: true, force: true }));
  return path;
}

async function nodeTls(authority: CertificateAuthority, node: string): Promise<NodeTls> {
  const { keyPem, requestPem } = await createNodeRequest(node);
  const certPem = await signNodeRequest(authority, requestPem, node);
  return { keyPem, certPem, caPem: authority.certificatePem };
}

async function twoBoards(t: Test) {
  const directory = await folder(t);
  const authority = await openAuthority(directory, systemClock);
  const [tlsA, tlsB] = [await nodeTls(authority, 'a'), await nodeTls(authority, 'b')];
  const runtimeA = new FakeRuntime({ clock: systemClock, images: [IMAGE] });
  const runtimeB = new FakeRuntime({ clock: systemClock });
  const rightsA = new ImageRights(join(directory, 'a.json'));
  const rightsB = new ImageRights(join(directory, 'b.json'));
  const logger = silentLogger;
  const server = new ImageServer({ port: 0, tls: () => tlsA, runtime: runtimeA, rights: rightsA, logger });
  await server.start();
  t.teardown(() => server.stop());
  const port = server.port ?? 0;
  const from = (node: string) =>
    new NeighbourImages({
      holders: async () => [{ node, address: '127.0.0.1', id: ID }],
      port,
      tls: () => tlsB,
      runtime: runtimeB,
      rights: rightsB,
      logger,
    });
  return { authority, tlsB, runtimeA, runtimeB, rightsA, rightsB, port, from };
}

/** The status, or the error of a connection that was refused. */
function statusOf(port: number, tls: Partial<NodeTls>, ca: string): Promise<number | string> {
  return new Promise((resolve) => {
    const options = { host: '127.0.0.1', port, path: IMAGES_PATH + ID, agent: false, ca };
    const certificate = tls.certPem && tls.keyPem ? { cert: tls.certPem, key: tls.keyPem } : {};
    const sent = request({ ...options, ...certificate, checkServerIdentity: () => undefined }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    sent.end();
  });
}

t.test('a board takes an image from the one that has it', async (t) => {
  const { runtimeB, from } = await twoBoards(t);
  t.equal(await from('a').fetch(IMAGE, [], []), 'a');
  t.same([...runtimeB.images], [IMAGE]);
  t.equal(
    await from('a').fetch(`registry.lan/app@sha256:${'0'.repeat(64)}`, [], []),
    undefined,
    'not by digest',
  );
});

t.test('a board that is not the one it should be is not asked', async (t) => {
  const { runtimeB, from } = await twoBoards(t);
  t.equal(await from('c').fetch(IMAGE, [], []), undefined);
  t.equal(runtimeB.images.size, 0);
});

t.test('who shows no certificate, a stranger’s or a user’s gets nothing', async (t) => {
  const { authority, tlsB, port } = await twoBoards(t);
  const ca = authority.certificatePem;
  t.equal(await statusOf(port, tlsB, ca), 200);
  t.type(await statusOf(port, {}, ca), 'string', 'cut off');
  const stranger = await nodeTls(await openAuthority(await folder(t), systemClock), 'b');
  t.type(await statusOf(port, stranger, ca), 'string', 'cut off');
  const user = await authority.issue({ commonName: 'system:node:b', usage: 'client' });
  t.equal(await statusOf(port, { keyPem: user.keyPem, certPem: user.certificatePem }, ca), 403);
});

t.test('an image that took credentials goes only to who shows the same', async (t) => {
  const { rightsA, rightsB, from, runtimeB } = await twoBoards(t);
  await rightsA.note(ID, credentialHash(IMAGE, ann));
  t.equal(await from('a').fetch(IMAGE, [], []), undefined);
  const wrong = [{ place: 'registry.lan', auth: { ...ann, password: 'other' } }];
  const problems: string[] = [];
  t.equal(await from('a').fetch(IMAGE, wrong, problems), undefined);
  t.match(problems, [/cannot take .* from node "a": it refused with status 403/]);
  t.equal(runtimeB.images.size, 0);
  t.equal(await from('a').fetch(IMAGE, annsKeyring, []), 'a');
  t.ok(await rightsB.isPrivate(ID), 'and is kept as such');
});

t.test('an archive of another image than was asked for gets no name and does not stay', async (t) => {
  const { runtimeA, runtimeB, from } = await twoBoards(t);
  runtimeA.imageStore = async () =>
    ({ save: async () => Readable.from(['fake archive registry.lan/evil:1']) }) as never;
  t.equal(await from('a').fetch(IMAGE, [], []), undefined);
  t.equal(runtimeB.images.size, 0);
});
