// Lets a pod of an image without libraries run programs of the machine that the test runs on: its /usr, its Node and
// the test's own files, read-only.
import { dirname, join } from 'node:path';

const support = join(import.meta.dirname);
const NODE = '/host-node';
const SUPPORT = '/test-support';

interface Mount {
  name: string;
  mountPath: string;
  readOnly: true;
}

/** Path of `test/support/<file>` within such a pod. */
export const supportFile = (file: string): string => `${SUPPORT}/${file}`;
export const NODE_IN_POD = `${NODE}/node`;

/** For a pod's `volumes` and its container's `volumeMounts`; `more` maps paths in the pod to the machine's. */
export function hostPrograms(more: Readonly<Record<string, string>> = {}): {
  volumes: object[];
  volumeMounts: Mount[];
} {
  const paths = {
    '/usr': '/usr',
    // On a merged-usr system these lead into /usr; a pod has them as folders.
    '/lib': '/usr/lib',
    '/lib64': '/usr/lib64',
    [NODE]: dirname(process.execPath),
    [SUPPORT]: support,
    ...more,
  };
  const entries = Object.entries(paths).map(([mountPath, path], i) => ({
    name: `host-${i}`,
    mountPath,
    path,
  }));
  return {
    volumes: entries.map(({ name, path }) => ({ name, hostPath: { path } })),
    volumeMounts: entries.map(({ name, mountPath }) => ({ name, mountPath, readOnly: true })),
  };
}
