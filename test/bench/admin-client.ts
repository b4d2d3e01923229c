// The API over HTTPS with the rights of the administrator that the cluster made at its start.
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { HttpClient } from '../../src/client/http-client.ts';
import type { Trial } from '../support/trial.ts';

interface Kubeconfig {
  clusters: [{ cluster: { server: string; 'certificate-authority-data': string } }];
  users: [{ user: { 'client-certificate-data': string; 'client-key-data': string } }];
}

export async function adminClient(trial: Pick<Trial, 'kubeconfig'>): Promise<HttpClient> {
  const config: Kubeconfig = parse(await readFile(trial.kubeconfig, 'utf8'));
  const pem = (base64: string) => Buffer.from(base64, 'base64').toString();
  const [{ cluster }] = config.clusters;
  const [{ user }] = config.users;
  return new HttpClient({
    server: cluster.server,
    caPem: pem(cluster['certificate-authority-data']),
    certPem: pem(user['client-certificate-data']),
    keyPem: pem(user['client-key-data']),
  });
}
