// https://kubernetes.io/docs/concepts/storage/ephemeral-volumes/#generic-ephemeral-volumes
import t, { type Test } from 'tap';
import { persistentVolumeClaims } from '../../../src/api/kinds/persistent-volume-claim.ts';
import { pods } from '../../../src/api/kinds/pod.ts';
import type { core, PersistentVolumeClaim, Pod } from '../../../src/api/objects.ts';
import type { StatusError } from '../../../src/api/status-error.ts';
import { EphemeralVolumeController } from '../../../src/controllers/ephemeral-volumes.ts';
import { memoryCluster } from '../../support/memory-cluster.ts';
import { settles } from '../../support/settles.ts';

const spec: core.PersistentVolumeClaimSpec = {
  accessModes: ['ReadWriteOnce'],
  resources: { requests: { storage: '1Mi' } },
};
const template = { metadata: { labels: { sort: 'scratch' }, annotations: { a: 'b' } }, spec };

async function setUp(t: Test) {
  const cluster = await memoryCluster();
  t.teardown(() => cluster.stop());
  await cluster.run(new EphemeralVolumeController(cluster.options));
  const { client } = cluster;
  return {
    ...cluster,
    pod: (name = 'web') =>
      client.create<Pod>(pods, {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, namespace: 'default' },
        spec: {
          containers: [{ name: 'c', image: 'i' }],
          volumes: [
            { name: 'scratch', ephemeral: { volumeClaimTemplate: template } },
            { name: 'plain', emptyDir: {} },
          ],
        },
      }),
    claims: () => client.list(persistentVolumeClaims, { namespace: 'default' }).then(({ items }) => items),
  };
}

t.test('a pod gets the claim of its own volume, and owns it', async (t) => {
  const { pod, claims } = await setUp(t);
  const { metadata } = await pod();
  await settles(async () => (await claims()).length === 1);
  const [claim] = await claims();
  t.match(claim, {
    metadata: {
      name: 'web-scratch',
      labels: { sort: 'scratch' },
      annotations: { a: 'b' },
      ownerReferences: [
        { kind: 'Pod', name: 'web', uid: metadata.uid, controller: true, blockOwnerDeletion: true },
      ],
    },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } },
  });
});

t.test('a claim that goes while its pod is there is made again', async (t) => {
  const { pod, claims, client } = await setUp(t);
  await pod();
  await settles(async () => (await claims()).length === 1);
  const [first] = await claims();
  await client.patch(persistentVolumeClaims, 'default/web-scratch', {
    type: 'merge',
    body: { metadata: { finalizers: null } },
  });
  await client.delete(persistentVolumeClaims, 'default/web-scratch');
  await settles(async () => {
    const [claim] = await claims();
    return claim !== undefined && claim.metadata.uid !== first?.metadata.uid;
  });
});

t.test('a claim of somebody else is left alone, and the pod says so', async (t) => {
  const { pod, client, recorder } = await setUp(t);
  const before = await client.create<PersistentVolumeClaim>(persistentVolumeClaims, {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'web-scratch', namespace: 'default' },
    spec,
  });
  await pod();
  const words =
    'FailedBinding: ephemeral volume scratch: PVC default/web-scratch was not created for pod default/web ' +
    '(pod is not owner)';
  await settles(async () => recorder.lines.includes(words));
  const after = await client.get(persistentVolumeClaims, 'default/web-scratch');
  t.equal(after.metadata.resourceVersion, before.metadata.resourceVersion);
});

t.test('a template that no claim can be made from is refused with the pod', async (t) => {
  const { client, pod } = await setUp(t);
  const bad = { metadata: { name: 'mine' }, spec: {} };
  const refused = client.create<Pod>(pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'bad', namespace: 'default' },
    spec: {
      containers: [{ name: 'c', image: 'i' }],
      volumes: [{ name: 'scratch', ephemeral: { volumeClaimTemplate: bad } }],
    },
  });
  const fields = await refused.then(
    () => [],
    (error: StatusError) => error.details?.causes?.map(({ field }) => field),
  );
  const at = 'spec.volumes[0].ephemeral.volumeClaimTemplate';
  t.same(fields, [`${at}.metadata.name`, `${at}.spec.accessModes`, `${at}.spec.resources[storage]`]);
  await t.rejects(pod('p'.repeat(250)), { message: /PVC name "p+-scratch": must be no more than 253/ });
});
