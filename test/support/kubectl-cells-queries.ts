// Cells of the table: what is asked for by selector, piece and subresource, and waited for; and rights as objects.
import { eventually } from './eventually.ts';
import { outputOf } from './kubectl.ts';
import type { KubectlCell } from './kubectl-cell.ts';
import { configMap, deployment } from './kubectl-manifests.ts';

const daemonSet = (image: string): string => {
  const { spec } = JSON.parse(deployment({ image }));
  const { replicas: _replicas, ...rest } = spec;
  return JSON.stringify({ apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name: 'each' }, spec: rest });
};

const statefulSet = (image: string): string => {
  const { spec } = JSON.parse(deployment({ image }));
  return JSON.stringify({
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'db' },
    spec: { ...spec, serviceName: 'db' },
  });
};

export const queryCells: readonly KubectlCell[] = [
  {
    row: 'get by every form of selector, in pieces, and as a watch that names its events',
    async run({ t, must, kubectl, start }) {
      for (const name of ['a', 'b', 'c']) await must(`create configmap ${name}`);
      await must('label configmap a size=3 group=x');
      await must('label configmap b size=7 group=y');
      const named = async (selector: string) =>
        (await must(['get', 'configmaps', '-l', selector, '-o', 'name']))
          .replaceAll('configmap/', '')
          .split('\n')
          .filter((name) => ['a', 'b', 'c'].includes(name))
          .join('');
      const expected: Record<string, string> = {
        group: 'ab',
        '!group': 'c',
        'group=x': 'a',
        'group!=x': 'bc',
        'group in (x,y)': 'ab',
        'group notin (x)': 'bc',
        'size>3': 'b',
        'group,size<7': 'a',
      };
      for (const [selector, names] of Object.entries(expected))
        t.equal(await named(selector), names, selector);
      t.match(await kubectl('get configmaps -l a=b=c'), { code: 1, err: /unable to parse requirement/ });
      const unknown = await kubectl('get configmaps --field-selector=data.a=b');
      t.match(unknown, { code: 1, err: /field label not supported: data\.a/ });
      t.equal((await must('get configmaps --chunk-size=1 -o name')).split('\n').length, 5);
      const watching = start('get configmaps -l group=x -w --output-watch-events --no-headers');
      const seen = outputOf(watching);
      await eventually(() => /ADDED +a /.test(seen()));
      await must('label configmap a group=y --overwrite');
      await eventually(() => /DELETED +a /.test(seen()), 5_000).finally(() => watching.kill());
    },
  },
  {
    row: 'wait for a value',
    since: 23,
    async run({ t, must, kubectl }) {
      await must('create -f -', deployment({ replicas: 2 }));
      const wait = (value: number, timeout: string) =>
        kubectl(`wait --for=jsonpath={.status.readyReplicas}=${value} deployment/web --timeout=${timeout}`);
      t.match(await wait(2, '20s'), { code: 0, out: /condition met/ });
      t.match(await wait(3, '1s'), { code: 1, err: /timed out/ });
    },
  },
  {
    row: 'wait for what is yet to be made',
    since: 31,
    async run({ t, must, start }) {
      const waiting = start('wait --for=create configmap/later --timeout=20s -v=6');
      const seen = outputOf(waiting);
      const code = new Promise((resolve) => waiting.once('close', resolve));
      await eventually(() => seen().includes('configmaps/later'));
      await must('create configmap later');
      t.equal(await code, 0, seen());
    },
  },
  {
    row: 'get, patch and edit of subresources',
    since: 24,
    async run({ t, must, get }) {
      await must('create -f -', deployment({ replicas: 1 }));
      await must('rollout status deployment/web --timeout=20s');
      t.match(
        await must('get deployment web --subresource=scale'),
        /^NAME +DESIRED +AVAILABLE +AGE\nweb +1 +1 /,
      );
      const patch = '{"spec":{"replicas":2}}';
      await must(['patch', 'deployment', 'web', '--subresource=scale', '--type=merge', '-p', patch]);
      t.equal((await get('apps/v1', 'deployments', 'web')).spec.replicas, 2);
      const status = '{"status":{"conditions":[{"type":"Mine","status":"True"}]},"spec":{"replicas":9}}';
      await must(['patch', 'deployment', 'web', '--subresource=status', '-p', status]);
      const now = await get('apps/v1', 'deployments', 'web');
      t.ok(now.status.conditions.some(({ type }: { type: string }) => type === 'Mine'));
      t.equal(now.spec.replicas, 2, 'a status write leaves the spec alone');
    },
  },
  {
    row: 'apply view-last-applied and set-last-applied',
    async run({ t, must, get }) {
      await must('apply -f -', configMap({ a: '1' }));
      t.match(await must('apply view-last-applied configmap settings'), /data:\n {2}a: "1"/);
      await must('apply set-last-applied -f -', configMap({ b: '2' }));
      t.match(await must('apply view-last-applied configmap settings'), /data:\n {2}b: "2"/);
      t.same((await get('v1', 'configmaps', 'settings')).data, { a: '1' });
    },
  },
  {
    row: 'rollout status, history and undo of DaemonSets and StatefulSets',
    async run({ t, must, get }) {
      for (const [make, name, plural] of [
        [daemonSet, 'daemonset/each', 'daemonsets'],
        [statefulSet, 'statefulset/db', 'statefulsets'],
      ] as const) {
        await must('apply -f -', make('e.com/web:1'));
        await must(`rollout status ${name} --timeout=20s`);
        await must('apply -f -', make('e.com/web:2'));
        await must(`rollout status ${name} --timeout=30s`);
        t.match(await must(`rollout history ${name}`), /REVISION +CHANGE-CAUSE\n1 .*\n2 /);
        await must(`rollout undo ${name}`);
        await must(`rollout status ${name} --timeout=30s`);
        const { template } = (await get('apps/v1', plural, name.split('/')[1] ?? '')).spec;
        t.equal(template.spec.containers[0].image, 'e.com/web:1');
      }
    },
  },
  {
    row: 'auth reconcile adds what is missing, set subject adds whom',
    async run({ t, must, get, namespace }) {
      const role = (verbs: string[]) =>
        JSON.stringify({
          apiVersion: 'rbac.authorization.k8s.io/v1',
          kind: 'Role',
          metadata: { name: 'r', namespace },
          rules: [{ apiGroups: [''], resources: ['pods'], verbs }],
        });
      await must('auth reconcile -f -', role(['get']));
      t.match(await must('auth reconcile -f -', role(['list'])), /reconciled/);
      const { rules } = await get('rbac.authorization.k8s.io/v1', 'roles', 'r');
      t.same(rules.flatMap(({ verbs }: { verbs: string[] }) => verbs).sort(), ['get', 'list']);
      await must('create rolebinding b --role=r --user=ada');
      await must('set subject rolebinding b --group=readers');
      const { subjects } = await get('rbac.authorization.k8s.io/v1', 'rolebindings', 'b');
      t.same(subjects.map(({ name }: { name: string }) => name).sort(), ['ada', 'readers']);
    },
  },
];
