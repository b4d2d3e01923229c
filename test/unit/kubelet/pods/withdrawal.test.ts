// When a deleted pod is asked to end.
import t from 'tap';
import type { BoardService } from '../../../../src/api/board-service.ts';
import { servedPods } from '../../../../src/bin/agent/served-pods.ts';
import { untilWithdrawn } from '../../../../src/kubelet/pods/withdrawal.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

type Conditions = { ready?: boolean; serving?: boolean; terminating?: boolean };

function world() {
  const clock = new FakeClock();
  const listeners = new Set<() => void>();
  let services = new Map<string, BoardService>();
  const served = servedPods({
    current: () => services,
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  });
  const tell = (...all: (Conditions & { uid: string })[]) => {
    const endpoints = all.map(({ uid, ...conditions }) => ({
      addresses: ['10.40.0.5'],
      conditions,
      targetRef: { kind: 'Pod', uid },
    }));
    const slices = [{ addressType: 'IPv4' as const, ports: [], endpoints }];
    services = new Map([['default/web', { key: 'default/web', uid: 's', spec: {}, slices }]]);
    for (const listener of [...listeners]) listener();
  };
  let isAsked = false;
  const end = (graceMs = 30_000) => {
    void untilWithdrawn('u1', graceMs, served, clock).then(() => {
      isAsked = true;
    });
  };
  const after = async (ms: number) => {
    await clock.advance(ms);
    await Promise.resolve();
    return isAsked;
  };
  return { tell, end, after, listeners };
}

t.test('a pod that no Service leads to is asked at once', async (t) => {
  const { tell, end, after } = world();
  tell({ uid: 'another', ready: true }, { uid: 'u1', ready: false });
  end();
  t.equal(await after(0), true);
});

t.test('one that Services lead to is asked a moment after they do not any more', async (t) => {
  const { tell, end, after, listeners } = world();
  tell({ uid: 'u1', ready: true });
  end();
  t.equal(await after(150), false);
  tell({ uid: 'u1', ready: true }, { uid: 'new', ready: true });
  t.equal(await after(200), false, 'something else has changed');
  tell({ uid: 'u1', ready: false, serving: true, terminating: true }, { uid: 'new', ready: true });
  t.equal(await after(50), false);
  t.equal(await after(50), true);
  t.equal(listeners.size, 0);
});

t.test('one that is published though it is not ready goes when it is going', async (t) => {
  const { tell, end, after } = world();
  tell({ uid: 'u1', ready: true });
  end();
  tell({ uid: 'u1', ready: true, terminating: true });
  t.equal(await after(100), true);
});

t.test('nobody waits for a master that is away, and a pod of little grace for half of it', async (t) => {
  const first = world();
  first.tell({ uid: 'u1' });
  first.end();
  t.equal(await first.after(1_000), false);
  t.equal(await first.after(100), true);
  t.equal(first.listeners.size, 0);
  const second = world();
  second.tell({ uid: 'u1' });
  second.end(1_000);
  t.equal(await second.after(400), false);
  t.equal(await second.after(100), true);
});
