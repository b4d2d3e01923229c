// A connection taken over from podman's REST service carries what its two ends write, and nothing else.
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import t, { type Test } from 'tap';
import { hijack } from '../../src/kubelet/runtime/podman/hijack.ts';
import type { LibpodClient } from '../../src/kubelet/runtime/podman/libpod-client.ts';
import type { LibpodContainers } from '../../src/kubelet/runtime/podman/libpod-containers.ts';
import { Processes } from '../../src/kubelet/runtime/podman/processes.ts';

const HEADERS_END = '\r\n\r\n';
const UPGRADED = `HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp${HEADERS_END}`;

/** Like podman at an attach: it reads no body, so that all that follows the headers is the process's input. */
async function listening(t: Test): Promise<{ socketPath: string; input: Promise<string> }> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const server = createServer((socket) => {
    socket.write(UPGRADED);
    text(socket).then((all) => resolve(all.slice(all.indexOf(HEADERS_END) + HEADERS_END.length)), reject);
  });
  // Not in the test's own folder: a socket's path ends at 107 characters.
  const folder = await mkdtemp(join(tmpdir(), 'hijack-'));
  const socketPath = join(folder, 'podman.sock');
  server.listen(socketPath);
  await once(server, 'listening');
  t.teardown(async () => {
    server.close();
    await rm(folder, { recursive: true });
  });
  return { socketPath, input: promise };
}

function processesAt(socketPath: string): Processes {
  const client: Pick<LibpodClient, 'hijack' | 'postJson'> = {
    hijack: (path, json) => hijack(socketPath, path, json),
    postJson: <T>() => Promise.resolve({ Id: '1' } as T),
  };
  const containers = { inspect: async () => ({ container: { state: 'running' } }) };
  return new Processes(client as LibpodClient, containers as unknown as LibpodContainers);
}

const streams = { stdin: true, stdout: true, stderr: true, tty: false };

t.test('a process that is attached to gets its first input as it was typed', async (t) => {
  const { socketPath, input } = await listening(t);
  const attached = await processesAt(socketPath).attach('1', streams);
  attached.stdin?.end('echo hello\n');
  t.equal(await input, 'echo hello\n');
  await attached.release();
});

t.test('an exec still says in a body how its process is to start', async (t) => {
  const { socketPath, input } = await listening(t);
  const started = await processesAt(socketPath).exec('1', ['sh'], streams);
  started.stdin?.end();
  t.equal(await input, '{"Detach":false,"Tty":false}');
});
