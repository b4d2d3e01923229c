// GET /version. The numbers say whose API this is; clients compare them with their own.
// Major and minor are plain integers as text: the conformance tests insist.
import { KUBERNETES_VERSION } from '../../api/kubernetes-version.ts';

/** Git's null id: no commit of Kubernetes. The conformance tests insist on hexadecimal digits here too. */
const NO_COMMIT = '0'.repeat(40);

const [major = '', minor = ''] = KUBERNETES_VERSION.slice(1).split('.');

export const serverVersion = {
  major,
  minor,
  gitVersion: `${KUBERNETES_VERSION}+edge`,
  gitCommit: NO_COMMIT,
  gitTreeState: 'clean',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: '',
  compiler: '',
  platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
} as const;
