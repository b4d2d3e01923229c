// Which starts wait for somebody who was killed, told from those that are slow.
import t from 'tap';
import { silentLogger } from '../../../../../src/base/logger.ts';
import type { Process } from '../../../../../src/kubelet/runtime/podman/process-table.ts';
import { StuckStarts, unfinishedPidFile } from '../../../../../src/kubelet/runtime/podman/stuck-starts.ts';
import { FakeClock } from '../../../../support/fake-clock.ts';

const PID_FILE = '/run/stuck/pidfile';
const conmon: Process = {
  pid: 10,
  words: ['/usr/bin/conmon', '-c', 'stuck', '-u', 'stuck', '-p', PID_FILE],
};
const init: Process = { pid: 12, words: ['runc', 'init'] };
const create: Process = {
  pid: 11,
  words: ['/usr/bin/runc', 'create', '--bundle', '/b', 'stuck'],
};

t.test('a conmon alone with what was begun is stuck; beside its OCI runtime it is at work', async (t) => {
  t.equal(unfinishedPidFile([conmon, init], 'stuck'), PID_FILE);
  t.equal(unfinishedPidFile([conmon, init, create], 'stuck'), undefined);
  const cleanup = { ...create, words: ['/usr/bin/podman', 'container', 'cleanup', 'stuck'] };
  t.equal(unfinishedPidFile([conmon, cleanup], 'stuck'), undefined);
  t.equal(unfinishedPidFile([create], 'stuck'), undefined, 'no conmon yet');
  t.equal(unfinishedPidFile([conmon], 'other'), undefined);
});

function lab() {
  const clock = new FakeClock();
  const board = {
    all: [conmon, init] as Process[],
    files: new Set<string>(),
    looks: 0,
    ended: [] as string[],
  };
  let fail: (error: Error) => void = () => undefined;
  const stuckStarts = new StuckStarts({
    clock,
    logger: silentLogger,
    processes: async () => {
      board.looks++;
      return board.all;
    },
    isThere: async (path) => board.files.has(path),
    end: async (id) => {
      board.ended.push(id);
      fail(new Error('conmon is gone'));
    },
  });
  const waits = () =>
    new Promise<void>((_, reject) => {
      fail = reject;
    });
  const begin = () => stuckStarts.during('stuck', waits);
  return { clock, board, begin, stuckStarts };
}

t.test('a stuck start is ended within seconds, and no longer looked at then', async (t) => {
  const { clock, board, begin } = lab();
  const started = t.rejects(begin(), { message: 'conmon is gone' });
  await clock.advance(2_000);
  t.same(board.ended, [], 'once may be between two steps');
  await clock.advance(2_000);
  t.same(board.ended, ['stuck']);
  await started;
  await clock.advance(60_000);
  t.equal(board.looks, 2);
});

t.test('a slow one is left alone: its runtime is at work, or conmon has said that it is made', async (t) => {
  const { clock, board, begin } = lab();
  void begin().catch(() => undefined);
  board.all = [conmon, init, create];
  await clock.advance(20_000);
  board.all = [conmon, init];
  await clock.advance(2_000);
  board.all = [conmon, init, create];
  await clock.advance(2_000);
  board.files.add(PID_FILE);
  board.all = [conmon, init];
  await clock.advance(20_000);
  t.same(board.ended, []);
});

t.test('starts that are as quick as most cost no look', async (t) => {
  const { clock, board, stuckStarts } = lab();
  for (let n = 0; n < 20; n++) {
    await stuckStarts.during(`c${n}`, () => clock.advance(300));
  }
  await clock.advance(10_000);
  t.equal(board.looks, 0);
});
