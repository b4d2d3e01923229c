// Cells of the table: boards taken out of use and back, and what they use.
import type { CellContext, KubectlCell } from './kubectl-cell.ts';
import { deployment, pod } from './kubectl-manifests.ts';

const taints = async ({ get }: CellContext) => (await get('v1', 'nodes', 'board-a')).spec.taints ?? [];

export const nodeCells: readonly KubectlCell[] = [
  {
    row: 'cordon and uncordon',
    async run(cell) {
      const { t, must, get } = cell;
      await must('cordon board-a');
      t.equal((await get('v1', 'nodes', 'board-a')).spec.unschedulable, true);
      t.match(await must('get node board-a'), /Ready,SchedulingDisabled/);
      await must('create -f -', deployment({ replicas: 3 }));
      await must('rollout status deployment/web --timeout=20s');
      const pods = await cell.list('v1', 'pods');
      t.ok(pods.every(({ spec }) => spec.nodeName === 'board-b'));
      await must('uncordon board-a');
      t.notOk((await get('v1', 'nodes', 'board-a')).spec.unschedulable);
    },
  },
  {
    row: 'drain moves what has a controller, and leaves a bare pod unless forced',
    async run(cell) {
      const { t, must, list, kubectl } = cell;
      await must('create -f -', deployment({ replicas: 4 }));
      await must('rollout status deployment/web --timeout=20s');
      const drain = 'drain board-a --pod-selector=app=web --ignore-daemonsets --timeout=20s';
      await must(drain);
      t.teardown(() => kubectl('uncordon board-a'));
      const kept = (await list('v1', 'pods')).filter(({ metadata }) => !metadata.deletionTimestamp);
      t.notOk(kept.some(({ spec }) => spec.nodeName === 'board-a'));
      await must('rollout status deployment/web --timeout=20s');
      await must('uncordon board-a');
      await must('create -f -', pod({ nodeName: 'board-a' }));
      await must('wait --for=condition=Ready pod/one --timeout=20s');
      const bare = 'drain board-a --pod-selector=app=one --timeout=20s';
      t.match(await kubectl(bare), { code: 1, err: /declares? no controller|not managed by/ });
      await must(`${bare} --force`);
      t.notOk((await list('v1', 'pods', 'app=one')).length);
    },
  },
  {
    row: 'taint, change and untaint',
    async run(cell) {
      const { t, must } = cell;
      await must('taint nodes board-a a=b:NoSchedule');
      t.match(await taints(cell), [{ key: 'a', value: 'b', effect: 'NoSchedule' }]);
      await must('taint nodes board-a a=c:NoSchedule --overwrite');
      t.match(await taints(cell), [{ key: 'a', value: 'c' }]);
      await must('taint nodes board-a a:NoSchedule-');
      t.strictSame(await taints(cell), []);
    },
  },
  {
    row: 'top of nodes and pods, and of what is not measured',
    async run(cell) {
      const { t, must, kubectl } = cell;
      const nodes = await must('top nodes');
      t.match(nodes, /^board-a +250m +6% +1024Mi +25% *$/m);
      t.match(nodes, /^board-b +<unknown> +<unknown> +<unknown> +<unknown> *$/m, 'unknown is not 0');
      t.match(await kubectl('top node board-b'), { code: 1, err: /"board-b" not found/ });
      await must('create -f -', deployment({ replicas: 4 }));
      await must('rollout status deployment/web --timeout=20s');
      const names = (await cell.list('v1', 'pods')).filter(({ spec }) => spec.nodeName === 'board-a');
      const rows = (await must('top pods -l app=web --no-headers')).trim().split('\n');
      t.same(
        rows.map((row) => row.split(/ +/).slice(0, 3)).sort(),
        names.map(({ metadata }) => [metadata.name, '12m', '34Mi']).sort(),
      );
      t.match(await must('top pods --containers'), / +main +12m +34Mi/);
      t.match(await kubectl('top pod nobody'), { code: 1, err: /not found/ });
    },
  },
];
