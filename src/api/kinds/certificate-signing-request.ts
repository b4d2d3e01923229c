// CertificateSigningRequest: names, columns, defaults and rules. Approving and signing are somebody else's writes,
// through the `approval` and `status` subresources.
// https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/
import { ageColumn, column, nameColumn } from '../columns.ts';
import { humanDuration } from '../duration.ts';
import { duplicate, forbiddenField, invalidValue, notSupported, required } from '../field-error.ts';
import type { CertificateSigningRequest, certificates } from '../objects.ts';
import { type Json, jsonEqual } from '../schema/json.ts';
import type { Column, KindDefinition } from '../scheme.ts';
import type { FieldError } from '../status-error.ts';

const USAGES = [
  'any',
  'cert sign',
  'client auth',
  'code signing',
  'content commitment',
  'crl sign',
  'data encipherment',
  'decipher only',
  'digital signature',
  'email protection',
  'encipher only',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'key agreement',
  'key encipherment',
  'microsoft sgc',
  'netscape sgc',
  'ocsp signing',
  's/mime',
  'server auth',
  'signing',
  'timestamping',
];
const MIN_EXPIRATION_SECONDS = 600;

/** `Approved,Issued` and the like, as upstream prints it. */
function conditionText({ status }: CertificateSigningRequest): string {
  const types = (status?.conditions ?? []).map(({ type }) => type);
  const decided = types.find((type) => type === 'Approved' || type === 'Denied') ?? 'Pending';
  const failed = types.includes('Failed') ? ',Failed' : '';
  return `${decided}${failed}${status?.certificate ? ',Issued' : ''}`;
}

const columns: readonly Column<CertificateSigningRequest>[] = [
  nameColumn,
  ageColumn,
  column('SignerName', 'Who is asked to sign.', ({ spec }) => spec?.signerName ?? '<none>'),
  column('Requestor', 'Who asks.', ({ spec }) => spec?.username ?? ''),
  column('RequestedDuration', 'How long the certificate shall hold.', ({ spec }) =>
    spec?.expirationSeconds === undefined ? '<none>' : humanDuration(spec.expirationSeconds * 1000),
  ),
  column('Condition', 'What became of it.', conditionText),
];

const isPem = (base64: string): boolean => {
  const text = Buffer.from(base64, 'base64').toString('latin1').trim();
  return (
    text.startsWith('-----BEGIN CERTIFICATE REQUEST-----') &&
    text.endsWith('-----END CERTIFICATE REQUEST-----')
  );
};

function specErrors({ spec }: CertificateSigningRequest): FieldError[] {
  if (!spec) return [required('spec')];
  const { request, signerName, usages = [], expirationSeconds } = spec;
  const errors: FieldError[] = [];
  if (!isPem(request ?? '')) {
    const why = 'PEM block type must be CERTIFICATE REQUEST';
    errors.push(invalidValue('spec.request', request ?? '', why));
  }
  if (usages.length === 0) errors.push(required('spec.usages'));
  usages.forEach((usage, i) => {
    if (!USAGES.includes(usage)) errors.push(notSupported(`spec.usages[${i}]`, usage, USAGES));
    else if (usages.indexOf(usage) < i) errors.push(duplicate(`spec.usages[${i}]`, usage));
  });
  if (!signerName) errors.push(required('spec.signerName'));
  else if (!/^[^/]+\.[^/]+\/[^/]+$/.test(signerName)) {
    const why = 'must be a fully qualified domain and path of the form "example.com/signer-name"';
    errors.push(invalidValue('spec.signerName', signerName, why));
  } else if (signerName === 'kubernetes.io/legacy-unknown') {
    errors.push(
      invalidValue(
        'spec.signerName',
        signerName,
        'the legacy signerName is not allowed via this API version',
      ),
    );
  }
  if (expirationSeconds !== undefined && expirationSeconds < MIN_EXPIRATION_SECONDS) {
    const why = `may not specify a duration less than ${MIN_EXPIRATION_SECONDS} seconds (10 minutes)`;
    errors.push(invalidValue('spec.expirationSeconds', expirationSeconds, why));
  }
  return errors;
}

function conditionErrors({ status }: CertificateSigningRequest): FieldError[] {
  const conditions = status?.conditions ?? [];
  const field = 'status.conditions';
  const types = conditions.map(({ type }) => type);
  const errors = conditions.flatMap(({ type, status: value }, i) => {
    const found: FieldError[] = [];
    if (!type) found.push(required(`${field}[${i}].type`));
    if (types.indexOf(type) < i) found.push(duplicate(`${field}[${i}].type`, type));
    if (value !== 'True' && (type === 'Approved' || type === 'Denied' || type === 'Failed')) {
      found.push(notSupported(`${field}[${i}].status`, value, ['True']));
    }
    return found;
  });
  if (types.includes('Approved') && types.includes('Denied')) {
    errors.push(invalidValue(field, 'Denied', 'Approved and Denied conditions are mutually exclusive'));
  }
  return errors;
}

/** A decision stands, a certificate is issued once, and what was asked for stays as it was. */
function validateUpdate(next: CertificateSigningRequest, previous: CertificateSigningRequest): FieldError[] {
  const errors: FieldError[] = [];
  if (!jsonEqual(next.spec as unknown as Json, previous.spec as unknown as Json)) {
    errors.push(forbiddenField('spec', 'may not be changed after creation'));
  }
  for (const type of ['Approved', 'Denied', 'Failed']) {
    const has = ({ status }: CertificateSigningRequest) => status?.conditions?.some((c) => c.type === type);
    if (has(previous) && !has(next)) {
      errors.push(
        forbiddenField('status.conditions', `updates may not remove a condition of type "${type}"`),
      );
    }
  }
  const issued = previous.status?.certificate;
  if (issued && next.status?.certificate !== issued) {
    errors.push(forbiddenField('status.certificate', 'updates may not change an issued certificate'));
  }
  return errors;
}

export const certificateSigningRequests: KindDefinition<CertificateSigningRequest> = {
  group: 'certificates.k8s.io',
  version: 'v1',
  kind: 'CertificateSigningRequest',
  plural: 'certificatesigningrequests',
  singular: 'certificatesigningrequest',
  shortNames: ['csr'],
  categories: [],
  namespaced: false,
  columns,
  hasStatus: true,
  selectableFields: { 'spec.signerName': ({ spec }) => spec?.signerName ?? '' },
  setAuthor(object, { name: username, uid, groups, extra }) {
    const { username: _name, uid: _uid, groups: _groups, extra: _extra, ...spec } = object.spec ?? {};
    const author = { username, groups: [...groups], ...(uid ? { uid } : {}), ...(extra ? { extra } : {}) };
    object.spec = { ...spec, ...author } as certificates.CertificateSigningRequestSpec;
  },
  validate: (object) => [...specErrors(object), ...conditionErrors(object)],
  validateUpdate,
};
