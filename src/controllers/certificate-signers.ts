// What each of Kubernetes' own signers signs: upstream's rules for subjects, names and usages.
// https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/#kubernetes-signers

/** What a request names. */
export interface CertificateSubject {
  commonName: string;
  organizations: readonly string[];
  dnsNames: readonly string[];
  ipAddresses: readonly string[];
  otherNames: readonly string[];
}

interface Signer {
  usage: 'client' | 'server';
  /** Why it is not signed; `undefined` when it may be. */
  problem(subject: CertificateSubject, usages: readonly string[]): string | undefined;
}

const NODE_PREFIX = 'system:node:';
const OPTIONAL_USAGES = ['digital signature', 'key encipherment'];

export const signers: Readonly<Record<string, Signer>> = {
  'kubernetes.io/kube-apiserver-client': {
    usage: 'client',
    problem: ({ organizations }, usages) => {
      // Upstream refuses it when it is created: its members stand above all rights.
      if (organizations.includes('system:masters')) {
        return 'use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed';
      }
      return usageProblem(usages, 'client auth', []);
    },
  },
  'kubernetes.io/kube-apiserver-client-kubelet': {
    usage: 'client',
    problem: (subject, usages) =>
      nodeProblem(subject) ??
      (subject.dnsNames.length > 0 ? 'DNS subjectAltNames are not allowed' : undefined) ??
      (subject.ipAddresses.length > 0 ? 'IP subjectAltNames are not allowed' : undefined) ??
      usageProblem(usages, 'client auth', ['digital signature']),
  },
  'kubernetes.io/kubelet-serving': {
    usage: 'server',
    problem: (subject, usages) =>
      nodeProblem(subject) ??
      (subject.dnsNames.length + subject.ipAddresses.length === 0
        ? 'DNS or IP subjectAltName is required'
        : undefined) ??
      usageProblem(usages, 'server auth', ['digital signature']),
  },
};

function nodeProblem({ commonName, organizations, otherNames }: CertificateSubject): string | undefined {
  if (organizations.length !== 1 || organizations[0] !== 'system:nodes') {
    return 'subject organization is not system:nodes';
  }
  if (!commonName.startsWith(NODE_PREFIX)) return 'subject common name does not begin with system:node:';
  return otherNames.length > 0 ? 'Email and URI subjectAltNames are not allowed' : undefined;
}

/** `wanted` and `needed` must be there, and nothing but signing and key exchange beside them. */
function usageProblem(
  usages: readonly string[],
  wanted: string,
  needed: readonly string[],
): string | undefined {
  const missing = [wanted, ...needed].find((usage) => !usages.includes(usage));
  if (missing) return `usages must include "${missing}"`;
  const other = usages.find((usage) => usage !== wanted && !OPTIONAL_USAGES.includes(usage));
  return other === undefined ? undefined : `invalid usage for ${wanted.split(' ')[0]} certificate: ${other}`;
}
