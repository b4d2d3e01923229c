import t from 'tap';
import { hasOomKill, oomCounterFiles } from '../../../../../src/kubelet/runtime/podman/oom.ts';

t.test('a kill for memory is counted in either cgroup version', async (t) => {
  t.equal(hasOomKill('oom_kill_disable 0\nunder_oom 0\noom_kill 1\n'), true);
  t.equal(hasOomKill('low 0\nhigh 0\nmax 5\noom 0\noom_kill 0\n'), false);
  t.ok(oomCounterFiles('ab').every((path) => path.includes('libpod-ab')));
});
