import t, { type Test } from 'tap';
import { persistentVolumes } from '../../../src/api/kinds/persistent-volume.ts';
import { pods } from '../../../src/api/kinds/pod.ts';
import type { PersistentVolume, Pod } from '../../../src/api/objects.ts';
import { LOCAL_PATH_PROVISIONER } from '../../../src/api/storage-marks.ts';
import { decodeJson } from '../../../src/mqtt/json-payload.ts';
import { RETAINED } from '../../../src/mqtt/message-bus.ts';
import type { DesiredIndex } from '../../../src/mqtt/messages.ts';
import { topics } from '../../../src/mqtt/topics.ts';
import { GatewayLab } from '../../support/gateway-lab.ts';

async function setUp(t: Test) {
  const lab = await GatewayLab.start(t);
  for (const node of ['pi', 'other']) await lab.join(node);
  return lab;
}

async function addVolume(lab: GatewayLab, phase: string, policy = 'Delete'): Promise<PersistentVolume> {
  const made = await lab.client.create<PersistentVolume>(persistentVolumes, {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: 'pvc-1' },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      persistentVolumeReclaimPolicy: policy,
      claimRef: { namespace: 'default', name: 'data', uid: 'claim-uid' },
      csi: { driver: LOCAL_PATH_PROVISIONER, volumeHandle: 'pvc-1', volumeAttributes: { node: 'pi' } },
    },
  });
  await setPhase(lab, phase);
  // Nothing protects it here: the controller that does is not part of the gateway.
  await lab.client.patch(persistentVolumes, 'pvc-1', {
    type: 'merge',
    body: { metadata: { finalizers: null } },
  });
  await lab.pass(100);
  return made;
}

const setPhase = (lab: GatewayLab, phase: string) =>
  lab.client.patch(persistentVolumes, 'pvc-1', { type: 'merge', body: { status: { phase } } }, 'status');

function volumesTold(lab: GatewayLab, node: string): string[] {
  const [message] = lab.bus.retained(topics.desiredIndex(node));
  const index = message && (decodeJson(message.payload) as unknown as DesiredIndex);
  return Object.keys(index?.volumes ?? {});
}

function report(lab: GatewayLab, node: string, observed: object, session = 's1'): Promise<void> {
  lab.bus.publish(topics.observedVolumes(node), { session, volumes: { 'pvc-1': observed } }, RETAINED);
  return lab.pass(100);
}

const volumesLeft = async (lab: GatewayLab) => (await lab.client.list(persistentVolumes)).items;

t.test('a board is told of the volume that a pod of its uses, and of no other', async (t) => {
  const lab = await setUp(t);
  await addVolume(lab, 'Bound');
  t.same(volumesTold(lab, 'pi'), []);
  await lab.client.create<Pod>(pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'user', namespace: 'default' },
    spec: {
      nodeName: 'pi',
      containers: [{ name: 'c', image: 'i' }],
      volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }],
    },
  });
  await lab.pass(100);
  t.same(volumesTold(lab, 'pi'), ['pvc-1']);
  t.same(volumesTold(lab, 'other'), []);
  const [item] = lab.bus.retained(topics.desired('pi', 'volumes', 'pvc-1'));
  t.match(item && decodeJson(item.payload), { volume: { spec: { csi: { volumeHandle: 'pvc-1' } } } });
});

t.test('a volume for one board is told to the next board once the pod that has it is gone', async (t) => {
  const lab = await setUp(t);
  await addVolume(lab, 'Bound');
  const user = (name: string, nodeName: string) =>
    lab.client.create<Pod>(pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'default' },
      spec: {
        nodeName,
        containers: [{ name: 'c', image: 'i' }],
        volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }],
      },
    });
  await user('first', 'pi');
  await lab.pass(2_000);
  await user('second', 'other');
  await lab.pass(100);
  t.same([volumesTold(lab, 'pi'), volumesTold(lab, 'other')], [['pvc-1'], []]);
  await lab.client.delete(pods, 'default/first', {});
  await lab.pass(100);
  t.same(volumesTold(lab, 'other'), [], 'its board has not said that it ended');
  await lab.client.delete(pods, 'default/first', { gracePeriodSeconds: 0 });
  await lab.pass(100);
  t.same([volumesTold(lab, 'pi'), volumesTold(lab, 'other')], [[], ['pvc-1']]);
});

t.test('a released volume is told to its board, and is deleted when the board has removed it', async (t) => {
  const lab = await setUp(t);
  const { metadata } = await addVolume(lab, 'Released');
  t.same(volumesTold(lab, 'pi'), ['pvc-1']);
  await report(lab, 'other', { uid: metadata.uid, removed: true });
  t.equal((await volumesLeft(lab)).length, 1, 'another board has no say');
  await report(lab, 'pi', { uid: metadata.uid, removed: true }, 'old');
  t.equal((await volumesLeft(lab)).length, 1, 'nor has a session that is over');
  await report(lab, 'pi', { uid: metadata.uid, removed: true });
  t.equal((await volumesLeft(lab)).length, 0);
  t.same(volumesTold(lab, 'pi'), []);
});

t.test('a board that could not remove a volume makes it Failed, and its next word counts', async (t) => {
  const lab = await setUp(t);
  const { metadata } = await addVolume(lab, 'Released');
  await report(lab, 'pi', { uid: metadata.uid, removed: false, message: 'EIO: i/o error' });
  t.match((await volumesLeft(lab))[0]?.status, { phase: 'Failed', message: 'EIO: i/o error' });
  t.ok(lab.cluster.recorder.lines.includes('VolumeFailedDelete: EIO: i/o error'));
  t.same(volumesTold(lab, 'pi'), ['pvc-1']);
  await report(lab, 'pi', { uid: metadata.uid, removed: true });
  t.equal((await volumesLeft(lab)).length, 0);
});

t.test('a volume that is to be kept is never told as one to remove, whatever a board says', async (t) => {
  const lab = await setUp(t);
  const { metadata } = await addVolume(lab, 'Released', 'Retain');
  t.same(volumesTold(lab, 'pi'), []);
  await report(lab, 'pi', { uid: metadata.uid, removed: true });
  t.equal((await volumesLeft(lab)).length, 1);
});
