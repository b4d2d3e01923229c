// PersistentVolume and PersistentVolumeClaim: what they show and what may change.
import t from 'tap';
import { cell, problems, updateProblems } from '../../../support/kind-problems.ts';

const volume = (spec: object = {}, status?: object) => ({
  spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/a' }, ...spec },
  ...(status ? { status } : {}),
});
const claim = (spec: object = {}, status?: object) => ({
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
  ...(status ? { status } : {}),
});
const storage = (size: string) => ({ resources: { requests: { storage: size } } });

t.test('a volume has a size, one source and modes that go together', async (t) => {
  t.same(problems('pv', volume()), []);
  t.same(problems('pv', volume({ capacity: { storage: '0', cpu: '1' } })), [
    'spec.capacity: Unsupported value: {"storage":"0","cpu":"1"}: supported values: "storage"',
    'spec.capacity[storage]: Invalid value: "0": must be greater than zero',
  ]);
  t.same(problems('pv', volume({ hostPath: undefined })), [
    'spec: Required value: must specify a volume type',
  ]);
  t.same(problems('pv', volume({ accessModes: ['ReadWriteOncePod', 'ReadOnlyMany'] })), [
    'spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes',
  ]);
  t.same(problems('pv', volume({ persistentVolumeReclaimPolicy: 'Recycle', hostPath: { path: '//' } })), [
    "spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'",
  ]);
});

t.test('a disk of one board says which board', async (t) => {
  const local = { hostPath: undefined, local: { path: '/disk' } };
  t.same(problems('pv', volume(local)), [
    'spec.nodeAffinity: Required value: Local volume requires node affinity',
  ]);
  const requirement = { key: 'kubernetes.io/hostname', operator: 'In', values: ['a'] };
  const nodeAffinity = { required: { nodeSelectorTerms: [{ matchExpressions: [requirement] }] } };
  t.same(problems('pv', volume({ ...local, nodeAffinity })), []);
  t.same(problems('pv', volume({ ...local, nodeAffinity: {} })), [
    'spec.nodeAffinity.required: Required value: must specify required node constraints',
  ]);
});

t.test('a volume may be claimed, but neither moved nor changed in kind', async (t) => {
  const claimRef = { namespace: 'default', name: 'c' };
  t.same(updateProblems('pv', volume(), volume({ claimRef, persistentVolumeReclaimPolicy: 'Delete' })), []);
  t.same(updateProblems('pv', volume(), volume({ hostPath: { path: '/b' }, volumeMode: 'Block' })), [
    'spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation',
    'spec.volumeMode: Invalid value: "Block": field is immutable',
  ]);
});

t.test('a volume shows who holds it', async (t) => {
  const claimRef = { namespace: 'default', name: 'c' };
  t.equal(cell('pv', 'Claim', volume({ claimRef }, { phase: 'Bound' })), 'default/c');
  t.equal(cell('pv', 'Status', volume({ claimRef }, { phase: 'Bound' })), 'Bound');
  t.equal(cell('pv', 'Access Modes', volume({ accessModes: ['ReadWriteMany', 'ReadWriteOnce'] })), 'RWO,RWX');
});

t.test('a claim shows its volume once it has one', async (t) => {
  const status = { phase: 'Bound', capacity: { storage: '2Gi' }, accessModes: ['ReadWriteOnce'] };
  t.equal(cell('pvc', 'Capacity', claim({ volumeName: 'v' }, status)), '2Gi');
  t.equal(cell('pvc', 'Access Modes', claim({ volumeName: 'v' }, status)), 'RWO');
  t.equal(cell('pvc', 'Capacity', claim({}, {})), '');
  t.equal(cell('pvc', 'Status', { ...claim(), metadata: { deletionTimestamp: 'x' } }), 'Terminating');
  const annotations = { 'volume.beta.kubernetes.io/storage-class': 'old' };
  t.equal(cell('pvc', 'StorageClass', { ...claim(), metadata: { annotations } }), 'old');
});

t.test('a claim gets its volume once, a class while it has none, and grows when bound', async (t) => {
  const rule =
    'spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';
  const held = { phase: 'Bound', capacity: { storage: '2Gi' } };
  t.same(updateProblems('pvc', claim(), claim({ volumeName: 'v', storageClassName: 'fast' })), []);
  t.same(updateProblems('pvc', claim({ volumeName: 'v' }), claim({ volumeName: 'w' })), [rule]);
  t.same(updateProblems('pvc', claim(), claim(storage('2Gi'))), [rule]);
  t.same(updateProblems('pvc', claim({}, held), claim(storage('3Gi'), held)), []);
  t.same(updateProblems('pvc', claim(storage('3Gi'), held), claim(storage('2Gi'), held)), []);
  t.same(updateProblems('pvc', claim(storage('3Gi'), held), claim(storage('1Gi'), held)), [
    'spec.resources.requests.storage: Forbidden: field can not be less than status.capacity',
  ]);
});
