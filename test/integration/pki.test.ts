import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer, type TLSSocket } from 'node:tls';
import t, { type Test } from 'tap';
import { type CertificateAuthority, openAuthority } from '../../src/pki/certificate-authority.ts';
import type { TlsIdentity } from '../../src/pki/identity-file.ts';
import { ensureAdminCertificate, ensureServerCertificate } from '../../src/pki/kept-certificates.ts';
import { writeKubeconfig } from '../../src/pki/kubeconfig.ts';
import { createNodeRequest, signNodeRequest } from '../../src/pki/node-certificate.ts';
import { loadSecretKey } from '../../src/pki/secret-key.ts';
import { FakeClock } from '../support/fake-clock.ts';

const clock = new FakeClock();
const names = { dnsNames: ['localhost', 'edge.local'], ipAddresses: ['127.0.0.1', '10.48.0.1', 'fd00::1'] };

async function folder(t: Test): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'edge-pki-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

const mode = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

t.test('the authority is made once, valid before any clock, its key for the owner alone', async (t) => {
  const directory = await folder(t);
  const first = await openAuthority(directory, clock);
  const again = await openAuthority(directory, clock);
  t.equal(again.fingerprint, first.fingerprint);
  t.match(first.fingerprint, /^[0-9a-f]{64}$/);
  t.equal(await mode(join(directory, 'ca.pem')), '600');
  const certificate = new X509Certificate(await readFile(join(directory, 'ca.crt')));
  t.equal(new Date(certificate.validFrom).getUTCFullYear(), 2020);
  t.ok(certificate.ca && certificate.verify(certificate.publicKey));
});

t.test(
  'a damaged or half-written authority is an error that names the file and stays as it is',
  async (t) => {
    const directory = await folder(t);
    await openAuthority(directory, clock);
    const path = join(directory, 'ca.pem');
    const whole = await readFile(path, 'utf8');
    const other = await folder(t);
    await openAuthority(other, clock);
    const stranger = await readFile(join(other, 'ca.pem'), 'utf8');
    const split = whole.indexOf('-----BEGIN CERT');
    const mixed = whole.slice(0, split) + stranger.slice(stranger.indexOf('-----BEGIN CERT'));
    for (const text of ['', whole.slice(0, 100), whole.slice(0, -80), mixed]) {
      await writeFile(path, text);
      await t.rejects(openAuthority(directory, clock), {
        name: 'PkiError',
        message: /ca\.pem is damaged.*backup/,
      });
      t.equal(await readFile(path, 'utf8'), text);
    }
  },
);

t.test('the server certificate is kept while it fits and made again when names or time say so', async (t) => {
  const directory = await folder(t);
  const authority = await openAuthority(directory, clock);
  const first = await ensureServerCertificate(authority, directory, names, clock);
  t.same(await ensureServerCertificate(authority, directory, names, clock), first);
  const fewer = await ensureServerCertificate(
    authority,
    directory,
    { ...names, dnsNames: ['localhost'] },
    clock,
  );
  t.not(fewer.certificatePem, first.certificatePem);
  const more = await ensureServerCertificate(authority, directory, names, clock);
  t.not(more.certificatePem, fewer.certificatePem);
  const later = new FakeClock(Date.parse(new X509Certificate(more.certificatePem).validTo) - 1000);
  t.not(
    (await ensureServerCertificate(authority, directory, names, later)).certificatePem,
    more.certificatePem,
  );
  await writeFile(join(directory, 'server.pem'), 'half');
  t.ok((await ensureServerCertificate(authority, directory, names, clock)).certificatePem);
  const other = await openAuthority(await folder(t), clock);
  const foreign = await ensureServerCertificate(other, directory, names, clock);
  t.ok(
    new X509Certificate(foreign.certificatePem).verify(new X509Certificate(other.certificatePem).publicKey),
  );
});

t.test('server, administrator and board know each other over TLS, and nobody else gets in', async (t) => {
  const directory = await folder(t);
  const authority = await openAuthority(directory, clock);
  const server = await listen(
    t,
    authority,
    await ensureServerCertificate(authority, directory, names, clock),
  );
  const admin = await ensureAdminCertificate(authority, directory, clock);
  t.match(await subjectSeen(server, authority, admin), { CN: 'admin', O: 'edge-cluster:cluster-admins' });
  const { keyPem, requestPem } = await createNodeRequest('somebody-else');
  const certificatePem = await signNodeRequest(authority, requestPem, 'board-1');
  const node = { keyPem, certificatePem };
  t.match(await subjectSeen(server, authority, node), { CN: 'system:node:board-1', O: 'system:nodes' });
  const stranger = await openAuthority(await folder(t), clock);
  await t.rejects(
    subjectSeen(server, authority, await stranger.issue({ commonName: 'admin', usage: 'client' })),
  );
  await t.rejects(subjectSeen(server, stranger, admin), /certificate|self.signed/i);
});

t.test('a certificate request that is no request, or was tampered with, is refused', async (t) => {
  const authority = await openAuthority(await folder(t), clock);
  await t.rejects(signNodeRequest(authority, 'nonsense', 'a'), { name: 'PkiError' });
  const { requestPem } = await createNodeRequest('a');
  const der = Buffer.from(requestPem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  const at = der.indexOf('system:node:a');
  der.write('system:node:b', at);
  const pem = `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
  await t.rejects(signNodeRequest(authority, pem, 'a'), { message: /not signed with its own key/ });
});

t.test(
  'kubeconfig and secret key are files of mode 600, the key lasts, a wrong one is an error',
  async (t) => {
    const directory = await folder(t);
    const authority = await openAuthority(directory, clock);
    const client = await ensureAdminCertificate(authority, directory, clock);
    const path = join(directory, 'admin.kubeconfig');
    await writeKubeconfig(path, {
      server: 'https://127.0.0.1:6443',
      authorityPem: authority.certificatePem,
      client,
    });
    t.equal(await mode(path), '600');
    const keyPath = join(directory, 'keys', 'secrets.key');
    const key = await loadSecretKey(keyPath);
    t.equal(key.length, 32);
    t.equal(await mode(keyPath), '600');
    t.same(await loadSecretKey(keyPath), key);
    await writeFile(keyPath, 'abc');
    await t.rejects(loadSecretKey(keyPath), {
      name: 'PkiError',
      message: /secrets\.key does not hold a key/,
    });
  },
);

t.test(
  'a key that is not there yet is the same for all who ask at once, and the one on the disk',
  async (t) => {
    const directory = await mkdtemp(join(tmpdir(), 'edge-key-'));
    t.teardown(() => rm(directory, { recursive: true, force: true }));
    const path = join(directory, 'checkpoint.key');
    const keys = await Promise.all(Array.from({ length: 8 }, () => loadSecretKey(path)));
    const kept = await loadSecretKey(path);
    for (const key of keys) t.same(key, kept);
    t.same(await readdir(directory), ['checkpoint.key'], 'nothing lies beside it');
  },
);

async function listen(t: Test, authority: CertificateAuthority, identity: TlsIdentity): Promise<number> {
  const server = createServer(
    {
      key: identity.keyPem,
      cert: identity.certificatePem,
      ca: authority.certificatePem,
      requestCert: true,
      rejectUnauthorized: true,
    },
    (socket) => socket.end(JSON.stringify(socket.getPeerCertificate().subject)),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** What the server read in the client's certificate. */
async function subjectSeen(
  port: number,
  authority: CertificateAuthority,
  client: TlsIdentity,
): Promise<unknown> {
  const socket: TLSSocket = connect({
    port,
    host: '127.0.0.1',
    servername: 'edge.local',
    ca: authority.certificatePem,
    key: client.keyPem,
    cert: client.certificatePem,
  });
  let text = '';
  try {
    for await (const chunk of socket) text += chunk;
  } finally {
    socket.destroy();
  }
  return JSON.parse(text);
}
