// Whom a change of an object concerns: the promise that no controller misses a pod that is, was or may be its own.
import t from 'tap';
import { replicaSets } from '../../../src/api/kinds/replica-set.ts';
import { selectorFromLabels } from '../../../src/api/label-selector.ts';
import type { ReplicaSet } from '../../../src/api/objects.ts';
import { type Owners, ownersConcerned } from '../../../src/controllers/owner-lookup.ts';
import { makePod } from '../../support/make-pod.ts';

function set(name: string, labels: Record<string, string>): ReplicaSet {
  const metadata = {
    name,
    namespace: 'default',
    uid: name,
    resourceVersion: '1',
    creationTimestamp: '2026-01-01T00:00:00Z',
  };
  return { apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata, spec: { selector: { matchLabels: labels } } };
}

const sets = [
  set('web', { app: 'web' }),
  set('rival', { app: 'web' }),
  set('all', {}),
  set('db', { app: 'db' }),
];
const owners = {
  kind: replicaSets,
  informer: { lister: { inNamespace: () => sets } },
  selectorOf: ({ spec }: ReplicaSet) => selectorFromLabels(spec.selector.matchLabels ?? {}),
} as unknown as Owners<ReplicaSet>;
const labels = { app: 'web' };
const owned = (name: string, kind = 'ReplicaSet') => makePod({ labels, owner: { uid: name, kind, name } });

t.test('a pod concerns its controller, and nobody else that would select it', async (t) => {
  t.same(ownersConcerned(owners, owned('web')), ['default/web']);
});

t.test('a pod that changes hands concerns both', async (t) => {
  t.same(ownersConcerned(owners, owned('rival'), owned('web')), ['default/rival', 'default/web']);
});

t.test('an orphan concerns all that select it; an empty selector selects nothing', async (t) => {
  t.same(ownersConcerned(owners, makePod({ labels })), ['default/web', 'default/rival']);
  t.same(ownersConcerned(owners, makePod({ labels: { app: 'cache' } })), []);
});

t.test('a pod that was let go concerns who had it and who may take it', async (t) => {
  const freed = makePod({ labels: { app: 'db' } });
  t.same(ownersConcerned(owners, freed, owned('web')), ['default/web', 'default/db']);
});

t.test('a controller of another kind is not taken for one of the same name', async (t) => {
  t.same(ownersConcerned(owners, owned('web', 'DaemonSet')), []);
});
