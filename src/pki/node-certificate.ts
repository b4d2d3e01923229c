// How a board gets its identity: it makes a key that never leaves it, asks with a request, and the master signs.
// The name in the certificate is the one the master admits, whatever the request says.
import type { CertificateAuthority } from './certificate-authority.ts';
import { readRequest } from './certificate-request.ts';
import { KEY_ALGORITHM, loadX509, makeKeyPair, toKeyPem } from './x509.ts';

export const NODE_USER_PREFIX = 'system:node:';
export const NODES_GROUP = 'system:nodes';

export interface NodeRequest {
  keyPem: string;
  /** PKCS #10, PEM. */
  requestPem: string;
}

/** On the board: a new key and the request for its certificate. */
export async function createNodeRequest(nodeName: string): Promise<NodeRequest> {
  const x509 = await loadX509();
  const keys = await makeKeyPair();
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: [{ O: [NODES_GROUP] }, { CN: [NODE_USER_PREFIX + nodeName] }],
    keys: keys,
    signingAlgorithm: KEY_ALGORITHM,
  });
  return { keyPem: await toKeyPem(x509, keys.privateKey), requestPem: `${request.toString('pem')}\n` };
}

/** On the master: the certificate (PEM) of `nodeName`. Rejects with a PkiError when the request is no good. */
export async function signNodeRequest(
  authority: CertificateAuthority,
  requestPem: string,
  nodeName: string,
): Promise<string> {
  const x509 = await loadX509();
  const request = await readRequest(x509, requestPem);
  return authority.sign(
    x509,
    { commonName: NODE_USER_PREFIX + nodeName, organization: NODES_GROUP, usage: 'node' },
    await request.publicKey.export(KEY_ALGORITHM, ['verify']),
  );
}
