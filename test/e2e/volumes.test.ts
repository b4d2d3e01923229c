// Volumes as a container sees them on real podman: a claim's data outlives its pod and goes with the claim; group,
// size and place of the others are what the pod asked for; and nothing stays mounted on the board.
import t from 'tap';
import { eventually } from '../support/eventually.ts';
import { curlArchive, curlImage } from '../support/guestbook/images.ts';
import { LoneBoard } from '../support/lone-board.ts';

const GROUP = 4321;
const metadata = (name: string) => ({ name, namespace: 'default' });
const claim = (nodeName: string) => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: {
    ...metadata('data'),
    // As the scheduler says where the first pod goes.
    annotations: { 'volume.kubernetes.io/selected-node': nodeName },
  },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } },
});

/** Runs `script` as an ordinary user to its end. */
const pod = (name: string, script: string, volumes: object[], volumeMounts: object[]) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: metadata(name),
  spec: {
    restartPolicy: 'Never',
    terminationGracePeriodSeconds: 0,
    securityContext: { runAsUser: 65534, fsGroup: GROUP },
    volumes,
    containers: [
      {
        name: 'c',
        image: curlImage,
        imagePullPolicy: 'Never',
        command: ['sh', '-c', script],
        env: [{ name: 'NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
        volumeMounts,
      },
    ],
  },
});

const data = { name: 'data', persistentVolumeClaim: { claimName: 'data' } };
const dataMount = { name: 'data', mountPath: '/data' };

t.test('volumes on a board', async (t) => {
  const board = new LoneBoard();
  t.teardown(() => board.destroy());
  await board.start([await curlArchive()]);
  const [node = ''] = (await board.edgectl('get', 'nodes', '-o', 'name')).stdout.trim().split('/').slice(-1);

  const outputOf = async (name: string) => {
    await eventually(async () => {
      const { status } = await board.get('pod', name);
      if (!['Succeeded', 'Failed'].includes(status.phase)) throw new Error(JSON.stringify(status));
    }, 30_000);
    return (await board.edgectl('logs', name)).stdout;
  };
  const directories = async () => (await board.run('find', board.dataDir, '-name', 'pvc-*')).stdout.trim();

  await t.test('the data of a claim outlives its pod, and goes with the claim', async (t) => {
    await board.apply(claim(node), pod('writer', 'echo kept >/data/file', [data], [dataMount]));
    t.equal(await outputOf('writer'), '');
    t.match(await board.get('pvc', 'data'), { status: { phase: 'Bound', capacity: { storage: '1Mi' } } });
    await board.edgectl('delete', 'pod', 'writer');
    await board.apply(pod('reader', 'cat /data/file', [data], [dataMount]));
    t.equal(await outputOf('reader'), 'kept\n');
    t.match(await directories(), /\/local-volumes\/pvc-/);
    await board.edgectl('delete', 'pod', 'reader');
    await board.edgectl('delete', 'pvc', 'data');
    await eventually(async () => (await directories()) === '', 15_000);
    await eventually(async () => {
      const { stdout } = await board.edgectl('get', 'pv', '-o', 'name');
      return stdout.trim() === '';
    }, 15_000);
  });

  await t.test("a volume of the pod's own comes with it, and goes with it", async (t) => {
    const { spec } = claim(node);
    const scratch = { name: 'scratch', ephemeral: { volumeClaimTemplate: { spec } } };
    const script = 'echo mine >/scratch/file && cat /scratch/file';
    await board.apply(pod('owner', script, [scratch], [{ name: 'scratch', mountPath: '/scratch' }]));
    t.equal(await outputOf('owner'), 'mine\n');
    t.match(await board.get('pvc', 'owner-scratch'), {
      metadata: { ownerReferences: [{ kind: 'Pod', name: 'owner', controller: true }] },
      status: { phase: 'Bound' },
    });
    await board.edgectl('delete', 'pod', 'owner');
    await eventually(async () => (await directories()) === '', 15_000);
  });

  await t.test('group, size and place are what the pod asked for, and nothing stays mounted', async (t) => {
    const volumes = [
      { name: 'memory', emptyDir: { medium: 'Memory', sizeLimit: '2Mi' } },
      { name: 'disk', emptyDir: {} },
    ];
    const mounts = [
      { name: 'memory', mountPath: '/memory' },
      { name: 'disk', mountPath: '/own', subPathExpr: 'of/$(NAME)' },
      { name: 'disk', mountPath: '/whole' },
    ];
    const script = [
      'busybox grep " /memory " /proc/mounts',
      'echo x >/memory/file',
      'busybox stat -c "%g %a" /memory /memory/file',
      'busybox id -G',
      'busybox ls /whole/of',
    ].join(' && ');
    await board.apply(pod('asker', script, volumes, mounts));
    const [mounted = '', ...rest] = (await outputOf('asker')).trim().split('\n');
    t.match(mounted, /^tmpfs \/memory tmpfs .*size=2048k/);
    t.same(rest, [`${GROUP} 2777`, `${GROUP} 644`, `0 ${GROUP}`, 'asker']);
    const mountedOnBoard = async () => (await board.run('cat', '/proc/mounts')).stdout.includes('size=2048k');
    t.ok(await mountedOnBoard());
    await board.edgectl('delete', 'pod', 'asker');
    await eventually(async () => !(await mountedOnBoard()), 15_000);
  });
});
