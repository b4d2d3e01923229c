// Who approves a certificate request, or puts the certificate in, must hold that right for its signer: the right to
// write such requests alone would let a user approve any identity.
// https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/#authorization
import type { CertificateSigningRequest, KubeObject } from '../../api/objects.ts';
import { jsonEqual } from '../../api/schema/json.ts';
import type { KindDefinition } from '../../api/scheme.ts';
import { forbidden } from '../../api/status-error.ts';
import type { User } from '../http/api-request.ts';
import type { Authorizer } from './authorizer.ts';

const GROUP = 'certificates.k8s.io';
const PLURAL = 'certificatesigningrequests';

export const isCertificateRequest = ({ group, plural }: KindDefinition): boolean =>
  group === GROUP && plural === PLURAL;

/** @throws StatusError Forbidden */
export function checkSigner(
  authorizer: Authorizer,
  user: User,
  next: KubeObject,
  previous: KubeObject | undefined,
): void {
  const [after, before] = [next, previous] as (CertificateSigningRequest | undefined)[];
  const verb = !jsonEqual(decisions(after), decisions(before))
    ? 'approve'
    : after?.status?.certificate !== before?.status?.certificate
      ? 'sign'
      : undefined;
  const signer = after?.spec?.signerName ?? '';
  if (!verb || mayUse(authorizer, user, verb, signer)) return;
  const subject = { group: GROUP, kind: PLURAL, name: next.metadata.name };
  throw forbidden(subject, `user not permitted to ${verb} requests with signerName "${signer}"`);
}

const decisions = (request: CertificateSigningRequest | undefined) =>
  (request?.status?.conditions ?? [])
    .filter(({ type }) => type === 'Approved' || type === 'Denied')
    .map(({ type, status }) => ({ type, status }));

/** By its whole name, or by its domain: `example.com/*`. */
function mayUse(authorizer: Authorizer, user: User, verb: string, signer: string): boolean {
  const names = [signer, `${signer.split('/')[0]}/*`];
  return names.some((name) => {
    const resource = { group: GROUP, version: 'v1', resource: 'signers', subresource: '', namespace: '' };
    return authorizer.decide(user, { verb, ...resource, name }).allowed;
  });
}
