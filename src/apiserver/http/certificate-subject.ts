// Nobody asks for a certificate of system:masters by the signer for clients: upstream's CertificateSubjectRestriction.
// Whoever may approve requests would else make members of a group that no binding can take rights from.
// https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#certificatesubjectrestriction
import type { CertificateSigningRequest, KubeObject } from '../../api/objects.ts';
import { forbidden } from '../../api/status-error.ts';
import { requestedIdentity } from '../../pki/certificate-request.ts';
import { PkiError } from '../../pki/pki-error.ts';
import { ADMIN_GROUP } from '../auth/authorizer.ts';

const SIGNER = 'kubernetes.io/kube-apiserver-client';

/** @throws StatusError Forbidden. What cannot be read is left to validation and to the signer. */
export async function checkCertificateSubject(object: KubeObject): Promise<void> {
  const { metadata, spec } = object as CertificateSigningRequest;
  if (spec?.signerName !== SIGNER || typeof spec.request !== 'string') return;
  const organizations = await organizationsOf(Buffer.from(spec.request, 'base64').toString('utf8'));
  if (!organizations.includes(ADMIN_GROUP)) return;
  const subject = { group: 'certificates.k8s.io', kind: 'certificatesigningrequests', name: metadata.name };
  throw forbidden(subject, `use of ${SIGNER} signer with ${ADMIN_GROUP} group is not allowed`);
}

async function organizationsOf(requestPem: string): Promise<readonly string[]> {
  try {
    return (await requestedIdentity(requestPem)).organizations;
  } catch (error) {
    if (error instanceof PkiError) return [];
    throw error;
  }
}
