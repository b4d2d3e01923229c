import t from 'tap';
import { ContainerCache } from '../../../src/kubelet/container-cache.ts';
import type { RuntimeContainer } from '../../../src/kubelet/runtime/runtime.ts';

const container = (id: string, changes: Partial<RuntimeContainer> = {}): RuntimeContainer => ({
  id,
  name: id,
  podUid: 'u',
  podKey: 'default/a',
  containerName: id,
  attempt: 0,
  state: 'running',
  pid: 1,
  image: 'i',
  imageId: 'i',
  specHash: '',
  createdAt: '',
  startedAt: undefined,
  finishedAt: undefined,
  exitCode: undefined,
  oomKilled: false,
  message: undefined,
  ip: undefined,
  logPath: undefined,
  devices: [],
  ...changes,
});

t.test('a list that was under way does not undo what a worker did meanwhile', async (t) => {
  const cache = new ContainerCache();
  cache.put(container('old'));
  const snapshot = cache.beforeAsking();
  cache.put(container('new'));
  cache.remove('old');
  cache.applyList(snapshot, [container('old'), container('other')]);
  t.same(
    cache
      .ofPod('u')
      .map((c) => c.id)
      .sort(),
    ['new', 'other'],
  );
});

t.test('a list replaces what nobody touched and names the pods before and after', async (t) => {
  const cache = new ContainerCache();
  cache.put(container('gone', { podKey: 'default/gone' }));
  const keys = cache.applyList(cache.beforeAsking(), [container('here')]);
  t.same([...keys].sort(), ['default/a', 'default/gone']);
  t.equal(cache.get('gone'), undefined);
});

t.test('a late inspect of a removed container does not bring it back', async (t) => {
  const cache = new ContainerCache();
  cache.put(container('a'));
  const snapshot = cache.beforeAsking();
  cache.remove('a');
  t.equal(cache.applyInspect(snapshot, 'a', container('a')), 'default/a');
  t.equal(cache.get('a'), undefined);
});

t.test('an address is held by a pause container until it has exited', async (t) => {
  const cache = new ContainerCache();
  cache.put(container('p', { containerName: undefined, ip: '10.0.0.2' }));
  cache.put(container('q', { containerName: undefined, ip: '10.0.0.3', state: 'exited' }));
  t.same([...cache.addresses()], ['10.0.0.2']);
});
