// When rights are asked for again, and what ends then.
import t from 'tap';
import type { KubeObject } from '../../../../src/api/objects.ts';
import type { ResourceAttributes } from '../../../../src/apiserver/auth/attributes.ts';
import { Authorizer } from '../../../../src/apiserver/auth/authorizer.ts';
import { BoardPods } from '../../../../src/apiserver/auth/board-pods.ts';
import { LastingRights } from '../../../../src/apiserver/auth/lasting-rights.ts';
import { PolicyIndex } from '../../../../src/apiserver/auth/policy-index.ts';
import { LevelStore } from '../../../../src/store/level-store.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { MemoryEngine } from '../../../support/memory-engine.ts';

const GROUP = '/registry/rbac.authorization.k8s.io';
const where = { group: '', version: 'v1', subresource: '', namespace: 'n', name: '' };
const watching = (resource: string): ResourceAttributes => ({ ...where, verb: 'watch', resource });

t.test('only what is no longer allowed ends, once, a second after the change', async (t) => {
  const failures: Error[] = [];
  const store = new LevelStore({ engine: new MemoryEngine(), onFatal: (error) => failures.push(error) });
  await store.start();
  const put = (key: string, object: object) =>
    store.write(`${GROUP}/${key}`, () => ({ put: object as KubeObject }));
  const role = (resources: string[]) => ({
    metadata: { name: 'r' },
    rules: [{ apiGroups: [''], resources, verbs: ['watch'] }],
  });
  await put('clusterroles/r', role(['pods', 'secrets']));
  await put('clusterrolebindings/b', {
    metadata: { name: 'b' },
    roleRef: { kind: 'ClusterRole', name: 'r' },
    subjects: [{ kind: 'User', name: 'vera' }],
  });
  const clock = new FakeClock();
  const policy = new PolicyIndex(store);
  const lasting = new LastingRights(new Authorizer(policy, new BoardPods(store)), policy, clock);
  await policy.start();
  await lasting.start();
  t.teardown(async () => {
    await lasting.stop();
    await policy.stop();
    await store.stop();
  });
  const ended: string[] = [];
  const hold = (name: string, resource: string, groups: string[] = []) =>
    lasting.hold({ name: 'vera', groups }, watching(resource), () => ended.push(name));
  hold('pods', 'pods');
  hold('secrets', 'secrets');
  hold('as an administrator', 'secrets', ['system:masters']);
  const release = hold('over before', 'secrets');
  release();
  await put('clusterroles/r', role(['pods', 'secrets', 'events']));
  await clock.advance(2_000);
  t.same(ended, []);
  await put('clusterroles/r', role(['pods']));
  await clock.advance(900);
  t.same(ended, []);
  await clock.advance(200);
  t.same(ended, ['secrets']);
  await store.write(`${GROUP}/clusterrolebindings/b`, (entry) => ({ remove: entry!.value }));
  await clock.advance(2_000);
  t.same(ended, ['secrets', 'pods']);
  t.same(failures, []);
});
