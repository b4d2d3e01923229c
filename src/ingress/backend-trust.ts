// The TLS of connections to backends: whom they trust, what they show and which name they ask for.
import type { ConnectionOptions } from 'node:tls';
import { type BackendTls, readBackendSecret } from '../api/ingress/backend-tls.ts';
import type { Secret } from '../api/objects.ts';
import type { Backend } from './location.ts';

/** Equal ones may share connections. */
export type BackendTrustOptions = Pick<
  ConnectionOptions,
  'ca' | 'cert' | 'key' | 'servername' | 'rejectUnauthorized'
>;

/** `undefined` while the Secret is missing or of no use: then nothing may be sent. */
export function trustOptions(
  wanted: BackendTls,
  { serviceKey }: Backend,
  secret: (key: string) => Secret | undefined,
): BackendTrustOptions | undefined {
  const { secretKey, verifies, sendsName, name } = wanted;
  const [namespace, service] = serviceKey.split('/');
  const servername = verifies || sendsName ? { servername: name ?? `${service}.${namespace}.svc` } : {};
  const options = { rejectUnauthorized: verifies, ...servername };
  if (secretKey === undefined) return options;
  const found = secret(secretKey);
  const read = found && readBackendSecret(found, wanted);
  if (!read || 'problem' in read) return undefined;
  return { ...options, ...(read.ca ? { ca: read.ca } : {}), ...read.keyPair };
}
