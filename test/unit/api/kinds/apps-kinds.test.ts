// The kinds of apps/v1: how they are rolled out, what may change, and what they show.
import t from 'tap';
import { cell, objectOf, problems, updateProblems } from '../../../support/kind-problems.ts';

const labels = { app: 'a' };
const owner = (spec: object = {}, podSpec: object = {}) => ({
  spec: {
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'c:1' }], ...podSpec } },
    ...spec,
  },
});

t.test('a manifest with a selector and a template is enough for each of them', async (t) => {
  for (const name of ['deploy', 'rs', 'ds', 'sts']) t.same(problems(name, owner()), [], name);
});

t.test('a deployment that recreates has no rolling update', async (t) => {
  const { object } = objectOf('deploy', owner({ strategy: { type: 'Recreate' } }));
  t.same((object as unknown as { spec: { strategy: object } }).spec.strategy, { type: 'Recreate' });
  t.same(problems('deploy', owner({ strategy: { type: 'Recreate' } })), []);
  t.match(problems('deploy', owner({ strategy: { type: 'Canary' } })), [
    /^spec\.strategy: Unsupported value: .*supported values: "Recreate", "RollingUpdate"$/,
  ]);
});

t.test('a daemon set adds or removes first, not both and not neither', async (t) => {
  const rolling = (rollingUpdate: object) =>
    problems('ds', owner({ updateStrategy: { type: 'RollingUpdate', rollingUpdate } }));
  const at = 'spec.updateStrategy.rollingUpdate';
  t.same(rolling({ maxUnavailable: 0, maxSurge: '10%' }), []);
  t.same(rolling({ maxUnavailable: 1, maxSurge: 1 }), [
    `${at}.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero`,
  ]);
  t.same(rolling({ maxUnavailable: '0%' }), [
    `${at}.maxUnavailable: Required value: cannot be 0 when maxSurge is 0`,
  ]);
  t.same(problems('ds', owner({ updateStrategy: { type: 'OnDelete' } })), []);
});

t.test('a daemon set shows its nodes', async (t) => {
  const status = { desiredNumberScheduled: 3, currentNumberScheduled: 2, numberReady: 1 };
  const daemonSet = { ...owner({}, { nodeSelector: { b: '2', a: '1' } }), status };
  const shown = ['Desired', 'Current', 'Ready', 'Up-to-date', 'Node Selector'];
  t.same(
    shown.map((name) => cell('ds', name, daemonSet)),
    [3, 2, 1, 0, 'a=1,b=2'],
  );
});

t.test('a stateful set changes in a few fields only', async (t) => {
  const changes = {
    replicas: 2,
    updateStrategy: { type: 'OnDelete' },
    minReadySeconds: 4,
    ordinals: { start: 1 },
    revisionHistoryLimit: 1,
    persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete' },
  };
  t.same(updateProblems('sts', owner(), owner(changes, { nodeName: 'n' })), []);
  const fixed = { serviceName: 's', podManagementPolicy: 'Parallel', volumeClaimTemplates: [{}] };
  for (const [field, value] of Object.entries(fixed)) {
    t.match(
      updateProblems('sts', owner(), owner({ [field]: value })),
      [/^spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals'/],
      field,
    );
  }
});

t.test('a stateful set has known policies', async (t) => {
  t.same(problems('sts', owner({ persistentVolumeClaimRetentionPolicy: { whenScaled: 'Archive' } })), [
    'spec.persistentVolumeClaimRetentionPolicy.whenScaled: Unsupported value: "Archive": supported values: "Delete", "Retain"',
  ]);
  const rollingUpdate = { partition: -1, maxUnavailable: 0 };
  t.same(problems('sts', owner({ updateStrategy: { type: 'RollingUpdate', rollingUpdate } })), [
    'spec.updateStrategy.rollingUpdate.partition: Invalid value: -1: must be greater than or equal to 0',
    'spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: 0: cannot be 0',
  ]);
});

t.test('mounts of a stateful set may name volumes that come from its claims', async (t) => {
  const volumeMounts = [{ name: 'data', mountPath: '/data' }];
  const spec = { containers: [{ name: 'c', image: 'c:1', volumeMounts }] };
  t.same(problems('sts', owner({ volumeClaimTemplates: [{ metadata: { name: 'data' } }] }, spec)), []);
});

t.test('a revision shows its controller, if it has one', async (t) => {
  const revision = (reference: object) => ({ data: {}, metadata: { ownerReferences: [reference] } });
  const owned = { kind: 'StatefulSet', name: 'web', controller: true };
  t.equal(
    cell('controllerrevision', 'Controller', revision({ apiVersion: 'apps/v1', ...owned })),
    'statefulset.apps/web',
  );
  t.equal(
    cell('controllerrevision', 'Controller', revision({ apiVersion: 'v1', ...owned })),
    'statefulset/web',
  );
  const other = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'web' };
  t.equal(cell('controllerrevision', 'Controller', revision(other)), '<none>');
});

t.test('who owns pods is warned of a name that is no host name', async (t) => {
  const { kind, object } = objectOf('deploy', { metadata: { name: 'web.example' }, ...owner() });
  t.match(kind.warnings?.(object), [/^metadata\.name: this is used in Pod names/]);
});
