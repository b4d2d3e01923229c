// When requests for certificates are taken away, and what the signers' rules say of names and usages.
import t from 'tap';
import { certificateSigningRequests } from '../../../src/api/kinds/certificate-signing-request.ts';
import type { CertificateSigningRequest } from '../../../src/api/objects.ts';
import { CertificateCleaner, endsAtMs } from '../../../src/controllers/certificate-cleaner.ts';
import { signers } from '../../../src/controllers/certificate-signers.ts';
import { eventually } from '../../support/eventually.ts';
import { memoryCluster } from '../../support/memory-cluster.ts';

const MINUTE_MS = 60_000;
const PEM = '-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n';

t.test('a request that nobody decides goes after a day', async (t) => {
  const cluster = await memoryCluster();
  t.teardown(() => cluster.stop());
  const { client, clock } = cluster;
  const make = (name: string) =>
    client.create<CertificateSigningRequest>(certificateSigningRequests, {
      apiVersion: 'certificates.k8s.io/v1',
      kind: 'CertificateSigningRequest',
      metadata: { name },
      spec: {
        request: Buffer.from(PEM).toString('base64'),
        signerName: 'example.com/own',
        usages: ['client auth'],
      },
    } as Parameters<typeof client.create<CertificateSigningRequest>>[1]);
  await make('pending');
  await cluster.run(new CertificateCleaner(cluster.options));
  const names = async () =>
    (await client.list(certificateSigningRequests, {})).items.map((item) => item.metadata.name);
  await clock.advance(23 * 60 * MINUTE_MS);
  t.ok((await names()).includes('pending'));
  await eventually(async () => {
    await clock.advance(61 * MINUTE_MS);
    return (await names()).length === 0;
  });
});

t.test(
  'a request that was decided goes an hour after its decision, other conditions count for nothing',
  async (t) => {
    const atHour = (hour: number) => `2026-01-01T${String(hour).padStart(2, '0')}:00:00Z`;
    const request = (...types: string[]) =>
      ({
        metadata: { creationTimestamp: atHour(0) },
        status: { conditions: types.map((type) => ({ type, status: 'True', lastUpdateTime: atHour(5) })) },
      }) as unknown as CertificateSigningRequest;
    for (const type of ['Approved', 'Denied']) t.equal(endsAtMs(request(type)), Date.parse(atHour(6)));
    t.equal(endsAtMs(request('Failed', 'Approved')), Date.parse(atHour(6)));
    t.equal(endsAtMs(request('Failed')), Date.parse('2026-01-02T00:00:00Z'));
    t.equal(endsAtMs(request()), Date.parse('2026-01-02T00:00:00Z'));
  },
);

t.test('names and usages are those that each signer allows', async (t) => {
  const board = {
    commonName: 'system:node:a',
    organizations: ['system:nodes'],
    dnsNames: [],
    ipAddresses: [],
    otherNames: [],
  };
  const problem = (signer: string, subject: object, usages: string[]) =>
    signers[`kubernetes.io/${signer}`]?.problem({ ...board, ...subject }, usages);
  const client = ['client auth', 'digital signature', 'key encipherment'];
  t.equal(problem('kube-apiserver-client-kubelet', {}, client), undefined);
  t.match(
    problem('kube-apiserver-client-kubelet', { ipAddresses: ['192.0.2.1'] }, client),
    /IP subjectAltNames/,
  );
  t.match(problem('kube-apiserver-client-kubelet', { commonName: 'a' }, client), /common name/);
  t.match(problem('kube-apiserver-client-kubelet', {}, ['client auth']), /must include "digital signature"/);
  const server = ['server auth', 'digital signature'];
  t.equal(problem('kubelet-serving', { ipAddresses: ['192.0.2.1'] }, server), undefined);
  t.match(problem('kubelet-serving', { dnsNames: ['a'], otherNames: ['a@b'] }, server), /Email and URI/);
  t.match(problem('kubelet-serving', { dnsNames: ['a'], organizations: [] }, server), /organization/);
  t.match(
    problem('kubelet-serving', { dnsNames: ['a'] }, [...server, 'client auth']),
    /invalid usage for server/,
  );
  t.equal(problem('kube-apiserver-client', { organizations: ['a', 'b'] }, ['client auth']), undefined);
});
