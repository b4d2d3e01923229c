// Secrets with certificates, as people make them for Ingresses.
import type { Secret } from '../../src/api/objects.ts';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import { makeSelfMadeCertificate } from '../../src/pki/self-made-certificate.ts';

export interface TlsSecretOptions {
  name?: string;
  resourceVersion?: string;
  /** The certificate is valid from 2020 until ten years after its time. */
  clock?: Clock;
}

/** `default/cert` unless told otherwise, with a certificate for these names. */
export async function tlsSecret(
  dnsNames: readonly [string, ...string[]],
  { name = 'cert', resourceVersion = '1', clock = systemClock }: TlsSecretOptions = {},
): Promise<Secret> {
  const { certificatePem, keyPem } = await makeSelfMadeCertificate(dnsNames, clock);
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name,
      namespace: 'default',
      uid: 'u',
      resourceVersion,
      creationTimestamp: '2026-01-01T00:00:00Z',
    },
    type: 'kubernetes.io/tls',
    data: { 'tls.crt': base64(certificatePem), 'tls.key': base64(keyPem) },
  };
}

export const base64 = (text: string): string => Buffer.from(text).toString('base64');
