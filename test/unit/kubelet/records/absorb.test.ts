import t from 'tap';
import { absorb } from '../../../../src/kubelet/records/absorb.ts';
import { newPodRecord } from '../../../../src/kubelet/records/pod-record.ts';
import type { RuntimeContainer } from '../../../../src/kubelet/runtime/runtime.ts';

const NOW_MS = Date.parse('2026-01-01T01:00:00Z');
const empty = newPodRecord('u', 'default/a', '2026-01-01T00:00:00Z');

function made(changes: Partial<RuntimeContainer> = {}): RuntimeContainer {
  return {
    id: 'c0',
    name: 'a_default_web_0',
    podUid: 'u',
    podKey: 'default/a',
    containerName: 'web',
    attempt: 0,
    state: 'running',
    pid: 7,
    image: 'i:1',
    imageId: 'sha256:1',
    specHash: 'h',
    createdAt: '2026-01-01T00:00:01Z',
    startedAt: '2026-01-01T00:00:02Z',
    finishedAt: undefined,
    exitCode: undefined,
    oomKilled: false,
    message: undefined,
    ip: undefined,
    logPath: undefined,
    devices: [],
    ...changes,
  };
}
const exited = (changes: Partial<RuntimeContainer> = {}) =>
  made({ state: 'exited', exitCode: 3, finishedAt: '2026-01-01T00:10:00Z', ...changes });

t.test('seeing the same again gives the same record', async (t) => {
  const once = absorb(empty, [made()], NOW_MS);
  t.equal(absorb(once, [made()], NOW_MS + 1), once);
  const ended = absorb(once, [exited()], NOW_MS);
  t.equal(absorb(ended, [exited()], NOW_MS + 1), ended);
});

t.test('an exit is kept as it was, and becomes the last state of the next attempt', async (t) => {
  const ended = absorb(absorb(empty, [made()], NOW_MS), [exited()], NOW_MS);
  t.match(ended.containers.web?.ended, {
    exitCode: 3,
    reason: 'Error',
    startedAt: '2026-01-01T00:00:02Z',
    finishedAt: '2026-01-01T00:10:00Z',
    containerId: 'c0',
  });
  const next = absorb(ended, [made({ id: 'c1', attempt: 1 })], NOW_MS);
  t.equal(next.containers.web?.ended, undefined);
  t.equal(next.containers.web?.previous?.exitCode, 3);
});

for (const [what, changes, reason] of [
  ['code 0', { exitCode: 0 }, 'Completed'],
  ['code 1', { exitCode: 1 }, 'Error'],
  ['the kernel out of memory', { exitCode: 137, oomKilled: true }, 'OOMKilled'],
] as const) {
  t.test(`an end by ${what} is ${reason}`, async (t) => {
    t.equal(absorb(empty, [exited(changes)], NOW_MS).containers.web?.ended?.reason, reason);
  });
}

t.test('what podman shows as created after a power cut ended unseen, now', async (t) => {
  const before = absorb(empty, [made()], NOW_MS);
  const after = absorb(before, [made({ state: 'created', startedAt: undefined })], NOW_MS);
  t.match(after.containers.web?.ended, {
    exitCode: 255,
    reason: 'Unknown',
    startedAt: '2026-01-01T00:00:02Z',
    finishedAt: '2026-01-01T01:00:00Z',
  });
});

t.test('a container that is gone without a word ended with 137', async (t) => {
  const before = absorb(empty, [made()], NOW_MS);
  t.match(absorb(before, [], NOW_MS).containers.web?.ended, {
    exitCode: 137,
    reason: 'ContainerStatusUnknown',
  });
});

t.test('an end that is recorded stays when its container is removed', async (t) => {
  const ended = absorb(empty, [exited()], NOW_MS);
  t.equal(absorb(ended, [], NOW_MS), ended);
});

t.test('an older attempt beside the newest changes nothing', async (t) => {
  const newest = absorb(empty, [made({ id: 'c2', attempt: 2 })], NOW_MS);
  t.equal(absorb(newest, [made({ id: 'c2', attempt: 2 }), exited({ attempt: 1 })], NOW_MS), newest);
});

t.test('the newest sandbox gives the pod its address', async (t) => {
  const pause = (attempt: number, ip: string) =>
    made({ id: `p${attempt}`, containerName: undefined, attempt, ip });
  const record = absorb(empty, [pause(0, '10.0.0.2')], NOW_MS);
  t.match(record, { sandboxAttempt: 0, podIP: '10.0.0.2' });
  t.match(absorb(record, [pause(1, '10.0.0.3')], NOW_MS), { sandboxAttempt: 1, podIP: '10.0.0.3' });
});

t.test("a sandbox's second address goes with it", async (t) => {
  const pause = { containerName: undefined, ip: '10.40.0.2' };
  const both = absorb(empty, [made({ ...pause, ipv6: 'fd00:10:40::2' })], NOW_MS);
  t.match(both, { podIP: '10.40.0.2', podIPv6: 'fd00:10:40::2' });
  const one = absorb(both, [made({ ...pause, attempt: 1 })], NOW_MS);
  t.match(one, { podIP: '10.40.0.2', sandboxAttempt: 1 });
  t.equal(one.podIPv6, undefined);
});
