// A pod calls the API as any client would: by the name `kubernetes.default`, which the cluster's DNS resolves, with the
// token and the CA that it finds mounted; and may do there what its account may.
import t from 'tap';
import { eventually } from '../support/eventually.ts';
import { curlArchive, curlImage } from '../support/guestbook/images.ts';
import { LoneBoard } from '../support/lone-board.ts';

const FILES = '/var/run/secrets/kubernetes.io/serviceaccount';
/** One line of output: the answer. */
const ask = (path: string) =>
  `printf '%s\\n' "$(curl --silent --show-error --max-time 10 --cacert ${FILES}/ca.crt ` +
  `--header "Authorization: Bearer $(cat ${FILES}/token)" ` +
  `"https://kubernetes.default${path}")";`;

const account = {
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name: 'reader', namespace: 'default' },
};
const binding = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'RoleBinding',
  metadata: { name: 'reader', namespace: 'default' },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
  subjects: [{ kind: 'ServiceAccount', name: 'reader', namespace: 'default' }],
};
const caller = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'caller', namespace: 'default' },
  spec: {
    serviceAccountName: 'reader',
    restartPolicy: 'Never',
    containers: [
      {
        name: 'c',
        image: curlImage,
        imagePullPolicy: 'Never',
        // Whoever the program runs as can read its files, on whatever root.
        securityContext: { runAsUser: 65534, readOnlyRootFilesystem: true },
        command: [
          'sh',
          '-c',
          `${ask(`/api/v1/namespaces/$(cat ${FILES}/namespace)/pods/caller`)} ${ask('/api/v1/secrets')}`,
        ],
      },
    ],
  },
};

t.test('a pod reads itself from the API, and not what its account may not read', async (t) => {
  const board = new LoneBoard();
  t.teardown(() => board.destroy());
  await board.start([await curlArchive()]);
  await board.apply(account, binding);
  await board.apply(caller);
  const pod = await eventually(async () => {
    const found = await board.get('pod', 'caller');
    if (found.status.phase !== 'Succeeded') throw new Error(JSON.stringify(found.status));
    return found;
  }, 60_000);
  const [self = '', secrets = ''] = (await board.edgectl('logs', 'caller')).stdout.split('\n');
  t.equal(JSON.parse(self).metadata?.uid, pod.metadata.uid);
  t.match(JSON.parse(secrets), { kind: 'Status', code: 403 });
  t.match(secrets, /system:serviceaccount:default:reader.* cannot list resource/);
});
