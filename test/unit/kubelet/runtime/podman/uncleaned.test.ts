// Containers that ended without podman cleaning up after them, told from those whose cleanup is under way.
import t from 'tap';
import { silentLogger } from '../../../../../src/base/logger.ts';
import type { Inspected } from '../../../../../src/kubelet/runtime/podman/libpod-containers.ts';
import type { Process } from '../../../../../src/kubelet/runtime/podman/process-table.ts';
import { Uncleaned } from '../../../../../src/kubelet/runtime/podman/uncleaned.ts';
import { FakeClock } from '../../../../support/fake-clock.ts';

/** No process has it. */
const GONE = 2 ** 22 + 1;

function lab(status: string | undefined, pid?: number) {
  const clock = new FakeClock();
  const board = { status, all: [] as Process[], did: [] as string[], looks: 0, isBroken: false };
  const uncleaned = new Uncleaned({
    containers: {
      inspect: async () => {
        board.looks++;
        return board.status === undefined
          ? undefined
          : ({ status: board.status, container: { pid } } as Inspected);
      },
      kill: async () => {
        board.did.push('kill');
        if (board.status === 'running') {
          board.status = 'stopped';
          throw new Error('timed out waiting for its exit file');
        }
      },
    },
    cleanUp: async () => {
      board.did.push('clean up');
      if (board.isBroken) throw new Error('no space left');
      board.status = 'exited';
    },
    processes: async () => board.all,
    clock,
    logger: silentLogger,
  });
  uncleaned.expect('c1');
  return { clock, board, uncleaned };
}

t.test('what podman has cleaned up meanwhile, or removed, is left alone', async (t) => {
  for (const status of ['exited', undefined]) {
    const { clock, board } = lab(status);
    await clock.advance(60_000);
    t.same([board.did, board.looks], [[], 1]);
  }
});

t.test('what only ended is cleaned up, once', async (t) => {
  const { clock, board } = lab('stopped');
  await clock.advance(120_000);
  t.same(board.did, ['clean up']);
  t.equal(board.looks, 2);
});

t.test('what podman takes to run though its process is gone is stopped for it first', async (t) => {
  const { clock, board } = lab('running', GONE);
  await clock.advance(120_000);
  t.same(board.did, ['kill', 'kill', 'clean up']);
});

t.test('what runs is never touched', async (t) => {
  const { clock, board } = lab('running', process.pid);
  await clock.advance(120_000);
  t.same(board.did, []);
});

t.test('while somebody is at it, it is waited for', async (t) => {
  const { clock, board } = lab('stopped');
  board.all = [{ pid: 7, words: ['/usr/bin/podman', 'container', 'cleanup', 'c1'] }];
  await clock.advance(20_000);
  t.same(board.did, []);
  board.all = [];
  await clock.advance(60_000);
  t.same(board.did, ['clean up']);
});

t.test('a cleanup that fails is tried again, ever more rarely, until the container goes', async (t) => {
  const { clock, board, uncleaned } = lab('stopped');
  board.isBroken = true;
  await clock.advance(600_000);
  t.ok(board.did.length > 5 && board.did.length < 20, `${board.did.length} tries`);
  board.status = undefined;
  await clock.advance(120_000);
  const looks = board.looks;
  uncleaned.stop();
  await clock.advance(600_000);
  t.equal(board.looks, looks);
});

t.test('one that cannot be cleaned up does not hold up the next', async (t) => {
  const { clock, board, uncleaned } = lab('stopped');
  board.isBroken = true;
  await clock.advance(100_000);
  const looks = board.looks;
  uncleaned.expect('c2');
  await clock.advance(3_000);
  t.equal(board.looks, looks + 1);
});
