// Which processes belong to a start that nobody finished.
import t from 'tap';
import { halfMadeProcesses } from '../../../../../src/kubelet/runtime/podman/half-made.ts';

const conmon = (pid: number, id: string) => ({
  pid,
  parent: 1,
  words: ['/usr/bin/conmon', '--api-version', '1', '-c', id, '-u', id],
});

t.test('the conmon of that container and all below it, its own end last', async (t) => {
  const all = [
    { pid: 1, parent: 0, words: ['/sbin/init'] },
    conmon(10, 'stuck'),
    { pid: 11, parent: 10, words: ['runc', 'create', 'stuck'] },
    { pid: 12, parent: 11, words: ['runc', 'init'] },
    conmon(20, 'other'),
    { pid: 21, parent: 20, words: ['sleep'] },
    { pid: 30, parent: 1, words: ['grep', '-c', 'stuck'] },
  ];
  t.same(halfMadeProcesses(all, 'stuck'), [12, 11, 10]);
  t.same(halfMadeProcesses(all, 'gone'), []);
});
