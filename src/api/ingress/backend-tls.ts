// Whom a board trusts behind HTTPS and GRPCS and what it shows there, as `proxy-ssl-…` asks for. Without that a pod's
// certificate is its own affair: nobody could have signed it for its address.
// https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/#backend-certificate-authentication
import type { Secret } from '../objects.ts';
import { type AnnotationReader, INGRESS_ANNOTATIONS } from './annotation-reader.ts';

export interface BackendTls {
  /** `namespace/name`; its ca.crt has signed pods' certificates, its tls.crt and tls.key are shown to pods. */
  secretKey: string | undefined;
  verifies: boolean;
  /** That a pod's certificate has to be for; `<service>.<namespace>.svc` unless given. */
  name: string | undefined;
  /** By SNI. */
  sendsName: boolean;
}

const SECRET = 'proxy-ssl-secret';

export function backendTls(reader: AnnotationReader): BackendTls {
  const flag = (name: string) => reader.value(name, 'on or off', switchOf) ?? false;
  return {
    secretKey: reader.text(SECRET, 'a Secret as namespace/name', /^[^/\s]+\/[^/\s]+$/),
    verifies: flag('proxy-ssl-verify'),
    name: reader.text('proxy-ssl-name', 'a host', /^[A-Za-z0-9.-]+$/),
    sendsName: flag('proxy-ssl-server-name'),
  };
}

/** What stands in the way of it: then nothing is sent to pods. */
export function backendTlsProblem(
  { secretKey, verifies }: BackendTls,
  namespace: string | undefined,
): string | undefined {
  const annotation = `annotation ${INGRESS_ANNOTATIONS}`;
  if (verifies && !secretKey)
    return `${annotation}proxy-ssl-verify needs ${SECRET}, with who signs as its ca.crt`;
  const isElsewhere = secretKey && namespace !== undefined && !secretKey.startsWith(`${namespace}/`);
  return isElsewhere ? `${annotation}${SECRET} may name Secrets of namespace ${namespace} alone` : undefined;
}

/** Keys of Secrets: none or one. */
export function backendSecretsOf(
  annotations: Readonly<Record<string, string>> | undefined,
  namespace: string | undefined,
): string[] {
  const key = annotations?.[INGRESS_ANNOTATIONS + SECRET]?.trim();
  return key && namespace && key.startsWith(`${namespace}/`) ? [key] : [];
}

export interface BackendTrust {
  ca: string | undefined;
  keyPair: { cert: string; key: string } | undefined;
}

/** `problem` goes on from the Secret's name: "Secret a/b …". */
export function readBackendSecret(
  { data = {} }: Pick<Secret, 'data'>,
  { verifies }: BackendTls,
): BackendTrust | { problem: string } {
  const pem = (name: string) => (data[name] ? Buffer.from(data[name], 'base64').toString() : undefined);
  const [ca, cert, key] = [pem('ca.crt'), pem('tls.crt'), pem('tls.key')];
  if (verifies && !ca) return { problem: 'has no ca.crt to verify pods with' };
  return { ca, keyPair: cert && key ? { cert, key } : undefined };
}

const switchOf = (text: string): boolean | undefined =>
  text === 'on' || text === 'off' ? text === 'on' : undefined;
