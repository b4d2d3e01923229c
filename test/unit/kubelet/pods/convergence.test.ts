// From whatever a board is found in, applying the decisions leads to what is wanted, and then to nothing more.
import fc from 'fast-check';
import t from 'tap';
import { containerSpecHash } from '../../../../src/kubelet/config/spec-hash.ts';
import type { ContainerState, RuntimeContainer } from '../../../../src/kubelet/runtime/runtime.ts';
import { desiredPod, KubeletWorld, NEW_WEB_IMAGE, WEB_IMAGE } from '../../../support/kubelet-world.ts';

const NAMES = ['p0', 'p1', 'p2'];

const leftover = fc.record({
  pod: fc.constantFrom(...NAMES),
  isOldUid: fc.boolean(),
  containerName: fc.constantFrom(undefined, undefined, 'web', 'side', 'init', 'unknown'),
  attempt: fc.nat(3),
  state: fc.constantFrom<ContainerState>('created', 'running', 'exited'),
  exitCode: fc.constantFrom(0, 1),
  isOutdated: fc.boolean(),
});

const wanted = fc.record({
  name: fc.constantFrom(...NAMES),
  restartPolicy: fc.constantFrom('Always', 'OnFailure', 'Never'),
  hasInit: fc.boolean(),
  isDeleted: fc.boolean(),
  isStubborn: fc.boolean(),
});

const world = fc.record({
  leftovers: fc.uniqueArray(leftover, {
    maxLength: 8,
    selector: (c) => `${c.pod}/${c.containerName}/${c.attempt}`,
  }),
  wanted: fc.uniqueArray(wanted, { maxLength: 3, selector: (p) => p.name }),
});

type World = Parameters<
  Parameters<typeof fc.property<[typeof world extends fc.Arbitrary<infer W> ? W : never]>>[1]
>[0];

function specOf({ restartPolicy, hasInit }: World['wanted'][number]) {
  return {
    restartPolicy,
    containers: [
      { name: 'web', image: NEW_WEB_IMAGE },
      { name: 'side', image: WEB_IMAGE },
    ],
    ...(hasInit ? { initContainers: [{ name: 'init', image: WEB_IMAGE }] } : {}),
  };
}

function place(board: KubeletWorld, c: World['leftovers'][number], index: number): void {
  const id = `left${index}`;
  const image = c.isOutdated ? WEB_IMAGE : NEW_WEB_IMAGE;
  const made: RuntimeContainer = {
    id,
    name: `${c.pod}_default_${c.containerName ?? 'pause'}_${c.attempt}`,
    podUid: c.isOldUid ? `old-${c.pod}` : `uid-${c.pod}`,
    podKey: `default/${c.pod}`,
    containerName: c.containerName,
    attempt: c.attempt,
    state: c.state,
    pid: c.state === 'running' ? 4000 + index : undefined,
    image,
    imageId: 'sha256:1',
    specHash: containerSpecHash({ name: c.containerName ?? '', image }),
    createdAt: '2025-12-31T23:59:00Z',
    startedAt: c.state === 'created' ? undefined : '2025-12-31T23:59:01Z',
    finishedAt: c.state === 'exited' ? '2025-12-31T23:59:30Z' : undefined,
    exitCode: c.state === 'exited' ? c.exitCode : undefined,
    oomKilled: false,
    message: undefined,
    ip: c.containerName === undefined ? `10.40.2.${100 + index}` : undefined,
    logPath: undefined,
    devices: [],
  };
  board.runtime.containers.set(id, made);
}

/** Init containers end well as soon as they run. */
async function letInitsEnd(board: KubeletWorld): Promise<void> {
  for (const c of [...board.runtime.containers.values()]) {
    if (c.containerName === 'init' && c.state === 'running') board.runtime.exit(c.id, 0);
  }
  await board.settle();
}

function snapshot(board: KubeletWorld): string {
  return JSON.stringify([[...board.runtime.containers.values()], board.sink.reports, board.records.writes]);
}

function problems(board: KubeletWorld, input: World): string[] {
  const found: string[] = [];
  const all = [...board.runtime.containers.values()];
  const alive = new Map(input.wanted.filter((p) => !p.isDeleted).map((p) => [`uid-${p.name}`, p]));
  for (const c of all) if (!alive.has(c.podUid)) found.push(`${c.name} of ${c.podUid} is left`);
  for (const [uid, pod] of alive) {
    const mine = all.filter((c) => c.podUid === uid);
    const phase = board.status(`default/${pod.name}`).phase;
    const isDone = phase === 'Succeeded' || phase === 'Failed';
    const sandboxes = mine.filter((c) => c.containerName === undefined && c.state === 'running').length;
    if (sandboxes !== (isDone ? 0 : 1)) found.push(`${uid} (${phase}) has ${sandboxes} running sandboxes`);
    if (isDone && pod.restartPolicy === 'Always') found.push(`${uid} ended though it always runs`);
    for (const { name, image } of specOf(pod).containers) {
      const running = mine.filter((c) => c.containerName === name && c.state === 'running');
      if (running.length > 1) found.push(`${uid} runs ${name} ${running.length} times`);
      if (isDone && running.length > 0) found.push(`${uid} is done and runs ${name}`);
      if (pod.restartPolicy === 'Always' && running.length !== 1) found.push(`${uid} lacks ${name}`);
      if (running.some((c) => c.specHash !== containerSpecHash({ name, image })))
        found.push(`${name} is outdated`);
    }
    if (!isDone && mine.some((c) => c.containerName === 'unknown'))
      found.push(`${uid} keeps an unknown container`);
  }
  for (const pod of input.wanted) {
    const terminated = board.sink.pods.get(`default/${pod.name}`)?.terminated;
    if (terminated !== pod.isDeleted) found.push(`${pod.name} terminated: ${terminated}`);
  }
  return found;
}

t.test('any board converges to what is wanted and then stands still', async () => {
  await fc.assert(
    fc.asyncProperty(world, async (input) => {
      const board = new KubeletWorld();
      if (input.wanted.some((p) => p.isStubborn)) board.runtime.stubbornImages.add(WEB_IMAGE);
      input.leftovers.forEach((c, index) => {
        place(board, c, index);
      });
      for (const pod of input.wanted) {
        const deletion = { deletionTimestamp: '2026-01-01T00:00:20Z', deletionGracePeriodSeconds: 20 };
        const metadata = pod.isDeleted ? deletion : {};
        board.pods.set(`default/${pod.name}`, desiredPod({ name: pod.name, spec: specOf(pod), metadata }));
      }
      await board.start();
      for (let i = 0; i < 6; i++) {
        await letInitsEnd(board);
        await board.advance(30_000);
      }
      await board.advance(600_000);
      const found = problems(board, input);
      if (found.length > 0) throw new Error(found.join('\n'));
      const before = snapshot(board);
      for (const name of NAMES) await board.look(`default/${name}`);
      await board.advance(3_600_000);
      await board.stop();
      if (snapshot(board) !== before) throw new Error('a second pass changed something');
    }),
    { numRuns: 200 },
  );
});
