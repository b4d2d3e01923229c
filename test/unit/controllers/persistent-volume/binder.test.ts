import t, { type Test } from 'tap';
import { persistentVolumes } from '../../../../src/api/kinds/persistent-volume.ts';
import { persistentVolumeClaims } from '../../../../src/api/kinds/persistent-volume-claim.ts';
import { pods } from '../../../../src/api/kinds/pod.ts';
import { localPathClass, storageClasses } from '../../../../src/api/kinds/storage-class.ts';
import type {
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  StorageClass,
} from '../../../../src/api/objects.ts';
import { SELECTED_NODE } from '../../../../src/api/storage-marks.ts';
import { PersistentVolumeBinder } from '../../../../src/controllers/persistent-volume/binder.ts';
import { storageProtection } from '../../../../src/controllers/persistent-volume/protection.ts';
import { eventually } from '../../../support/eventually.ts';
import { addNode, memoryCluster } from '../../../support/memory-cluster.ts';

interface VolumeParts {
  size?: string;
  modes?: string[];
  spec?: object;
  labels?: Record<string, string>;
}

async function setUp(t: Test) {
  const cluster = await memoryCluster();
  t.teardown(() => cluster.stop());
  const { client, options, recorder } = cluster;
  await addNode(client, 'pi', { metadata: { labels: { 'kubernetes.io/hostname': 'pi' } } as never });
  await cluster.run(new PersistentVolumeBinder(options), storageProtection(options));
  return {
    client,
    recorder,
    makeVolume: (name: string, { size = '1Gi', modes = ['ReadWriteOnce'], spec, labels }: VolumeParts = {}) =>
      client.create<PersistentVolume>(persistentVolumes, {
        apiVersion: 'v1',
        kind: 'PersistentVolume',
        metadata: { name, labels: labels ?? {} },
        spec: { capacity: { storage: size }, accessModes: modes, hostPath: { path: '/x' }, ...spec },
      }),
    makeClaim: (name: string, { size = '1Gi', modes = ['ReadWriteOnce'], spec }: VolumeParts = {}) =>
      client.create<PersistentVolumeClaim>(persistentVolumeClaims, {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { name, namespace: 'default' },
        spec: {
          accessModes: modes,
          resources: { requests: { storage: size } },
          storageClassName: '',
          ...spec,
        },
      }),
    makeClass: (change: object = {}) =>
      client.create<StorageClass>(storageClasses, {
        apiVersion: 'storage.k8s.io/v1',
        kind: 'StorageClass',
        ...localPathClass,
        ...change,
      }),
    volume: (name: string) => client.get(persistentVolumes, name),
    claim: (name: string) => client.get(persistentVolumeClaims, `default/${name}`),
    said: (text: string) => eventually(() => recorder.lines.some((line) => line.includes(text))),
    inPhase: async (name: string, phase: string) =>
      eventually(async () => {
        const found = await client.get(persistentVolumeClaims, `default/${name}`);
        if (found.status?.phase !== phase) throw new Error(`${name} is ${found.status?.phase}`);
        return found;
      }),
    volumeInPhase: async (name: string, phase: string) =>
      eventually(async () => {
        const found = await client.get(persistentVolumes, name);
        if (found.status?.phase !== phase) throw new Error(`${name} is ${found.status?.phase}`);
        return found;
      }),
  };
}

t.test('a claim gets the smallest volume that is large enough, and both say so', async (t) => {
  const { makeVolume, makeClaim, inPhase, volumeInPhase } = await setUp(t);
  await makeVolume('small', { size: '500Mi' });
  await makeVolume('large', { size: '5Gi' });
  await makeVolume('right', { size: '2Gi' });
  for (const name of ['small', 'large', 'right']) await volumeInPhase(name, 'Available');
  await makeClaim('data');
  const claim = await inPhase('data', 'Bound');
  t.equal(claim.spec.volumeName, 'right');
  t.strictSame(claim.status?.capacity, { storage: '2Gi' });
  t.equal(claim.metadata.annotations?.['pv.kubernetes.io/bind-completed'], 'yes');
  t.same(claim.metadata.finalizers, ['kubernetes.io/pvc-protection']);
  const volume = await volumeInPhase('right', 'Bound');
  t.match(volume.spec.claimRef, { namespace: 'default', name: 'data', uid: claim.metadata.uid });
  t.same(volume.metadata.finalizers, ['kubernetes.io/pv-protection']);
});

t.test('modes, class and labels must fit, and a claim without any volume says why it waits', async (t) => {
  const { makeVolume, makeClaim, inPhase, volumeInPhase, said, claim } = await setUp(t);
  await makeVolume('a', { labels: { disk: 'ssd' } });
  await volumeInPhase('a', 'Available');
  await makeClaim('many', { modes: ['ReadWriteMany'] });
  await said('FailedBinding: no persistent volumes available for this claim and no storage class is set');
  await makeClaim('classed', { spec: { storageClassName: 'gold' } });
  await said('ProvisioningFailed: storageclass.storage.k8s.io "gold" not found');
  await makeClaim('hdd', { spec: { selector: { matchLabels: { disk: 'hdd' } } } });
  await makeClaim('ssd', { spec: { selector: { matchLabels: { disk: 'ssd' } } } });
  await inPhase('ssd', 'Bound');
  for (const name of ['many', 'classed', 'hdd']) t.equal((await claim(name)).status?.phase, 'Pending', name);
});

t.test('two claims never get one volume, and the second gets the next that comes', async (t) => {
  const { makeVolume, makeClaim, inPhase, client } = await setUp(t);
  await makeClaim('a');
  await makeClaim('b');
  await makeVolume('one');
  const bound = async () => {
    const { items } = await client.list(persistentVolumeClaims, { namespace: 'default' });
    return items.filter(({ status }) => status?.phase === 'Bound').length;
  };
  await eventually(async () => (await bound()) > 0);
  t.equal(await bound(), 1);
  await makeVolume('two');
  await inPhase('a', 'Bound');
  await inPhase('b', 'Bound');
});

t.test('a claim that names its volume gets that one, or is told what does not fit', async (t) => {
  const { makeVolume, makeClaim, inPhase, said } = await setUp(t);
  await makeVolume('mine');
  await makeClaim('data', { spec: { volumeName: 'mine' } });
  await inPhase('data', 'Bound');
  await makeVolume('tiny', { size: '1Mi' });
  await makeClaim('big', { spec: { volumeName: 'tiny' } });
  await said('VolumeMismatch: Cannot bind to requested volume "tiny": requested PV is too small');
  await makeClaim('thief', { spec: { volumeName: 'mine' } });
  await said('FailedBinding: volume "mine" already bound to a different claim.');
});

t.test('when its claim goes a volume is released, and a namesake does not inherit the data', async (t) => {
  const { makeVolume, makeClaim, inPhase, volumeInPhase, client, claim } = await setUp(t);
  await makeVolume('kept');
  await makeClaim('data');
  await inPhase('data', 'Bound');
  await client.delete(persistentVolumeClaims, 'default/data');
  await volumeInPhase('kept', 'Released');
  await makeClaim('data');
  await inPhase('data', 'Pending');
  t.equal((await claim('data')).spec.volumeName, undefined);
});

t.test('a volume that nobody here can delete is Failed and says so', async (t) => {
  const { makeVolume, makeClaim, inPhase, volumeInPhase, client, said } = await setUp(t);
  await makeVolume('disk', { spec: { persistentVolumeReclaimPolicy: 'Delete' } });
  await makeClaim('data');
  await inPhase('data', 'Bound');
  await client.delete(persistentVolumeClaims, 'default/data');
  const failed = await volumeInPhase('disk', 'Failed');
  t.match(failed.status?.message, /no deletable volume plugin matched/);
  await said('VolumeFailedDelete');
});

t.test('a claim whose volume is taken away is Lost', async (t) => {
  const { makeVolume, makeClaim, inPhase, client, said } = await setUp(t);
  await makeVolume('gone');
  await makeClaim('data');
  await inPhase('data', 'Bound');
  await client.patch(persistentVolumes, 'gone', { type: 'merge', body: { metadata: { finalizers: null } } });
  await client.delete(persistentVolumes, 'gone');
  await eventually(async () => {
    const body = { metadata: { finalizers: null } };
    await client.patch(persistentVolumes, 'gone', { type: 'merge', body }).catch(() => undefined);
    return (await client.list(persistentVolumes)).items.length === 0;
  });
  await inPhase('data', 'Lost');
  await said('ClaimLost: Bound claim has lost its PersistentVolume');
});

t.test('a volume and a claim in use are not removed before they are let go', async (t) => {
  const { makeVolume, makeClaim, inPhase, volume, claim, client, volumeInPhase } = await setUp(t);
  await makeVolume('disk');
  await makeClaim('data');
  await inPhase('data', 'Bound');
  await client.create<Pod>(pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'user', namespace: 'default' },
    spec: {
      nodeName: 'pi',
      containers: [{ name: 'c', image: 'e.com/c:1' }],
      volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }],
    },
  });
  await client.delete(persistentVolumes, 'disk');
  await client.delete(persistentVolumeClaims, 'default/data');
  t.ok((await volume('disk')).metadata.deletionTimestamp);
  t.ok((await claim('data')).metadata.deletionTimestamp);
  await volumeInPhase('disk', 'Bound');
  await client.delete(pods, 'default/user', { gracePeriodSeconds: 0 });
  await eventually(async () => (await client.list(persistentVolumeClaims)).items.length === 0);
  await eventually(async () => (await client.list(persistentVolumes)).items.length === 0);
});

t.test('a local-path claim waits for its pod and gets a directory of the board chosen for it', async (t) => {
  const { makeClass, makeClaim, inPhase, said, client, volume } = await setUp(t);
  await makeClass();
  const made = await makeClaim('data', { spec: { storageClassName: undefined } });
  t.equal(made.spec.storageClassName, 'local-path');
  await said('WaitForFirstConsumer: waiting for first consumer to be created before binding');
  const body = { metadata: { annotations: { [SELECTED_NODE]: 'pi' } } };
  await client.patch(persistentVolumeClaims, 'default/data', { type: 'merge', body });
  const claim = await inPhase('data', 'Bound');
  await said(`ProvisioningSucceeded: Successfully provisioned volume pvc-${made.metadata.uid}`);
  const made2 = await volume(claim.spec.volumeName ?? '');
  t.equal(made2.spec.persistentVolumeReclaimPolicy, 'Delete');
  t.match(made2.spec.nodeAffinity?.required?.nodeSelectorTerms[0]?.matchExpressions?.[0], {
    key: 'kubernetes.io/hostname',
    values: ['pi'],
  });
});

t.test('a claim that a directory cannot meet is told so', async (t) => {
  const { makeClass, makeClaim, said } = await setUp(t);
  await makeClass({ volumeBindingMode: 'Immediate' });
  await makeClaim('now', { spec: { storageClassName: 'local-path' } });
  await said('no node was specified: the class must have volumeBindingMode WaitForFirstConsumer');
  await makeClaim('many', { modes: ['ReadWriteMany'], spec: { storageClassName: 'local-path' } });
  await said('only supports ReadWriteOnce and ReadWriteOncePod');
});

t.test(
  'another provisioner is asked by annotation, and a default class reaches claims made before it',
  async (t) => {
    const { makeClass, makeClaim, said, claim } = await setUp(t);
    await makeClaim('early', { spec: { storageClassName: undefined } });
    await said('FailedBinding');
    await makeClass({ provisioner: 'nfs.example.com', volumeBindingMode: 'Immediate' });
    await said(
      "ExternalProvisioning: Waiting for a volume to be created either by the external provisioner 'nfs.example.com'",
    );
    const early = await claim('early');
    t.equal(early.spec.storageClassName, 'local-path');
    t.equal(early.metadata.annotations?.['volume.kubernetes.io/storage-provisioner'], 'nfs.example.com');
  },
);
