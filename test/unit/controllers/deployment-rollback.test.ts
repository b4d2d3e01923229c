// Source: pkg/controller/deployment/rollback.go
import t from 'tap';
import { rollbackOf } from '../../../src/controllers/deployment-rollback.ts';
import { makeDeployment, makeRollout, makeSet } from '../../support/make-deployment.ts';

const WISH = 'deprecated.deployment.rollback.to';
const REVISION = 'deployment.kubernetes.io/revision';
const set = (name: string, revision: number, cause: string, image = name) => {
  const annotations = { [REVISION]: String(revision), 'kubernetes.io/change-cause': cause };
  const made = makeSet({ name, image, size: 1, annotations });
  made.spec.template!.metadata = { labels: { app: 'web', 'pod-template-hash': name } };
  return made;
};
const sets = [set('first', 1, 'create'), set('second', 2, 'edit'), set('new', 3, 'edit again')];
const wishing = (wish: string, own: Record<string, string> = {}, among = sets) =>
  rollbackOf(makeRollout(makeDeployment({ annotations: { [WISH]: wish, ...own } }), ...among));

t.test('the template and what was noted on it come back, the wish goes', async (t) => {
  const own = { 'kubernetes.io/change-cause': 'edit again', [REVISION]: '3' };
  const { deployment, ...told } = wishing('1', own)!;
  t.same(told, {
    type: 'Normal',
    reason: 'DeploymentRollback',
    message: 'Rolled back deployment "web" to revision 1',
  });
  t.same(deployment.metadata.annotations, { 'kubernetes.io/change-cause': 'create', [REVISION]: '3' });
  t.same(deployment.spec.template, {
    metadata: { labels: { app: 'web' } },
    spec: { containers: [{ name: 'c', image: 'first' }] },
  });
});

t.test('0 means the revision before', async (t) => {
  t.equal(wishing('0')?.message, 'Rolled back deployment "web" to revision 2');
});

const refusals: [wish: string, among: typeof sets, reason: string, message: string][] = [
  ['7', sets, 'DeploymentRollbackRevisionNotFound', 'Unable to find the revision to rollback to.'],
  ['0', [sets[2]!], 'DeploymentRollbackRevisionNotFound', 'Unable to find last revision.'],
  [
    '3',
    sets,
    'DeploymentRollbackTemplateUnchanged',
    'The rollback revision contains the same template as current deployment "web"',
  ],
];
for (const [wish, among, reason, message] of refusals) {
  t.test(`${wish} among ${among.length}: ${message}`, async (t) => {
    const given = makeDeployment({ annotations: {} });
    const { deployment, ...told } = wishing(wish, {}, among)!;
    t.same(told, { type: 'Warning', reason, message });
    t.same(deployment, given, 'only the wish is gone');
  });
}

t.test('a paused Deployment, and one whose ReplicaSet is not made yet, go back later', async (t) => {
  const paused = makeDeployment({ annotations: { [WISH]: '1' }, spec: { paused: true } });
  t.equal(rollbackOf(makeRollout(paused, ...sets)), undefined);
  t.equal(wishing('1', {}, sets.slice(0, 2)), undefined);
});

t.test('no wish, and one that is no number, is none', async (t) => {
  t.equal(wishing('soon'), undefined);
  t.equal(rollbackOf(makeRollout(makeDeployment(), ...sets)), undefined);
});
