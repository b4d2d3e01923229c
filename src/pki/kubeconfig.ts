// The file with which kubectl, edgectl and every other client reaches the cluster; everything is inside it, so it
// can be copied to another machine.
// https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
import { writeFileAtomically } from '../base/atomic-file.ts';
import { readFileIfPresent } from '../base/if-present.ts';
import type { TlsIdentity } from './identity-file.ts';

export interface KubeconfigOptions {
  /** `https://host:port`. */
  server: string;
  authorityPem: string;
  client: TlsIdentity;
  /** Of cluster and context; `edge-cluster` unless said. */
  name?: string;
}

/** Mode 0600: whoever reads it is the administrator. Written only when something is new. */
export async function writeKubeconfig(path: string, options: KubeconfigOptions): Promise<void> {
  const text = renderKubeconfig(options);
  if ((await readFileIfPresent(path)) !== text) await writeFileAtomically(path, text, 0o600);
}

export function renderKubeconfig({
  server,
  authorityPem,
  client,
  name = 'edge-cluster',
}: KubeconfigOptions): string {
  const base64 = (pem: string) => Buffer.from(pem).toString('base64');
  return `apiVersion: v1
kind: Config
clusters:
- name: ${name}
  cluster:
    server: ${JSON.stringify(server)}
    certificate-authority-data: ${base64(authorityPem)}
users:
- name: ${name}-admin
  user:
    client-certificate-data: ${base64(client.certificatePem)}
    client-key-data: ${base64(client.keyPem)}
contexts:
- name: ${name}
  context:
    cluster: ${name}
    user: ${name}-admin
current-context: ${name}
`;
}
