// A board's identity: the certificate it bought with a join token, or that the master beside it signed.
import { readFile } from 'node:fs/promises';
import { type RequestOptions, request } from 'node:https';
import { join } from 'node:path';
import type { JoinRequest, JoinResponse } from '../api/join.ts';
import { StatusError } from '../api/status-error.ts';
import { writeFileAtomically } from '../base/atomic-file.ts';
import { type CertificateAuthority, fingerprintOf } from '../pki/certificate-authority.ts';
import { readIdentity, type TlsIdentity, writeIdentity } from '../pki/identity-file.ts';
import { parseJoinToken } from '../pki/join-token.ts';
import { createNodeRequest, signNodeRequest } from '../pki/node-certificate.ts';

export interface NodeIdentity extends TlsIdentity {
  authorityPem: string;
  mqttPort: number;
}

const REMEDY = 'Remove it and start the agent with a new token';
const TIMEOUT_MS = 10_000;
/** The master's certificate is checked by what the token says, not by what a stranger claims. */
const UNVERIFIED = { rejectUnauthorized: false } as const;

/** What was stored by an earlier join, if there was one. */
export async function storedIdentity(directory: string): Promise<NodeIdentity | undefined> {
  const identity = await readIdentity(join(directory, 'node.pem'), REMEDY);
  if (!identity) return undefined;
  const { authorityPem, mqttPort } = JSON.parse(await readFile(join(directory, 'master.json'), 'utf8'));
  return { ...identity, authorityPem, mqttPort };
}

/** For the agent beside its master: no token, no HTTP. */
export async function issueIdentity(
  directory: string,
  node: string,
  authority: CertificateAuthority,
  mqttPort: number,
): Promise<NodeIdentity> {
  const { keyPem, requestPem } = await createNodeRequest(node);
  const certificatePem = await signNodeRequest(authority, requestPem, node);
  return store(directory, { keyPem, certificatePem, authorityPem: authority.certificatePem, mqttPort });
}

/** Buys a certificate with a token. The key never leaves the board. Rejects with what to mend. */
export async function joinMaster(
  directory: string,
  node: string,
  master: URL,
  token: string,
): Promise<NodeIdentity> {
  const { fingerprint, id, secret } = parseJoinToken(token);
  const authorityPem = await call(master, '/edge/v1/ca', UNVERIFIED);
  if (fingerprintOf(authorityPem) !== fingerprint) {
    throw new Error(
      `${master.origin} is not the master that the token was made by: check the address, or make a new token`,
    );
  }
  const { keyPem, requestPem } = await createNodeRequest(node);
  const body: JoinRequest = { tokenId: id, tokenSecret: secret, nodeName: node, csrPem: requestPem };
  const answer = await call(
    master,
    '/edge/v1/join',
    { ca: authorityPem, method: 'POST' },
    JSON.stringify(body),
  );
  const { certificatePem, mqttPort }: JoinResponse = JSON.parse(answer);
  return store(directory, { keyPem, certificatePem, authorityPem, mqttPort });
}

/** The identity last: only with it a join counts as done. */
async function store(directory: string, identity: NodeIdentity): Promise<NodeIdentity> {
  const { authorityPem, mqttPort } = identity;
  await writeFileAtomically(
    join(directory, 'master.json'),
    JSON.stringify({ authorityPem, mqttPort }),
    0o600,
  );
  await writeIdentity(join(directory, 'node.pem'), identity);
  return identity;
}

function call(master: URL, path: string, options: RequestOptions, body?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const unreachable = (error: Error) =>
      reject(
        new Error(`the master at ${master.origin} cannot be reached: ${error.message}`, { cause: error }),
      );
    const headers = body
      ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
      : {};
    const call = request(new URL(path, master), { ...options, headers, timeout: TIMEOUT_MS }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      response.on('error', unreachable);
      response.on('end', () => (response.statusCode === 200 ? resolve(text) : reject(refusal(text))));
    });
    call.on('timeout', () => call.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)));
    call.on('error', unreachable);
    call.end(body);
  });
}

function refusal(text: string): Error {
  try {
    return StatusError.fromStatus(JSON.parse(text));
  } catch {
    return new Error(`the master refused without saying why: ${text.slice(0, 200)}`);
  }
}
