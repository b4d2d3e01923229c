// What the agent has a podman do that finds its disk full, against a stand-in: as podman 5.4 was seen to answer.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { systemClock } from '../../src/base/clock.ts';
import { DiskReserve } from '../../src/kubelet/runtime/podman/disk-reserve.ts';
import { LibpodClient } from '../../src/kubelet/runtime/podman/libpod-client.ts';
import { LibpodContainers } from '../../src/kubelet/runtime/podman/libpod-containers.ts';
import { PodmanService } from '../../src/kubelet/runtime/podman/service.ts';

const FULL = {
  cause: 'database or disk is full',
  message: 'saving container 1 state: database or disk is full',
};

/** A container with a process that ignores SIGTERM, on a disk without room but for the reserve. */
async function fullBoard(t: Test) {
  const runDir = await mkdtemp(join(tmpdir(), 'edge-full-'));
  const child = spawn('sh', ['-c', 'echo ready; exec sleep 1000'], { stdio: ['ignore', 'pipe', 'ignore'] });
  await once(child.stdout, 'data');
  const path = join(runDir, 'reserve');
  const reserve = new DiskReserve({ path, sizeBytes: 64 * 1024 });
  await reserve.take();
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const what = `${request.method} ${request.url?.split('/libpod/')[1]}`;
    const hasEnded = child.signalCode !== null;
    if (request.url === '/_ping') return void response.end('OK');
    asked.push(`${what} ${existsSync(path) ? 'full' : 'room'}`);
    // Looking at one that runs writes nothing.
    const isRead = request.method === 'GET' && !hasEnded;
    if (existsSync(path) && !isRead) return void response.writeHead(500).end(JSON.stringify(FULL));
    const FinishedAt = hasEnded ? '2026-11-21T09:00:01Z' : '0001-01-01T00:00:00Z';
    const State = { Status: hasEnded ? 'exited' : 'running', Pid: child.pid, StartedAt: '', FinishedAt };
    response.end(
      JSON.stringify({ Id: '1', Name: 'c', Created: '2026-11-21T09:00:00Z', Image: '', State, Config: {} }),
    );
  });
  const paths = { podmanPath: '/none', runDir, containersConfPath: '/none' };
  const service = new PodmanService({ ...paths, storage: undefined, clock: systemClock });
  await new Promise<void>((resolve) => server.listen(service.socketPath, resolve));
  t.teardown(async () => {
    child.kill('SIGKILL');
    await new Promise((resolve) => server.close(resolve));
    await rm(runDir, { recursive: true, force: true });
  });
  const client = new LibpodClient(service, reserve);
  const leftovers = { clear: async () => undefined } as never;
  return { child, path, asked, client, containers: new LibpodContainers(client, 'me', leftovers) };
}

t.test('what fills the disk is dead before podman is given room to write that down', async (t) => {
  const { child, path, asked, containers } = await fullBoard(t);
  const ended = once(child, 'exit');
  await containers.kill('1');
  t.strictSame(await ended, [null, 'SIGKILL']);
  t.strictSame(asked, [
    'POST containers/1/stop?timeout=0 full',
    'GET containers/1/json full',
    'POST containers/1/stop?timeout=0 full',
    'POST containers/1/stop?timeout=0 room',
  ]);
  t.ok(existsSync(path), 'the room is taken again');
});

t.test('a signal reaches the process though podman cannot write it down', async (t) => {
  const { child, containers } = await fullBoard(t);
  const ended = once(child, 'exit');
  await containers.signal('1', '15');
  t.strictSame(await ended, [null, 'SIGTERM']);
});

t.test('an end is seen and a container removed on a full disk, and none is made', async (t) => {
  const { child, path, client, containers } = await fullBoard(t);
  child.kill('SIGKILL');
  await once(child, 'exit');
  t.equal((await containers.inspect('1'))?.container.state, 'exited');
  await t.resolves(containers.remove('1'));
  await t.rejects(client.postJson('/containers/create', {}), { status: 500, message: /disk is full/ });
  t.ok(existsSync(path));
});
