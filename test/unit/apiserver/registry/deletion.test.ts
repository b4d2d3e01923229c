import t from 'tap';
import { configMaps } from '../../../../src/api/kinds/config-map.ts';
import { pods } from '../../../../src/api/kinds/pod.ts';
import { replicationControllers } from '../../../../src/api/kinds/replication-controller.ts';
import type { KubeObject } from '../../../../src/api/objects.ts';
import type { KindDefinition } from '../../../../src/api/scheme.ts';
import { decideDeletion } from '../../../../src/apiserver/registry/deletion.ts';
import type { Strategy } from '../../../../src/apiserver/registry/strategy.ts';
import { PodStrategy } from '../../../../src/apiserver/strategies/pod-strategy.ts';
import type { DeleteOptions } from '../../../../src/client/client.ts';

const NOW_MS = Date.parse('2026-01-01T00:00:00Z');
const podStrategy = new PodStrategy() as Strategy<never> as Strategy;

function object(metadata: object = {}, rest: object = {}): KubeObject {
  const base = {
    name: 'x',
    namespace: 'default',
    uid: 'u',
    resourceVersion: '1',
    creationTimestamp: '',
    generation: 1,
  };
  return { apiVersion: 'v1', kind: 'X', metadata: { ...base, ...metadata }, ...rest } as KubeObject;
}
const decide = (
  current: KubeObject,
  options: DeleteOptions = {},
  kind: KindDefinition<never> = configMaps as never,
  strategy: Strategy = {},
) => decideDeletion(kind as unknown as KindDefinition, strategy, current, options, NOW_MS);
const bound = (metadata: object = {}, rest: object = {}) =>
  object(metadata, { spec: { nodeName: 'a', containers: [], terminationGracePeriodSeconds: 30 }, ...rest });
const decidePod = (pod: KubeObject, options: DeleteOptions = {}) =>
  decide(pod, options, pods as never, podStrategy);

t.test('an object without finalizers goes at once', async (t) => {
  t.equal(decide(object()).gone, true);
});

t.test('finalizers keep an object, with a deletionTimestamp of now', async (t) => {
  const current = object({ finalizers: ['example.com/a'] });
  const { next, gone } = decide(current);
  t.equal(gone, false);
  t.match(next.metadata, {
    deletionTimestamp: '2026-01-01T00:00:00Z',
    deletionGracePeriodSeconds: 0,
    generation: 2,
  });
  t.equal(current.metadata.deletionTimestamp, undefined, 'the shared object is not touched');
  t.same(decide(next).next, next, 'a second delete changes nothing');
});

t.test('a bound pod gets its grace, an unbound or finished one none', async (t) => {
  const { next, gone } = decidePod(bound());
  t.equal(gone, false);
  t.match(next.metadata, { deletionTimestamp: '2026-01-01T00:00:30Z', deletionGracePeriodSeconds: 30 });
  t.equal(decidePod(bound(), { gracePeriodSeconds: 0 }).gone, true);
  t.equal(decidePod(object({}, { spec: { containers: [] } })).gone, true);
  t.equal(decidePod(bound({}, { status: { phase: 'Failed' } })).gone, true);
  t.equal(decidePod(bound({}, { status: { phase: 'Running' } })).gone, false);
});

t.test('a second delete may shorten the grace, never lengthen it', async (t) => {
  const first = decidePod(bound(), { gracePeriodSeconds: 20 }).next;
  t.same(decidePod(first, { gracePeriodSeconds: 60 }).next, first);
  const shorter = decidePod(first, { gracePeriodSeconds: 5 }).next;
  t.match(shorter.metadata, { deletionTimestamp: '2026-01-01T00:00:05Z', deletionGracePeriodSeconds: 5 });
  t.equal(decidePod(first, { gracePeriodSeconds: 0 }).gone, true);
});

t.test('propagation is kept as a finalizer until somebody has acted on it', async (t) => {
  const rc = (options: DeleteOptions, finalizers?: string[]) =>
    decide(object({ finalizers }), options, replicationControllers as never);
  t.same(rc({}).next.metadata.finalizers, ['orphan'], 'the default of ReplicationControllers');
  t.equal(rc({ propagationPolicy: 'Background' }).gone, true);
  t.same(rc({ propagationPolicy: 'Foreground' }).next.metadata.finalizers, ['foregroundDeletion']);
  t.same(rc({ propagationPolicy: 'Foreground' }, ['orphan', 'a/b']).next.metadata.finalizers, [
    'a/b',
    'foregroundDeletion',
  ]);
  t.same(
    rc({}, ['foregroundDeletion']).next.metadata.finalizers,
    ['foregroundDeletion'],
    'what stands is kept',
  );
  t.equal(decide(object()).gone, true, 'Background is the default elsewhere');
});
