// edgectl token create: makes the word that lets a new board join, `EDGE1.<CA fingerprint>.<id>.<secret>`.
// The Secret has the form of Kubernetes' bootstrap tokens:
// https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/
import { randomInt, X509Certificate } from 'node:crypto';
import { parseDurationMs } from '../api/duration.ts';
import { timestamp } from '../api/objects.ts';
import { collectionPath } from '../client/resource-path.ts';
import { CliError } from './cli-error.ts';
import type { CommandContext } from './command-context.ts';

export interface TokenFlags {
  ttl: string;
  description?: string;
}

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';
const ID_LENGTH = 6;
const SECRET_LENGTH = 16;
const NAMESPACE = 'kube-system';

const randomText = (length: number) =>
  Array.from({ length }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');

/** SHA-256 over the DER form, by which a board recognises the cluster's CA before it trusts it. */
function fingerprint(caPem: string): string {
  try {
    return new X509Certificate(caPem).fingerprint256.replaceAll(':', '').toLowerCase();
  } catch {
    throw new CliError(
      "the kubeconfig's certificate-authority is not a certificate: take the cluster's own kubeconfig",
    );
  }
}

async function authorityPem({ access, connection }: CommandContext): Promise<string> {
  if (access.caPem) return access.caPem;
  if (!access.insecureSkipTlsVerify) {
    throw new CliError("the kubeconfig holds no certificate-authority: take the cluster's own kubeconfig");
  }
  const chunks: Buffer[] = [];
  for await (const chunk of await connection.stream({ method: 'GET', path: '/edge/v1/ca' }))
    chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

/** Prints the token alone, so that it can be handed on by a script. */
export async function createToken(context: CommandContext, flags: TokenFlags): Promise<number> {
  const ttlMs = parseDurationMs(flags.ttl);
  if (ttlMs === undefined)
    throw new CliError(`--ttl takes a duration such as 30m, 24h or 0 (for ever), not "${flags.ttl}"`);
  const authority = fingerprint(await authorityPem(context));
  const id = randomText(ID_LENGTH);
  const secret = randomText(SECRET_LENGTH);
  const body = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: `bootstrap-token-${id}`, namespace: NAMESPACE },
    type: 'bootstrap.kubernetes.io/token',
    stringData: {
      'token-id': id,
      'token-secret': secret,
      'usage-bootstrap-authentication': 'true',
      ...(ttlMs > 0 ? { expiration: timestamp(context.io.now() + ttlMs) } : {}),
      ...(flags.description ? { description: flags.description } : {}),
    },
  };
  const resource = await context.discovery.byName('secrets');
  await context.connection.json({ method: 'POST', path: collectionPath(resource, NAMESPACE), body });
  await context.io.out(`EDGE1.${authority}.${id}.${secret}\n`);
  return 0;
}
