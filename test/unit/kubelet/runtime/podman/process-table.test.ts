// The board's processes by their command lines, while some of them end.
import t from 'tap';
import {
  isConmonOf,
  parentOf,
  processes,
  signalProcess,
} from '../../../../../src/kubelet/runtime/podman/process-table.ts';

/** No process has it. */
const GONE = 2 ** 22 + 1;

t.test('all are listed by their words, but for those that have ended meanwhile', async (t) => {
  const proc = t.testdir({
    7: { cmdline: '/usr/bin/conmon\0-c\0web\0' },
    8: {},
    sys: {},
    uptime: '1',
  });
  const all = await processes(proc);
  t.same(all, [{ pid: 7, words: ['/usr/bin/conmon', '-c', 'web', ''] }]);
  const [conmon] = all;
  t.ok(conmon && isConmonOf(conmon, 'web'));
  t.notOk(conmon && isConmonOf(conmon, 'other'));
  t.notOk(isConmonOf({ pid: 9, words: ['/bin/grep', '-c', 'web'] }, 'web'));
});

t.test('a process that has ended has no parent and takes no signal', async (t) => {
  t.equal(await parentOf(process.pid), process.ppid);
  t.equal(await parentOf(GONE), undefined);
  t.doesNotThrow(() => signalProcess(GONE, 'SIGKILL'));
});
