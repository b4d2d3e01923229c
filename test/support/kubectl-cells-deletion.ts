// Cells of the table: deletion with every propagation, by selector, of what hangs, and of namespaces.
import { eventually } from './eventually.ts';
import type { CellContext, KubectlCell } from './kubectl-cell.ts';
import { deployment, pod } from './kubectl-manifests.ts';

async function makeWeb({ must }: CellContext): Promise<void> {
  await must('create -f -', deployment());
  await must('rollout status deployment/web --timeout=20s');
}

const counts = async ({ list }: CellContext) =>
  Promise.all([
    list('apps/v1', 'deployments').then(({ length }) => length),
    list('apps/v1', 'replicasets').then(({ length }) => length),
    list('v1', 'pods').then(({ length }) => length),
  ]);

const settles = (cell: CellContext, wanted: number[]) =>
  eventually(async () => {
    const found = await counts(cell);
    if (found.join() !== wanted.join()) throw new Error(`Deployments, ReplicaSets, pods: ${found}`);
  }, 15_000);

export const deletionCells: readonly KubectlCell[] = [
  {
    row: 'delete in the background takes dependents after it',
    async run(cell) {
      await makeWeb(cell);
      cell.t.match(await cell.must('delete deployment web --cascade=background'), /deleted/);
      await settles(cell, [0, 0, 0]);
    },
  },
  {
    row: 'delete in the foreground waits for its dependents',
    async run(cell) {
      await makeWeb(cell);
      await cell.must('delete deployment web --cascade=foreground');
      cell.t.strictSame(await counts(cell), [0, 0, 0], 'all had gone when it returned');
    },
  },
  {
    row: 'delete of an orphaning kind leaves its dependents without an owner',
    async run(cell) {
      const { t, must, list } = cell;
      await makeWeb(cell);
      await must('delete deployment web --cascade=orphan');
      await settles(cell, [0, 1, 2]);
      const [set] = await list('apps/v1', 'replicasets');
      t.notOk(set.metadata.ownerReferences);
      await must('create -f -', deployment());
      await must('rollout status deployment/web --timeout=20s');
      t.strictSame(await counts(cell), [1, 1, 2], 'a new owner takes them over');
    },
  },
  {
    row: 'delete by label, of all, of files, by force, and of what is not there',
    async run(cell) {
      const { t, must, list, kubectl } = cell;
      for (const name of ['a', 'b', 'c']) await must(`create configmap ${name}`);
      await must('label configmap a b group=x');
      await must('delete configmaps -l group=x');
      t.notOk((await list('v1', 'configmaps')).some(({ metadata }) => ['a', 'b'].includes(metadata.name)));
      await must('delete configmaps --all');
      t.notOk((await list('v1', 'configmaps')).some(({ metadata }) => metadata.name === 'c'));
      await must('create -f -', pod());
      await must('delete -f - --grace-period=0 --force', pod());
      t.strictSame(await list('v1', 'pods'), []);
      t.match(await kubectl('delete pod one'), { code: 1, err: /pods "one" not found/ });
      t.match(await kubectl('delete pod one --ignore-not-found'), { code: 0, err: '' });
    },
  },
  {
    row: 'delete of a namespace waits until it is empty and gone',
    async run(cell) {
      const { t, must, kubectl, namespace, get } = cell;
      await makeWeb(cell);
      await must(`delete namespace ${namespace}`);
      t.equal(await get('v1', 'namespaces', namespace), undefined);
      t.match(await kubectl('get deployment web'), { code: 1, err: /not found/ });
    },
  },
];
