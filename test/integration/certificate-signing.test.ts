// CertificateSigningRequests as people use them: made, approved and signed over HTTPS, and the certificate lets its
// holder in; what breaks a signer's rules fails and says why.
import { createPublicKey, webcrypto, X509Certificate } from 'node:crypto';
import t, { type Test } from 'tap';
import { systemClock } from '../../src/base/clock.ts';
import { sequence } from '../../src/base/component.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { InformerFactory } from '../../src/client/informer-factory.ts';
import { CertificateCleaner } from '../../src/controllers/certificate-cleaner.ts';
import { CertificateSigningController } from '../../src/controllers/certificate-signing.ts';
import { requestedIdentity, signRequest } from '../../src/pki/certificate-request.ts';
import { KEY_ALGORITHM, loadX509, toKeyPem } from '../../src/pki/x509.ts';
import { bind, certified } from '../support/access.ts';
import { startApiServer } from '../support/api-server.ts';
import { eventually } from '../support/eventually.ts';

const api = await startApiServer();
const { client } = api.server;
const informers = new InformerFactory({ client, clock: systemClock, logger: silentLogger });
const certificateSigner = {
  read: requestedIdentity,
  sign: (pem: string, options: { usage: 'server' | 'client'; lifetimeMs: number }) =>
    signRequest(api.authority, pem, options),
};
const common = { client, informers, clock: systemClock, logger: silentLogger, recorder: { record() {} } };
const loops = sequence([
  informers,
  new CertificateSigningController({ ...common, certificateSigner }),
  new CertificateCleaner(common),
]);
await loops.start();
t.teardown(async () => {
  await loops.stop();
  await api.stop();
});

const CSRS = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const RSA = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  publicExponent: new Uint8Array([1, 0, 1]),
  modulusLength: 2048,
};

interface Names {
  commonName: string;
  organization: string;
  dns?: string;
}

async function made({ commonName, organization, dns }: Names, algorithm: typeof RSA | typeof KEY_ALGORITHM) {
  const x509 = await loadX509();
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, [
    'sign',
    'verify',
  ])) as webcrypto.CryptoKeyPair;
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: [{ O: [organization] }, { CN: [commonName] }],
    keys,
    signingAlgorithm: algorithm,
    extensions: dns ? [new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: dns }])] : [],
  });
  return { keyPem: await toKeyPem(x509, keys.privateKey), pem: request.toString('pem') };
}

let count = 0;
/** Makes and approves a request; how it stands once the signer has looked. */
async function asked(pem: string, signer: string, usages: string[], expirationSeconds?: number) {
  const name = `r${++count}`;
  const request = Buffer.from(pem).toString('base64');
  const spec = {
    request,
    signerName: `kubernetes.io/${signer}`,
    usages,
    ...(expirationSeconds ? { expirationSeconds } : {}),
  };
  const { json } = await api.ask('POST', CSRS, {
    body: { metadata: { name }, spec: { ...spec, username: 'forged' } },
  });
  const conditions = [{ type: 'Approved', status: 'True', reason: 'Test', message: 'x' }];
  const approved = await api.ask('PUT', `${CSRS}/${name}/approval`, {
    body: { ...json, status: { conditions } },
  });
  if (approved.code !== 200) throw new Error(approved.text);
  return eventually(async () => {
    const { json: now } = await api.ask('GET', `${CSRS}/${name}`);
    return (now.status.certificate || now.status.conditions.length > 1) && now;
  });
}

for (const algorithm of [RSA, KEY_ALGORITHM]) {
  t.test(`an approved client certificate with a key of ${algorithm.name} lets its holder in`, async (t) => {
    const { pem, keyPem } = await made(
      { commonName: `ada-${algorithm.name}`, organization: 'readers' },
      algorithm,
    );
    const request = await asked(pem, 'kube-apiserver-client', ['client auth'], 3600);
    t.equal(request.spec.username, 'admin', 'who asked is what the server knows');
    const certificatePem = Buffer.from(request.status.certificate, 'base64').toString();
    const certificate = new X509Certificate(certificatePem);
    const leftMs = certificate.validToDate.getTime() - Date.now();
    t.ok(leftMs > 3_500_000 && leftMs <= 3_600_000, 'it holds as long as was asked for');
    t.same(
      certificate.publicKey.export({ type: 'spki', format: 'pem' }),
      createPublicKey(keyPem).export({ type: 'spki', format: 'pem' }),
    );
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
    const { json } = await api.ask('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {
      body: review,
      as: { certificatePem, keyPem },
    });
    t.match(json.status.userInfo, {
      username: `ada-${algorithm.name}`,
      groups: ['readers', 'system:authenticated'],
    });
  });
}

t.test('who approves may apply the condition, and owns it under the subresource', async (t) => {
  const { pem } = await made({ commonName: 'applied', organization: 'readers' }, KEY_ALGORITHM);
  const request = Buffer.from(pem).toString('base64');
  const spec = { request, signerName: 'kubernetes.io/kube-apiserver-client', usages: ['client auth'] };
  await api.ask('POST', CSRS, { body: { metadata: { name: 'applied' }, spec } });
  const head = { apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest' };
  const conditions = [{ type: 'Approved', status: 'True', reason: 'Test', message: 'x' }];
  const status = { conditions, certificate: Buffer.from('forged').toString('base64') };
  const { code, json } = await api.ask('PATCH', `${CSRS}/applied/approval?fieldManager=boss`, {
    body: { ...head, metadata: { name: 'applied' }, status },
    headers: { 'content-type': 'application/apply-patch+yaml' },
  });
  t.equal(code, 200, json.message);
  t.notOk(json.status.certificate);
  const entry = json.metadata.managedFields.find((e: { manager: string }) => e.manager === 'boss');
  t.match(entry, { operation: 'Apply', subresource: 'approval' });
  await eventually(async () => (await api.ask('GET', `${CSRS}/applied`)).json.status.certificate);
});

t.test('a serving certificate of a board carries its names, and lets nobody in', async (t) => {
  const { pem } = await made(
    { commonName: 'system:node:a', organization: 'system:nodes', dns: 'a.local' },
    KEY_ALGORITHM,
  );
  const { status } = await asked(pem, 'kubelet-serving', ['server auth', 'digital signature']);
  const certificate = new X509Certificate(Buffer.from(status.certificate, 'base64'));
  t.equal(certificate.subjectAltName, 'DNS:a.local');
  t.same(certificate.keyUsage, ['1.3.6.1.5.5.7.3.1']);
  t.ok(certificate.verify(new X509Certificate(api.authority.certificatePem).publicKey));
});

async function fails(t: Test, names: Names, signer: string, usages: string[], message: string) {
  const { pem } = await made(names, KEY_ALGORITHM);
  const { status } = await asked(pem, signer, usages);
  t.notOk(status.certificate);
  const failed = status.conditions.find(({ type }: { type: string }) => type === 'Failed');
  t.match(failed, { status: 'True', reason: 'SignerValidationFailure', message });
}

t.test('what breaks the rules of its signer fails and says why', async (t) => {
  const ada = { commonName: 'ada', organization: 'readers' };
  const board = { commonName: 'system:node:a', organization: 'system:nodes' };
  const client = 'kube-apiserver-client';
  await fails(t, ada, client, ['server auth'], 'usages must include "client auth"');
  await fails(
    t,
    ada,
    client,
    ['client auth', 'cert sign'],
    'invalid usage for client certificate: cert sign',
  );
  const kubelet = ['client auth', 'digital signature'];
  await fails(t, ada, 'kube-apiserver-client-kubelet', kubelet, 'subject organization is not system:nodes');
  const serving = ['server auth', 'digital signature'];
  await fails(t, board, 'kubelet-serving', serving, 'DNS or IP subjectAltName is required');
  const nonsense = '-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n';
  const { status } = await asked(nonsense, client, ['client auth']);
  t.match(status.conditions[1], { type: 'Failed', message: /cannot be read/ });
});

t.test('a certificate of system:masters cannot even be asked for', async (t) => {
  const { pem } = await made({ commonName: 'ada', organization: 'system:masters' }, KEY_ALGORITHM);
  const request = Buffer.from(pem).toString('base64');
  const spec = { request, signerName: 'kubernetes.io/kube-apiserver-client', usages: ['client auth'] };
  const body = { apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', spec };
  const message =
    'certificatesigningrequests.certificates.k8s.io "masters" is forbidden: use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed';
  const created = { ...body, metadata: { name: 'masters' } };
  t.match(await api.ask('POST', CSRS, { body: created }), { code: 403, json: { message } });
  const headers = { 'content-type': 'application/apply-patch+yaml' };
  const applied = await api.ask('PATCH', `${CSRS}/masters?fieldManager=t`, { body: created, headers });
  t.match(applied, { code: 403, json: { message } });
  const other = { ...created, spec: { ...spec, signerName: 'example.com/own' } };
  t.equal((await api.ask('POST', CSRS, { body: other })).code, 201, 'other signers have rules of their own');
});

t.test('nobody signs what was not approved, what was denied, or what another signs', async (t) => {
  const { pem } = await made({ commonName: 'eve', organization: 'readers' }, KEY_ALGORITHM);
  const spec = { request: Buffer.from(pem).toString('base64'), usages: ['client auth'] };
  const make = async (name: string, signerName: string, type?: string) => {
    const { json } = await api.ask('POST', CSRS, {
      body: { metadata: { name }, spec: { ...spec, signerName } },
    });
    const conditions = [{ type, status: 'True', reason: 'Test', message: 'x' }];
    if (type) await api.ask('PUT', `${CSRS}/${name}/approval`, { body: { ...json, status: { conditions } } });
  };
  await make('pending', 'kubernetes.io/kube-apiserver-client');
  await make('denied', 'kubernetes.io/kube-apiserver-client', 'Denied');
  await make('other', 'example.com/own', 'Approved');
  // One that is signed after them: the signer has looked at all by then.
  await asked(pem, 'kube-apiserver-client', ['client auth']);
  for (const name of ['pending', 'denied', 'other']) {
    t.equal((await api.ask('GET', `${CSRS}/${name}`)).json.status?.certificate, undefined, name);
  }
});

t.test('who may write requests but not approve for the signer approves nothing', async (t) => {
  const RBAC = '/apis/rbac.authorization.k8s.io/v1';
  const resources = ['certificatesigningrequests', 'certificatesigningrequests/approval'];
  const rules = [{ apiGroups: ['certificates.k8s.io'], resources, verbs: ['*'] }];
  await api.ask('POST', `${RBAC}/clusterroles`, { body: { metadata: { name: 'asking' }, rules } });
  await bind(api, 'asking', { kind: 'User', name: 'mallory' });
  const mallory = await certified(api, 'mallory');
  const { pem } = await made(
    { commonName: 'admin', organization: 'edge-cluster:cluster-admins' },
    KEY_ALGORITHM,
  );
  const request = Buffer.from(pem).toString('base64');
  const spec = { request, signerName: 'kubernetes.io/kube-apiserver-client', usages: ['client auth'] };
  const { json } = await mallory('POST', CSRS, { body: { metadata: { name: 'greedy' }, spec } });
  t.equal(json.spec.username, 'mallory');
  const conditions = [{ type: 'Approved', status: 'True' }];
  const { code } = await mallory('PUT', `${CSRS}/greedy/approval`, {
    body: { ...json, status: { conditions } },
  });
  t.equal(code, 403);
});
