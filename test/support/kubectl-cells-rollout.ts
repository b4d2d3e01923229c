// Cells of the table: Deployments rolled out, held, taken back and scaled.
import { eventually } from './eventually.ts';
import type { CellContext, KubectlCell } from './kubectl-cell.ts';
import { deployment } from './kubectl-manifests.ts';

const web = ({ get }: CellContext) => get('apps/v1', 'deployments', 'web');
const image = async (cell: CellContext) => (await web(cell)).spec.template.spec.containers[0].image;
const rolledOut = ({ must }: CellContext) => must('rollout status deployment/web --timeout=20s');

/** The images of the pods that are to stay. */
async function images({ list }: CellContext): Promise<string[]> {
  const pods = await list('v1', 'pods', 'app=web');
  const kept = pods.filter((pod) => !pod.metadata.deletionTimestamp);
  return kept.map((pod) => pod.spec.containers[0].image);
}

export const rolloutCells: readonly KubectlCell[] = [
  {
    row: 'set image, rollout status, history and undo',
    async run(cell) {
      const { t, must } = cell;
      await must('create -f -', deployment());
      t.match(await rolledOut(cell), /successfully rolled out/);
      t.match(await must('set image deployment/web main=e.com/web:2'), /image updated/);
      await rolledOut(cell);
      t.strictSame(await images(cell), ['e.com/web:2', 'e.com/web:2']);
      await must('annotate deployment web kubernetes.io/change-cause=second');
      await rolledOut(cell);
      t.match(await must('rollout history deployment/web'), /1 +<none>\n2 +/);
      t.match(await must('rollout history deployment/web --revision=1'), /Image:\s+e.com\/web:1\n/);
      t.match(await must('rollout undo deployment/web'), /rolled back/);
      await rolledOut(cell);
      t.equal(await image(cell), 'e.com/web:1');
      await must('rollout undo deployment/web --to-revision=2');
      await rolledOut(cell);
      t.strictSame(await images(cell), ['e.com/web:2', 'e.com/web:2']);
    },
  },
  {
    row: 'rollout restart replaces every pod',
    async run(cell) {
      const { t, must, list } = cell;
      await must('create -f -', deployment());
      await rolledOut(cell);
      const before = (await list('v1', 'pods', 'app=web')).map((pod) => pod.metadata.uid);
      t.match(await must('rollout restart deployment/web'), /restarted/);
      await rolledOut(cell);
      const after = (await list('v1', 'pods', 'app=web')).filter((pod) => !pod.metadata.deletionTimestamp);
      t.equal(after.length, 2);
      t.notOk(after.some((pod) => before.includes(pod.metadata.uid)));
    },
  },
  {
    row: 'rollout pause holds a change back, resume lets it go on',
    async run(cell) {
      const { t, must, kubectl } = cell;
      await must('create -f -', deployment());
      await rolledOut(cell);
      await must('set image deployment/web main=e.com/web:2');
      await rolledOut(cell);
      await must('rollout pause deployment/web');
      t.equal((await web(cell)).spec.paused, true);
      await must('set image deployment/web main=e.com/web:3');
      t.match(await kubectl('rollout undo deployment/web'), { code: 1, err: /cannot rollback a paused/ });
      await must('scale deployment web --replicas=3');
      await eventually(async () => (await images(cell)).length === 3);
      t.strictSame(await images(cell), ['e.com/web:2', 'e.com/web:2', 'e.com/web:2'], 'it still grows');
      await must('rollout resume deployment/web');
      await rolledOut(cell);
      t.strictSame(await images(cell), ['e.com/web:3', 'e.com/web:3', 'e.com/web:3']);
    },
  },
  {
    row: 'a rollout that gets nowhere is said to have failed',
    async run(cell) {
      const { t, must, kubectl } = cell;
      await must('create -f -', deployment({ image: 'e.com/broken', extra: { progressDeadlineSeconds: 1 } }));
      const { code, err } = await kubectl('rollout status deployment/web --timeout=20s');
      t.equal(code, 1);
      t.match(err, /exceeded its progress deadline/);
      await must('set image deployment/web main=e.com/web:2');
      await rolledOut(cell);
      t.strictSame(await images(cell), ['e.com/web:2', 'e.com/web:2'], 'the next one gets on');
    },
  },
  {
    row: 'scale of Deployments, ReplicaSets and ReplicationControllers',
    async run(cell) {
      const { t, must, get, kubectl } = cell;
      await must('create -f -', deployment());
      t.match(await must('scale deployment web --replicas=4'), /scaled/);
      await rolledOut(cell);
      t.equal((await images(cell)).length, 4);
      t.match(await kubectl('scale deployment web --current-replicas=9 --replicas=1'), { code: 1 });
      await must('scale deployment web --current-replicas=4 --replicas=1');
      t.equal((await web(cell)).spec.replicas, 1);
      const rc = {
        apiVersion: 'v1',
        kind: 'ReplicationController',
        metadata: { name: 'old' },
        spec: {
          replicas: 0,
          template: {
            metadata: { labels: { app: 'old' } },
            spec: { containers: [{ name: 'c', image: 'e.com/c:1' }] },
          },
        },
      };
      await must('create -f -', JSON.stringify(rc));
      await must('scale rc old --replicas=3');
      t.equal((await get('v1', 'replicationcontrollers', 'old')).spec.replicas, 3);
    },
  },
  {
    row: 'set env and set resources',
    async run(cell) {
      const { t, must } = cell;
      await must('create -f -', deployment());
      await must('set env deployment/web B=c');
      await must('set resources deployment/web --limits=memory=64Mi');
      const [container] = (await web(cell)).spec.template.spec.containers;
      t.match(container, { resources: { limits: { memory: '64Mi' } } });
      t.strictSame(container.env, [
        { name: 'A', value: 'b' },
        { name: 'B', value: 'c' },
      ]);
    },
  },
];
